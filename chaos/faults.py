"""What a phone system meets: each fault is a small class that says what it does and how it ends.

``strike`` is quick and may be called in a proxy's thread, before the bytes that sprang the trap go on; ``hold`` runs
afterwards in the main thread and ends with everything mended; ``check`` says what else should have happened.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from chaos.steps import STEPS
from chaos.world import World
from sandbox.errors import SandboxError

MET_TIMEOUT_S = 20.0
PROCESS_STEPS: tuple[str | None, ...] = (None, *STEPS)


class Fault:
    """Base of all faults; as it is, it does nothing."""

    name: ClassVar[str] = "none"
    text: ClassVar[str] = "nothing goes wrong"
    steps: ClassVar[tuple[str | None, ...]] = (None,)  # None: at a random moment
    seeds: ClassVar[int] = 2  # runs at a random moment in a full campaign
    long: ClassVar[bool] = False  # it waits for leases or pauses to pass: a campaign begins with it
    nodes: ClassVar[int] = 1
    apart: ClassVar[bool] = False  # the nodes have lines of their own to the database; the fault is about the first
    agents: ClassVar[int] = 0  # of a queue on each Asterisk
    disks: ClassVar[tuple[str, ...]] = ()
    asterisk_dies: ClassVar[bool] = False  # then nobody is left who could send a BYE
    clock_moves: ClassVar[bool] = False  # then the journal's own times are worth nothing
    drains: ClassVar[bool] = True  # False: nobody may be called after it
    mended_by_restart: ClassVar[bool] = False  # the message says: mend it and start again

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.struck_at: float | None = None
        self.silent_since: float | None = None  # from then on silence is dead air, though nothing has died
        self.problems: list[str] = []

    def prepare(self, world: World) -> None:
        """Before the workers start."""

    def strike(self, world: World) -> None:
        """The fault happens. Any thread; returns at once."""

    def hold(self, world: World) -> None:
        """The fault lasts, then ends."""

    def check(self, world: World) -> list[str]:
        """What else did not happen as it should have; called after the drain, workers still up."""
        return self.problems

    def last(self, seconds: float, quick: float | None = None) -> None:
        """Let the fault last so long."""
        time.sleep(quick if self.quick and quick is not None else seconds)

    def until_met(self, count: Callable[[], int]) -> None:
        """Go on until ``count`` is not zero: a slow machine calls later, and a fault that met nothing shows nothing."""
        deadline = time.monotonic() + MET_TIMEOUT_S
        while not count() and time.monotonic() < deadline:
            time.sleep(0.1)


class KillWorker(Fault):
    name = "kill_worker"
    text = "kill -9 of the worker; its supervisor starts it again a second later"
    steps = PROCESS_STEPS

    def strike(self, world: World) -> None:
        world.node.worker.kill()


class KillAsterisk(Fault):
    name = "kill_asterisk"
    text = "kill -9 of Asterisk; started again a second later"
    steps = PROCESS_STEPS
    asterisk_dies = True

    def strike(self, world: World) -> None:
        world.node.asterisk.kill()

    def hold(self, world: World) -> None:
        self.last(1.0)
        world.node.asterisk.start()


class KillDatabase(Fault):
    name = "kill_database"
    text = "kill -9 of PostgreSQL; started again a second later"
    steps = PROCESS_STEPS

    def strike(self, world: World) -> None:
        world.database.kill()

    def hold(self, world: World) -> None:
        self.last(1.0)
        world.database.start()


class RestartWorker(Fault):
    name = "restart_worker"
    text = "an orderly restart of the worker (SIGTERM)"

    def strike(self, world: World) -> None:
        world.node.worker.terminate()


class RestartAsterisk(Fault):
    name = "restart_asterisk"
    text = "an orderly restart of Asterisk (core stop now)"
    asterisk_dies = True

    def hold(self, world: World) -> None:
        world.node.asterisk.restart()


class RestartDatabase(Fault):
    name = "restart_database"
    text = "an orderly, fast restart of PostgreSQL"

    def hold(self, world: World) -> None:
        world.database.stop()
        world.database.start()


class AriClosed(Fault):
    name = "ari_closed"
    text = "every connection to Asterisk is reset"
    steps = PROCESS_STEPS

    def strike(self, world: World) -> None:
        world.node.ari.cut()


class AriHalfOpen(Fault):
    name = "ari_half_open"
    text = "over the connections to Asterisk nothing arrives any more, and nobody is told; new ones work"
    seeds = 4

    def strike(self, world: World) -> None:
        self.silent_since = self.struck_at
        world.node.ari.half_open()

    def hold(self, world: World) -> None:
        self.last(12.0, 6.0)
        world.node.ari.mend()


class AriUnreachable(Fault):
    """Nobody can end or go on with a call while it lasts: its dead air is what follows."""

    name = "ari_unreachable"
    text = "nothing arrives between worker and Asterisk for 12 s, over new connections neither"

    def strike(self, world: World) -> None:
        world.node.ari.swallow = "all"

    def hold(self, world: World) -> None:
        self.last(12.0, 8.0)
        world.node.ari.swallow = "nothing"  # without the resets of mend(): a try that is on its way must time out
        self.silent_since = time.time()


class AriDeaf(Fault):
    name = "ari_answers_lost"
    text = "what the worker says arrives at Asterisk, answers and events are lost for 8 s"

    def strike(self, world: World) -> None:
        world.node.ari.swallow = "answers"

    def hold(self, world: World) -> None:
        self.last(8.0)
        world.node.ari.mend()


class EventsMixed(Fault):
    name = "events_mixed"
    text = "Asterisk's events come twice and in the wrong order"

    def strike(self, world: World) -> None:
        world.node.mischief.duplicate = world.node.mischief.reorder = 0.3

    def hold(self, world: World) -> None:
        self.last(12.0, 6.0)
        self.until_met(lambda: world.node.mischief.done)
        world.node.mischief.duplicate = world.node.mischief.reorder = 0.0

    def check(self, world: World) -> list[str]:
        if not world.node.mischief.done:
            raise SandboxError("no event was duplicated or moved: the fault did not happen")
        return []


class DatabaseSlow(Fault):
    name = "database_slow"
    text = "each answer of the database takes a second, for 15 s"

    def strike(self, world: World) -> None:
        world.database_wire.reply_delay_s = 1.0

    def hold(self, world: World) -> None:
        self.last(15.0, 6.0)
        world.database_wire.mend()


class DatabaseReadOnly(Fault):
    name = "database_read_only"
    text = "the database refuses to write for 8 s"

    def hold(self, world: World) -> None:
        world.database.query("ALTER SYSTEM SET default_transaction_read_only = on")
        world.database.query("SELECT pg_reload_conf()")
        self.last(8.0, 4.0)
        world.database.query("ALTER SYSTEM RESET default_transaction_read_only")
        world.database.query("SELECT pg_reload_conf()")


class DatabaseGoneAtKey(Fault):
    name = "database_gone_at_key"
    text = "the database is gone for 30 s from the moment a key is pressed, also the 9 of an opt-out"
    long = True
    steps = ("key",)

    def strike(self, world: World) -> None:
        world.database_wire.refuse = True
        world.database_wire.cut()

    def hold(self, world: World) -> None:
        self.last(30.0, 6.0)
        world.database_wire.mend()
