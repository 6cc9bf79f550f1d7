"""The service side at ten million contacts: how long lists, searches, counts and reports take, fifty clients asking."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from bench import usage
from bench.output import machine, say
from bench.service import beside, data, trial
from bench.service.population import Sizes

P95_MS, P99_MS, STATEMENT_MS = 150.0, 400.0, 100.0
LEAST_RATIO, WAIT_MS, WAIT_RATIO = 0.98, 20.0, 1.25


def run(root: Path, contacts: int = data.CONTACTS) -> dict[str, Any]:
    """One run; the database is made first if there is none."""
    project = data.ready(contacts)
    trial.see_statements(project)
    before, busy = machine(), usage.machine_times()
    say(f"== {before['at']}, load {before['load']}")
    found = asyncio.run(_operations(project, Sizes(contacts)))
    say(f"   {found['all']}, the slowest kind: {found['slowest_kind']}")
    found |= beside.run(root, project, contacts)
    return {
        "bench": "service",
        **before,
        "load_after": machine()["load"],
        "machine_busy": usage.busy(busy, usage.machine_times()),
        "contacts": contacts,
        "asked_by": "operations in one process",
        "disk_gib": round(_bytes(project / "var") / 2**30, 1),
        **found,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    goals = (("p95_ms", P95_MS), ("p99_ms", P99_MS), ("slowest_statement_ms", STATEMENT_MS))
    found = [f"{name} is {record[name]}, more than {most:g}" for name, most in goals if (record[name] or 0) > most]
    if record["rate_ratio"] < LEAST_RATIO:
        found.append(f"rate_ratio is {record['rate_ratio']}, less than {LEAST_RATIO}")
    waits = record["mark_to_invite_p99_ms"]
    if waits["beside"] > max(WAIT_MS, WAIT_RATIO * waits["alone"]):
        found.append(f"mark to INVITE takes {waits['beside']} ms beside the clients (p99), {waits['alone']} alone")
    return found


async def _operations(project: Path, sizes: Sizes) -> dict[str, Any]:
    async with trial.opened(project) as inst:
        return await trial.run(inst, sizes)


def _bytes(folder: Path) -> int:
    return sum(os.stat(Path(at) / name).st_size for at, _, names in os.walk(folder) for name in names)
