"""The service side at ten million contacts: how long lists, searches, counts and reports take, fifty clients asking."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from bench import main_job, usage
from bench.output import machine, say
from bench.service import beside, data, served, trial
from bench.service.population import Sizes
from sandbox.commands import COMMAND
from sandbox.errors import SandboxError

P95_MS, P99_MS, STATEMENT_MS = 150.0, 400.0, 100.0
STREAM_CORES, IDLE_MIB, START_S, EXPORT_S, EXPORT_XLSX_S, EXPORT_MIB = 0.1, 120.0, 3.0, 60.0, 300.0, 256.0
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
        found |= _exports(project, contacts)
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


def _exports(project: Path, contacts: int) -> dict[str, Any]:
    """The report of about half of all calls, as CSV and for Excel: seconds for a million rows, and the most memory."""
    found: dict[str, Any] = {}
    first = data.NOW.date() - dt.timedelta(days=20)
    span = ["--since", str(first), "--until", str(first + dt.timedelta(days=14))]
    for name, form in (("export_million_s", "csv"), ("export_million_xlsx_s", "xlsx")):
        file = project / f"calls.{form}"
        began = time.monotonic()
        told, most_mib = _command(project, "report", "calls", *span, "--output", str(file), "--json")
        took, rows = time.monotonic() - began, json.loads(told)["rows"]
        file.unlink()
        say(f"   {rows:,} calls as {form} in {took:.1f} s, {most_mib:.0f} MiB at most")
        found |= {name: round(took * 1_000_000 / rows, 1) if rows > contacts / 20 else None}
        found |= {f"export_{form}_mib": round(most_mib, 1)}
    return found


def _command(project: Path, *arguments: str) -> tuple[str, float]:
    """What a command prints, and the most memory that it took, in MiB. Raises SandboxError when it fails."""
    with subprocess.Popen([*COMMAND, *arguments], cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SandboxError(f"agi-app {' '.join(arguments)} ended with {process.returncode}: {told}")
    return told, used.ru_maxrss / 1024


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
        ("export_million_xlsx_s", EXPORT_XLSX_S),
        ("export_csv_mib", EXPORT_MIB),
        ("export_xlsx_mib", EXPORT_MIB),
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
