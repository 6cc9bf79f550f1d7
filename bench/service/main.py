"""The service side at ten million contacts: how long lists, searches, counts and reports take, fifty clients asking."""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path
from typing import Any

from bench import main_job, usage
from bench.output import machine, say
from bench.service import beside, data, served, trial
from bench.service.population import Sizes
from sandbox.commands import AgiApp

P95_MS, P99_MS, STATEMENT_MS = 150.0, 400.0, 100.0
STREAM_CORES, IDLE_MIB, START_S, EXPORT_S = 0.1, 120.0, 3.0, 60.0
LEAST_RATIO, WAIT_MS, WAIT_RATIO = 0.98, 20.0, 1.25


def run(root: Path, contacts: int = data.CONTACTS) -> dict[str, Any]:
    """One run; the database is made first if there is none."""
    project = data.ready(contacts)
    trial.see_statements(project)
    before, busy = machine(), usage.machine_times()
    say(f"== {before['at']}, load {before['load']}")
    with served.running(project, Sizes(contacts)) as service:
        say(f"   started in {service.start_s} s, {service.idle_mib} MiB")
        with main_job.database(project) as (connection, _):
            found = trial.run(service, connection)
        say(f"   {found['all']}, the slowest kind: {found['slowest_kind']}")
        found |= {"export_million_s": _export(project, contacts)}
        found |= beside.run(root, project, service)
    return {
        "bench": "service",
        **before,
        "load_after": machine()["load"],
        "machine_busy": usage.busy(busy, usage.machine_times()),
        "contacts": contacts,
        "start_s": service.start_s,
        "idle_mib": service.idle_mib,
        "disk_gib": round(_bytes(project / "var") / 2**30, 1),
        **found,
    }


def _export(project: Path, contacts: int) -> float | None:
    """Seconds of the report of half of all calls as CSV, as for a million: their last fifteen days but a few."""
    app, file = AgiApp(project, project), project / "calls.csv"
    first = data.NOW.date() - dt.timedelta(days=20)
    began = time.monotonic()
    app.ask(
        "report", "calls", "--since", str(first), "--until", str(first + dt.timedelta(days=14)), "--output", str(file)
    )
    took = time.monotonic() - began
    with file.open("rb") as lines:
        rows = sum(1 for _ in lines) - 1
    file.unlink()
    say(f"   {rows:,} calls as CSV in {took:.1f} s")
    return round(took * 1_000_000 / rows, 1) if rows > contacts / 20 else None


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    goals = (
        ("p95_ms", P95_MS),
        ("p99_ms", P99_MS),
        ("slowest_statement_ms", STATEMENT_MS),
        ("stream_cores", STREAM_CORES),
        ("idle_mib", IDLE_MIB),
        ("start_s", START_S),
        ("export_million_s", EXPORT_S),
    )
    found = [f"{name} is {record[name]}, more than {most:g}" for name, most in goals if (record[name] or 0) > most]
    if record["rate_ratio"] < LEAST_RATIO:
        found.append(f"rate_ratio is {record['rate_ratio']}, less than {LEAST_RATIO}")
    waits = record["mark_to_invite_p99_ms"]
    if waits["beside"] > max(WAIT_MS, WAIT_RATIO * waits["alone"]):
        found.append(f"mark to INVITE takes {waits['beside']} ms beside the clients (p99), {waits['alone']} alone")
    return found


def _bytes(folder: Path) -> int:
    return sum(os.stat(Path(at) / name).st_size for at, _, names in os.walk(folder) for name in names)
