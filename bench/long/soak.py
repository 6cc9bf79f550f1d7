"""A long run: does the worker's memory, its descriptors or Asterisk's channels grow with the number of calls?

What the idle worker holds before its first call, after a thousand calls, and after ten thousand more. Each time all
calls have ended and the worker has become idle again: its pool closes a connection that it does not need every
``pool.IDLE_S``, and has DRAIN_S for that.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agi_app.store.database import pool
from bench import main_job, people, usage, verdict
from bench.output import machine
from bench.stage import stage
from sandbox.world import World

WARM_UP = 1_000
GROWTH = 1.05  # memory at the end, at most, times memory after the warm-up
IDLE_S = 8.0  # after the last call, so that hangups and housekeeping are over
BEGIN_S = 30.0  # before the first call: until then a worker that has just started closes what it asked with
DRAIN_S = IDLE_S + 15 * pool.IDLE_S  # a pool of ten connections has given back by then what it does not need


@dataclass(frozen=True, slots=True)
class Held:
    """What is held while nothing happens."""

    worker_mib: float
    worker_descriptors: int
    asterisk_mib: float
    asterisk_channels: int
    asterisk_descriptors: int

    @property
    def counted(self) -> tuple[int, int, int]:
        """What must be the same whenever nothing happens."""
        return self.worker_descriptors, self.asterisk_channels, self.asterisk_descriptors


def run(root: Path, job: main_job.Job) -> dict[str, Any]:
    """One run: the warm-up, then ``job.calls`` more."""
    before = machine()
    with stage(root, "soak", job.rate) as ready:
        world, app = ready.world, ready.app
        called = people.numbers(WARM_UP + job.calls)
        ready.invite(called, {"first.csv": ("A", called[:WARM_UP]), "second.csv": ("B", called[WARM_UP:])})
        app("contacts", "import", people.CAMPAIGN, "first.csv")
        with main_job.database(ready.project) as (connection, _), app.worker("worker.log") as worker:
            time.sleep(BEGIN_S)
            idle = held(worker.pid, world)
            app("campaign", "start", people.CAMPAIGN)
            main_job.wait_until_done(connection, main_job.Job(WARM_UP, job.rate))
            after_warm_up, _ = once_idle(worker.pid, world, idle)
            app("contacts", "import", people.CAMPAIGN, "second.csv")
            main_job.wait_until_done(connection, job)
            at_the_end, drained_s = once_idle(worker.pid, world, idle)
            stored = [verdict.Stored(*row) for row in connection.execute(main_job.CALLS)]
        judged = verdict.judge(world.capture.calls(), called, verdict.confirmed(stored))
    return {
        "bench": "soak",
        **before,
        "calls": WARM_UP + job.calls,
        "offered": job.rate,
        "success": judged.success,
        "double_dials": judged.double_dials,
        "idle": asdict(idle),
        "after_warm_up": asdict(after_warm_up),
        "at_the_end": asdict(at_the_end),
        "memory_ratio": round(at_the_end.worker_mib / after_warm_up.worker_mib, 3),
        "drained_s": drained_s,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What grew, or went wrong."""
    idle, last = Held(**record["idle"]), Held(**record["at_the_end"])
    found = []
    if record["memory_ratio"] > GROWTH:
        found.append(f"the worker's memory grew to {record['memory_ratio']} of what it was")
    if last.counted != idle.counted:
        found.append(f"worker descriptors, channels, Asterisk's descriptors: idle {idle.counted}, then {last.counted}")
    if idle.asterisk_channels:
        found.append(f"Asterisk had {idle.asterisk_channels} channels before the first call")
    if record["success"] < main_job.SUCCESS or record["double_dials"]:
        found.append(f"success {record['success']:.2%}, {record['double_dials']} double dials")
    return found


def once_idle(worker: int, world: World, idle: Held) -> tuple[Held, float]:
    """What is held when as little is open as before the first call, or after DRAIN_S; and how long that took."""
    ended = time.monotonic()
    time.sleep(IDLE_S)
    now = held(worker, world)
    while now.counted != idle.counted and time.monotonic() < ended + DRAIN_S:
        time.sleep(1.0)
        now = held(worker, world)
    return now, round(time.monotonic() - ended, 1)


def held(worker: int, world: World) -> Held:
    """What worker and Asterisk hold now."""
    channels = world.asterisk.cli("core show channels count").split()
    return Held(
        round(usage.memory_mib(worker), 1),
        usage.descriptors(worker),
        round(usage.memory_mib(world.asterisk.pid), 1),
        int(channels[0]) if channels and channels[0].isdigit() else -1,
        usage.descriptors(world.asterisk.pid),
    )
