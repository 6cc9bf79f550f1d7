"""The main job at speed: many short calls through the command line and a real worker, and the same calls bare.

One run: a fresh Asterisk, carrier, database and project; the bare loop first, then agi-app with every
check and fsync on. The carrier's capture says what was dialled when and how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from agi_app.store.database import embedded
from bench import people, usage, verdict
from bench.output import machine, say
from bench.stage import Stage, stage
from sandbox.errors import SandboxError
from sandbox.supervise import Child, tail
from sandbox.world import World

BARE_FIRST = 500_000  # the bare loop calls other people
TAIL_S = 60.0  # beyond the time that the offered rate needs
SETTLE_S = 2.0
SUCCESS = 0.995

CALLS = """
SELECT p.e164, extract(epoch FROM a.marked_at)::float8, coalesce(a.outcome, ''), coalesce(a.disposition, ''), a.answers
FROM attempt a JOIN person p USING (person_id) WHERE a.dialled
"""
_OPEN = "SELECT count(*) FROM contact WHERE campaign = %s AND state <> 'done'"


@dataclass(frozen=True, slots=True)
class Job:
    """What is offered."""

    calls: int
    rate: float


def run(root: Path, job: Job) -> dict[str, Any]:
    """One run in a folder of its own, kept under the temporary folder; the figures of both sides."""
    before = machine()
    with stage(root, "bench", job.rate) as ready:
        bare = _bare(ready.world, ready.folder, job)
        time.sleep(SETTLE_S)
        mine = ours(ready, job)
    added = round(mine["cpu_ms"]["worker"] - bare["cpu_ms"]["worker"], 2)
    return {
        "bench": "main-job",
        **before,
        "load_after": machine()["load"],
        "calls": job.calls,
        "offered": job.rate,
        "agi_app": mine,
        "bare": bare,
        "python_over_bare_ms": added,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    ours = record["agi_app"]
    found = []
    if ours["success"] < SUCCESS:
        found.append(f"success {ours['success']:.2%} is below {SUCCESS:.1%}")
    if ours["double_dials"]:
        found.append(f"{ours['double_dials']} double dials")
    return found


def _bare(world: World, folder: Path, job: Job) -> dict[str, Any]:
    called = people.numbers(job.calls, BARE_FIRST)
    (folder / "bare-numbers.txt").write_text("\n".join(called))
    asterisk, log = world.asterisk, folder / "bare.log"
    prompts = f"{asterisk.prompts_path}/{people.LANGUAGE}"
    before, machine_before = usage.cpu_seconds(asterisk.pid), usage.machine_times()
    argv = [sys.executable, "-m", "bench.loops.bare_loop", asterisk.ari_url, asterisk.ari_user, prompts]
    child = Child(
        [*argv, str(folder / "bare-numbers.txt"), str(job.rate)],
        log=log,
        env={**os.environ, "ARI_PASSWORD": asterisk.ari_password},
    )
    if not child.wait(job.calls / job.rate + TAIL_S) or child.returncode != 0:
        child.end(1.0)
        raise SandboxError(f"the bare loop failed:\n{tail(log)}")
    busy = usage.busy(machine_before, usage.machine_times())
    report = json.loads(log.read_text().splitlines()[-1])
    time.sleep(0.5)
    after = usage.cpu_seconds(asterisk.pid)
    judged = verdict.judge(world.capture.calls(), called, set(called))
    cpu = {"worker": report["cpu_s"], "asterisk": after - before}
    cpu_ms = {name: round(value * 1000 / job.calls, 2) for name, value in cpu.items()}
    return asdict(judged) | {"cpu_ms": cpu_ms, "machine_busy": busy}


def ours(ready: Stage, job: Job) -> dict[str, Any]:
    """The calls of agi-app; what the carrier and the database say of them."""
    world, app = ready.world, ready.app
    called = people.numbers(job.calls)
    ready.invite(called, {"contacts.csv": ("B", called)})
    app("contacts", "import", people.CAMPAIGN, "contacts.csv")
    seen = len(world.capture.calls())
    with database(ready.project) as (connection, server), app.worker("worker.log") as worker:
        pids = {"worker": worker.pid, "postgres": server, "asterisk": world.asterisk.pid}
        before, machine_before = sample(pids), usage.machine_times()
        began = time.monotonic()
        app("campaign", "start", people.CAMPAIGN)
        wait_until_done(connection, job)
        took = time.monotonic() - began
        spent = usage.spent(before, sample(pids), job.calls)
        busy = usage.busy(machine_before, usage.machine_times())
        memory = usage.peak_memory_mib(worker.pid)
        durable = {name: setting(connection, name) for name in ("fsync", "synchronous_commit")}
        stored = [verdict.Stored(*row) for row in connection.execute(CALLS)]
    calls = world.capture.calls()[seen:]
    judged = verdict.judge(calls, called, verdict.confirmed(stored))
    return asdict(judged) | {
        "attempts": len(stored),
        "mark_to_invite_ms": verdict.mark_to_invite(calls, stored),
        "cpu_ms": spent,
        "machine_busy": busy,
        "worker_peak_mib": round(memory, 1),
        "start_to_last_result_s": round(took, 1),
        "durable": durable,
    }


@contextlib.contextmanager
def database(project: Path) -> Iterator[tuple[psycopg.Connection[Any], int]]:
    """The project's own database and the process id of its server, which stays up meanwhile."""
    server = embedded.acquire(project / "var")
    try:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        with psycopg.connect(server.url, autocommit=True) as connection:
            yield connection, pid
    finally:
        server.release()


def wait_until_done(connection: psycopg.Connection[Any], job: Job) -> None:
    """Until every contact is done; gives up, and says so, a minute after the offered rate would have been through."""
    deadline = time.monotonic() + job.calls / job.rate + TAIL_S
    while _number(connection.execute(_OPEN, (people.CAMPAIGN,)).fetchone()):
        if time.monotonic() > deadline:
            say("not all contacts were done in time")
            return
        time.sleep(0.5)


def _number(row: Sequence[Any] | None) -> int:
    return int(row[0]) if row else 0


def setting(connection: psycopg.Connection[Any], name: str) -> str:
    """A setting of the server."""
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""


def sample(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds so far; of PostgreSQL with the processes of its connections."""
    return {
        name: usage.tree_cpu_seconds(pid) if name.startswith("postgres") else usage.cpu_seconds(pid)
        for name, pid in pids.items()
    }
