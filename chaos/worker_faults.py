"""Faults of how workers are run: two on one Asterisk, a node that dies, an old backup in place of the database."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from chaos.faults import Fault
from chaos.supervisor import Supervisor, WorkerFailed
from chaos.world import World

REFUSE_S = 6.0  # how long nobody may be called, watched on the wire
END_S = 30.0  # a worker that must end has done so long before, also on a busy machine


class SecondWorker(Fault):
    """Somebody starts a second worker of the same project."""

    name = "two_workers_same_name"
    text = "a second worker of the same project is started: it must end with 3 and change nothing"

    def hold(self, world: World) -> None:
        second = Supervisor(world.node.project, world.folder / "worker-second.log", world.worker_environment())
        second.start(wait=False)
        deadline = time.monotonic() + END_S
        while not second.gave_up and time.monotonic() < deadline:
            time.sleep(0.1)
        if not second.gave_up:
            self.problems.append("the second worker did not end with 3")
        second.stop(5.0)
        if len(world.node.worker.lives) > 1:
            self.problems.append("the first worker ended when a second one was started")


class TakenOver(Fault):
    """A second installation comes to the same Asterisk under another name: it is sent away."""

    name = "two_workers_other_name"
    text = "a worker with another name comes to our Asterisk: it must end with 3, and the first goes on"
    long = True
    seeds = 1

    def hold(self, world: World) -> None:
        first = world.node
        project = world.folder / "project-other"
        shutil.copytree(first.project, project, ignore=shutil.ignore_patterns("refusals.jsonl", "checkpoint.json"))
        second = Supervisor(project, world.folder / "worker-second.log", world.worker_environment())
        world.add_worker(second)
        text = (first.project / "agi-app.toml").read_text().replace(first.asterisk.entityid, "02:00:00:00:00:99")
        (project / "agi-app.toml").write_text(text)
        second.start(wait=False)
        deadline = time.monotonic() + END_S
        while not second.gave_up and time.monotonic() < deadline:
            time.sleep(0.1)
        if not second.gave_up:
            self.problems.append("the second worker did not end with 3: the Asterisk is another's")

    def check(self, world: World) -> list[str]:
        if len(world.node.worker.lives) > 1 or world.node.worker.gave_up:
            self.problems.append("the first worker did not go on undisturbed")
        return self.problems


class Rush(Fault):
    """Two nodes want the same people at the same time, each for both campaigns; a slow line makes each claim long."""

    name = "two_nodes_rush"
    text = "two nodes call the same people in two campaigns as fast as they can, over a slow line to the database"
    nodes = 2
    seeds = 3

    def prepare(self, world: World) -> None:
        world.database_wire.reply_delay_s = 0.03

    def hold(self, world: World) -> None:
        self.last(8.0, 5.0)
        world.database_wire.mend()


class NodeDies(Fault):
    """Two nodes share the people; one of them dies with its Asterisk's calls and stays dead."""

    name = "node_dies"
    text = "of two nodes on one database one dies (kill -9 of worker and Asterisk) and stays dead"
    long = True
    nodes = 2
    asterisk_dies = True
    seeds = 3

    def strike(self, world: World) -> None:
        world.node.worker.kill()
        world.node.asterisk.kill()

    def hold(self, world: World) -> None:
        world.node.worker.stop(1.0)


class NodeCutOff(Fault):
    """Of two nodes one loses the database, not its calls: the other takes it for dead, and then it is back."""

    name = "node_cut_off"
    text = "of two nodes one cannot reach the database for 15 s; the other takes over what it had claimed"
    long = True
    nodes = 2
    apart = True

    def strike(self, world: World) -> None:
        world.database_wire.refuse = True
        world.database_wire.cut()

    def hold(self, world: World) -> None:
        self.last(15.0, 10.0)
        world.database_wire.mend()


class RestoredBackup(Fault):
    """An old copy of the database is put back: nobody may be called, and no stop may be forgotten."""

    name = "restored_backup"
    text = "the database is replaced by a copy from before the calls"
    long = True
    drains = False

    def hold(self, world: World) -> None:
        node = world.node
        time.sleep(2.0)
        for other in world.nodes[1:]:  # nobody works on a database that is being put back
            other.worker.stop()
        if node.worker.stop() not in (0, None):
            self.problems.append(f"the worker ended with {node.worker.lives[-1].status} when told to end")
        world.keep_rows()
        world.database.stop()
        _replace(world.database.data, world.template.database)
        world.database.start()
        node.worker.start(wait=False)
        try:
            node.worker.wait_for("agi-app recover")
        except WorkerFailed:
            self.problems.append("the worker did not say that the database is an old copy, or not what to do")
        self._nobody_is_called(world, "the database was an old copy")
        node.worker.stop()
        self._recover(world)

    def _recover(self, world: World) -> None:
        app, node = world.app(), world.node
        if app.run("recover").returncode != 2:
            self.problems.append("agi-app recover found nothing wrong with an old copy")
        for one in world.nodes:  # each has a journal of stops of its own
            accepted = world.app(one).run("recover", "--accept-restored")
            if accepted.returncode != 0:
                self.problems.append(f"recover --accept-restored failed: {accepted.stdout}{accepted.stderr}")
        node.worker.start(wait=False)
        try:
            node.worker.wait_for("the database was restored from a backup")
        except WorkerFailed:
            self.problems.append("the worker did not say that it calls nobody after a restore")
        self._nobody_is_called(world, "the restored database was accepted (a day of no calls)")

    def _nobody_is_called(self, world: World, when: str) -> None:
        before = len(world.sip.calls())
        time.sleep(REFUSE_S)
        more = len(world.sip.calls()) - before
        if more:
            self.problems.append(f"{more} calls were made after {when}")


def _replace(data: Path, template: Path) -> None:
    shutil.rmtree(data)
    shutil.copytree(template, data)
    data.chmod(0o700)
    (data / "postmaster.pid").unlink(missing_ok=True)
