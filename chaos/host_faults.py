"""Faults of the machines: disks that fill up and clocks that jump."""

from __future__ import annotations

from typing import ClassVar

from chaos.clocks import clock_env, set_clock
from chaos.faults import Fault
from chaos.world import World

CACHED_S = 2.0  # libfaketime looks at its file once a second


class DiskFull(Fault):
    """A disk of its own fills up for a while."""

    disk: ClassVar[str]

    def strike(self, world: World) -> None:
        world.fill(self.disk)

    def hold(self, world: World) -> None:
        self.last(8.0, 4.0)
        world.clear(self.disk)


class DiskFullJournal(DiskFull):
    name = "disk_full_journal"
    text = "the disk of the refusal journal (16 MB) is full for 8 s"
    disk = "journal"
    disks = ("journal",)
    mended_by_restart = True


class DiskFullDatabase(DiskFull):
    name = "disk_full_database"
    text = "the disk of the database is full for 8 s; started again if it gave up"
    disk = "database"
    disks = ("database",)

    def hold(self, world: World) -> None:
        super().hold(world)
        if not world.database.running:
            world.database.start()


class DiskFullSpool(DiskFull):
    name = "disk_full_spool"
    text = "the disk of Asterisk's spool, logs and own database (16 MB) is full for 8 s"
    disk = "spool"
    disks = ("spool",)


class ClockJump(Fault):
    """A wall clock jumps by an hour for a while (libfaketime on our children only)."""

    seeds = 1
    clock_moves = True
    of_worker: ClassVar[bool] = False
    of_database: ClassVar[bool] = False
    by: ClassVar[str]

    def prepare(self, world: World) -> None:
        set_clock(world.folder / "clock", "+0")
        if self.of_worker:
            world.worker_env = clock_env(world.folder / "clock")
            world.node.worker.env = world.worker_environment()
        if self.of_database:
            world.database.stop()
            world.database.env |= clock_env(world.folder / "clock")
            world.database.start()

    def strike(self, world: World) -> None:
        set_clock(world.folder / "clock", self.by)

    def hold(self, world: World) -> None:
        self.last(12.0, 7.0)
        set_clock(world.folder / "clock", "+0")
        self.last(CACHED_S)


class WorkerClockForward(ClockJump):
    name = "clock_worker_forward"
    text = "the worker's clock jumps an hour ahead, and back after 12 s"
    of_worker, by = True, "+3600"


class WorkerClockBack(ClockJump):
    name = "clock_worker_back"
    text = "the worker's clock jumps an hour back, and ahead after 12 s"
    of_worker, by = True, "-3600"


class DatabaseClockForward(ClockJump):
    name = "clock_database_forward"
    text = "the database's clock jumps an hour ahead, and back after 12 s"
    of_database, by = True, "+3600"


class DatabaseClockBack(ClockJump):
    name = "clock_database_back"
    text = "the database's clock jumps an hour back, and ahead after 12 s"
    of_database, by = True, "-3600"


class BothClocksForward(ClockJump):
    name = "clock_both_forward"
    text = "both clocks jump an hour ahead, and back after 12 s"
    of_worker, of_database, by = True, True, "+3600"


class BothClocksBack(ClockJump):
    name = "clock_both_back"
    text = "both clocks jump an hour back, and ahead after 12 s"
    of_worker, of_database, by = True, True, "-3600"
