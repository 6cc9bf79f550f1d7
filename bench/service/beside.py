"""A campaign at 60 calls a second in the big database, with and without fifty clients that ask beside it."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench import main_job, people, usage, verdict
from bench.output import say
from bench.service import streams, trial
from bench.service.served import Service
from bench.stage import Stage, stage
from sandbox.errors import SandboxError
from sandbox.project import write_settings

RATE, CALLS, PAIRS, WARM_UP = 60.0, 1_200, 3, 60
FIRST = 2_100_000  # the people of earlier runs are never called again; each has as many numbers as contacts
STREAMS = {"api": streams.read, "pages": streams.look}
_CALLED = "SELECT count(*) FROM contact WHERE campaign = %s"
_CALLS = f"{main_job.CALLS} AND a.campaign = %s AND p.e164 = ANY(%s)"


def run(root: Path, project: Path, service: Service, face: str = "api") -> dict[str, Any]:
    """Trials in the order without, with, with, without; the ratio of the rates, and both waits from mark to INVITE.

    And one more beside two hundred readers of the events, or viewers of Today.
    """

    def change(folder: Path) -> None:
        shutil.rmtree(folder / "var")
        (folder / "var").symlink_to(project / "var", target_is_directory=True)
        (folder / "agi-app.toml").unlink()
        write_settings(folder, "", like=project)

    found: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    with stage(root, "service", RATE, change) as ready, main_job.database(ready.project) as (connection, _):
        (known,) = connection.execute(_CALLED, [people.CAMPAIGN]).fetchone() or (0,)
        everybody = people.numbers(WARM_UP + (2 * PAIRS + 1) * CALLS, FIRST + known)
        first, rest = everybody[:WARM_UP], everybody[WARM_UP:]
        ready.invite(everybody, {})
        with ready.app.worker("worker.log"):
            _trial(ready, connection, first, f"W{known}-")  # plans and caches as they are at work
            for number in range(2 * PAIRS):
                asked = number % 4 in (1, 2)
                some = rest[number * CALLS : (number + 1) * CALLS]
                with _asking(service, face) if asked else _nobody():
                    found[asked].append(_trial(ready, connection, some, f"T{known}-{number}-"))
                say(f"   {'with' if asked else 'without'} clients: {found[asked][-1]}")
            with STREAMS[face](service) as cost:
                read = _trial(ready, connection, rest[2 * PAIRS * CALLS :], f"S{known}-")
            say(f"   beside streams of events: {read}, {cost}")
    sides = {name: _medians(found[asked]) for name, asked in (("alone", False), ("beside", True))}
    return {
        "rate_ratio": round(sides["beside"]["rate"] / max(0.01, sides["alone"]["rate"]), 3),
        "mark_to_invite_p99_ms": {name: side["mark_to_invite_p99_ms"] for name, side in sides.items()},
        "stream_cores": cost.cores,
        "calls_beside": {"trials": found[False] + found[True], "streams": {**read, "events": cost.events}},
    }


def _trial(ready: Stage, connection: psycopg.Connection[Any], numbers: Sequence[str], prefix: str) -> dict[str, Any]:
    file = f"contacts-{prefix}.csv"
    people.write_contacts(ready.project / file, numbers, prefix)
    ready.app.ask("contacts", "import", people.CAMPAIGN, file)
    seen, busy = len(ready.world.capture.calls()), usage.machine_times()
    ready.app.ask("campaign", "start", people.CAMPAIGN)
    main_job.wait_until_done(connection, main_job.Job(len(numbers), RATE))
    time.sleep(1.0)
    calls = ready.world.capture.calls()[seen:]
    stored = [verdict.Stored(*row) for row in connection.execute(_CALLS, [people.CAMPAIGN, list(numbers)])]
    judged = verdict.judge(calls, numbers, verdict.confirmed(stored))
    if judged.double_dials:
        raise SandboxError(f"{judged.double_dials} double dials")
    return {
        "rate": judged.rate,
        "success": round(judged.success, 4),
        "mark_to_invite_p99_ms": verdict.mark_to_invite(calls, stored).get("p99"),
        "machine_busy": usage.busy(busy, usage.machine_times()),
    }


@contextmanager
def _asking(service: Service, face: str) -> Iterator[None]:
    """Fifty clients in a process of their own until the block ends."""
    argv = [sys.executable, "-m", trial.__name__, trial.told(service, face)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdout is not None
        if not json.loads(clients.stdout.readline() or "{}").get("asking"):
            raise SandboxError("the clients did not begin to ask")
        try:
            yield
        finally:
            clients.terminate()


@contextmanager
def _nobody() -> Iterator[None]:
    yield


def _medians(trials: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in trials) for name in ("rate", "mark_to_invite_p99_ms")}
