"""One run's world: carrier, relay, captures, one Asterisk or two, database, proxies, project folders, workers.

worker ──proxy──▶ PostgreSQL        worker ──proxy──▶ Asterisk ──relay──▶ carrier
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chaos.ariwire import AriLink, EventMischief
from chaos.database import Database
from chaos.journal import JournalWatch
from chaos.media import MediaCapture
from chaos.people import Template, settings
from chaos.pgwire import PgLink
from chaos.proxy import Link, Proxy, Wire
from chaos.relay import Relay
from chaos.steps import Steps
from chaos.supervisor import Supervisor, environment
from sandbox.agents import Agents
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.commands import AgiApp
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.project import write_settings
from sandbox.watchdog import Ledger, read_ledger
from sandbox.world import agents_toml, ami_toml

SMALL_DISK = "16m"
TALK_S = (0.5, 2.0)  # of agents


@dataclass(slots=True)
class Node:
    """One Asterisk with the worker that drives it."""

    asterisk: Asterisk
    ari: Proxy
    mischief: EventMischief
    project: Path
    worker: Supervisor
    journal: JournalWatch
    ami: Proxy


class World:
    """Starts everything but the workers on enter, ends everything on exit."""

    def __init__(
        self, root: Path, folder: Path, template: Template, code: Path, *, nodes: int, seed: int, apart: bool = False
    ) -> None:
        """``apart``: what happens to the first node's line to the database leaves the others alone."""
        self.folder = folder
        self.template = template
        self.code = code
        self.seed = seed
        self.steps = Steps()
        self.disks: dict[str, Path] = {}  # what lies on a small disk of its own: name -> mount point
        self.calls_per_second = 15.0
        self.concurrent = 60
        self.agents = 0
        self._root = root
        self._node_count, self._apart = nodes, apart
        self._running = ExitStack()
        self.nodes: list[Node] = []
        self.worker_env: dict[str, str] = {}
        self.other_workers: list[Supervisor] = []
        self.kept_rows: list[dict[str, Any]] | None = None  # attempts, before a backup replaced them
        self.kept_ledger = Ledger()  # the same for the watchdog
        self.phone_ports: set[int] = set()  # of agents
        self.database = Database(folder / "database")

    @property
    def node(self) -> Node:
        return self.nodes[0]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            stack.callback(self._unmount_all)
            self.wire = stack.enter_context(Wire())
            self.carrier = stack.enter_context(Carrier(self.folder / "carrier"))
            self.relay = Relay(self.wire, self.carrier.address, free_port())
            stack.callback(self.relay.close)
            self.sip = stack.enter_context(Capture(self.folder / "sip.pcap", self.relay.port))
            self.invites = stack.enter_context(Capture(self.folder / "invites.pcap", invites=True))
            self.media = stack.enter_context(MediaCapture(self.folder / "rtp.pcap", self.carrier.media_ports))
            self._start_database(stack)
            for name in "ab"[: self._node_count]:
                self.nodes.append(self._start_node(stack, name))
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def _start_database(self, stack: ExitStack) -> None:
        database = self.database
        if "database" in self.disks:
            self._mount("database", database.data, "192m")
        database.copy_from(self.template.database)
        stack.callback(database.stop)
        database.start()
        self.database_wire = self._line_to_database(self.steps)

    def _line_to_database(self, steps: Steps) -> Proxy:
        return Proxy(self.wire, ("127.0.0.1", self.database.port), partial(PgLink, steps=steps))

    def _start_node(self, stack: ExitStack, name: str) -> Node:
        project, first = self.folder / f"project-{name}", not self.nodes
        steps = self.steps if first or not self._apart else Steps()  # a trap is for the node that a fault is about
        shutil.copytree(self.template.project, project)
        run_dir = self.folder / f"asterisk-{name}"
        if "spool" in self.disks and first:
            self._mount("spool", run_dir, SMALL_DISK)  # with its logs and its own database
        if "journal" in self.disks and first:
            self._mount("journal", project / "var", SMALL_DISK)
            shutil.copytree(self.template.project / "var", project / "var", dirs_exist_ok=True)
        phones = Agents(self.folder / f"agents-{name}", self.agents, talk_s=TALK_S) if self.agents else None
        if phones is not None:
            stack.enter_context(phones)
            self.phone_ports.add(phones.port)
        prompts = project / "prompts"
        asterisk = Asterisk(
            self._root, run_dir, name=name, carrier=self.relay.address, prompts_dir=prompts, agents=phones
        )
        stack.callback(self._stop_asterisk, asterisk)
        asterisk.start()
        mischief = EventMischief(self.seed)
        ari = Proxy(self.wire, ("127.0.0.1", asterisk.http_port), partial(AriLink, steps=steps, mischief=mischief))
        line = self.database_wire if first or not self._apart else self._line_to_database(steps)
        worker = Supervisor(project, self.folder / f"worker-{name}.log", self.worker_environment(line))
        stack.callback(worker.stop)
        ami = Proxy(self.wire, ("127.0.0.1", asterisk.ami_port), Link)
        node = Node(asterisk, ari, mischief, project, worker, JournalWatch(project / "var" / "refusals.jsonl"), ami)
        stack.enter_context(node.journal)
        self.write_settings(node)
        return node

    def worker_environment(self, line: Proxy | None = None) -> dict[str, str]:
        """The environment of workers: this run's code, the database through its proxy, and what a fault adds."""
        return environment(self.database.url((line or self.database_wire).port), self.code, self.worker_env)

    def write_settings(self, node: Node, entityid: str | None = None) -> None:
        """agi-app.toml of a node: Asterisk through its proxy."""
        asterisk = node.asterisk
        text = settings(
            f"http://127.0.0.1:{node.ari.port}/ari",
            asterisk.ari_password,
            entityid or asterisk.entityid,
            asterisk.prompts_path,
            self.calls_per_second,
            self.concurrent,
        )
        text += f"\n{ami_toml(asterisk, node.ami.port)}{agents_toml(asterisk)}"
        write_settings(node.project, text)

    def app(self, node: Node | None = None) -> AgiApp:
        """The commands of a node's project, straight to the database."""
        project = (node or self.node).project
        return AgiApp(project, self.folder, lambda _: None, env=environment(self.database.url(), self.code))

    def _stop_asterisk(self, asterisk: Asterisk) -> None:
        with contextlib.suppress(SandboxError):
            asterisk.stop()

    def add_worker(self, worker: Supervisor) -> None:
        """One more worker, ended with the world."""
        self.other_workers.append(worker)
        self._running.callback(worker.stop)

    @property
    def workers(self) -> list[Supervisor]:
        """All that were ever started."""
        return [node.worker for node in self.nodes] + self.other_workers

    # ------------------------------------------------------------------ small disks

    def _mount(self, name: str, at: Path, size: str) -> None:
        at.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(at)], check=True)
        self.disks[name] = at

    def _unmount_all(self) -> None:
        for at in self.disks.values():
            subprocess.run(["umount", "-l", str(at)], check=False, capture_output=True)

    def fill(self, name: str) -> None:
        """Write a small disk full to the last byte."""
        with (self.disks[name] / "ballast").open("ab", buffering=0) as out, contextlib.suppress(OSError):
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while out.write(b"\0" * size) == size:
                        pass

    def clear(self, name: str) -> None:
        """Make room again."""
        (self.disks[name] / "ballast").unlink(missing_ok=True)

    # ------------------------------------------------------------------ what the database says

    def rows(self) -> list[dict[str, Any]]:
        """All attempts with the person's number, oldest first."""
        return self.database.query(
            "SELECT a.*, p.e164, p.number_hash FROM attempt a JOIN person p USING (person_id) ORDER BY a.claimed_at"
        )

    def keep_rows(self) -> None:
        """Remember what the database says now, for the judge."""
        self.kept_rows, self.kept_ledger = self.rows(), self.ledger()

    def ledger(self) -> Ledger:
        """What could leave, by the database."""
        return self.kept_ledger + read_ledger(self.database.url(), self.node.project / "var")

    def open_attempts(self) -> int:
        """Attempts that are not over."""
        return int(self.database.query("SELECT count(*) AS n FROM attempt WHERE state <> 'ended'")[0]["n"])

    def still_to_call(self) -> int:
        """Contacts that are due within seconds, by rules time.

        Not those whose carrier says 503 each time and who were called: when only they are left, the trunk passes for
        broken and is paused for minutes.
        """
        row = self.database.query(
            "SELECT count(*) AS n FROM contact, sandbox_clock c WHERE state = 'claimed' OR (state = 'pending'"
            " AND EXISTS (SELECT FROM campaign WHERE name = contact.campaign AND campaign.state = 'running')"
            " AND due_at < c.start + (clock_timestamp() - c.anchored_at) + interval '10 seconds'"
            " AND NOT EXISTS (SELECT FROM attempt a JOIN person p USING (person_id) WHERE"
            " a.contact_id = contact.contact_id AND a.outcome = 'congestion' AND p.e164 LIKE %s))",
            "%24",
        )[0]
        return int(row["n"])

    def await_calls(self, count: int, timeout_s: float) -> bool:
        """Wait until so many calls were dialled; False after ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        while self.steps.seen["made"] < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
