"""The console at ten million contacts: how long pages take, what viewers cost, how soon they see what is new."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import aiohttp

from agi_app.config.settings import load_settings
from agi_app.installation import installation
from agi_app.operations.calling import pauses
from bench import main_job, usage
from bench.output import machine, say
from bench.service import beside, data, served, streams, trial
from bench.service.main import LEAST_RATIO, P95_MS, P99_MS, STATEMENT_MS
from bench.service.population import Sizes
from bench.service.served import Service
from sandbox.errors import SandboxError

VIEWERS, EVENTS, APART_S, LONGEST_S = 200, 20, 1.7, 15.0
VIEWER_CORES, EVENT_S, CONSOLE_MIB = 0.1, 1.0, 180.0


def run(root: Path, contacts: int = data.CONTACTS) -> dict[str, Any]:
    """One run; the database is made first if there is none."""
    project = data.ready(contacts)
    trial.see_statements(project)
    before, busy = machine(), usage.machine_times()
    say(f"== {before['at']}, load {before['load']}")
    with served.running(project, Sizes(contacts)) as service:
        with main_job.database(project) as (connection, _):
            found = trial.run(service, connection, "pages")
        mib = round(usage.memory_mib(service.pid), 1)
        say(f"   {found['all']}, the slowest page: {found['slowest_kind']} {found['p95_ms']} ms; {mib} MiB")
        delays = asyncio.run(_new_to_viewers(project, service))
        say(f"   an event is on {VIEWERS} pages after {delays} s")
        found |= beside.run(root, project, service, "pages")
    return {
        "bench": "console",
        **before,
        "load_after": machine()["load"],
        "machine_busy": usage.busy(busy, usage.machine_times()),
        "contacts": contacts,
        "console_mib": mib,
        "event_to_page_s": delays,
        "event_to_page_p95_s": delays["p95"],
        "viewer_cores": found.pop("stream_cores"),
        **found,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    goals = (
        ("p95_ms", P95_MS),
        ("p99_ms", P99_MS),
        ("slowest_statement_ms", STATEMENT_MS),
        ("viewer_cores", VIEWER_CORES),
        ("event_to_page_p95_s", EVENT_S),
        ("console_mib", CONSOLE_MIB),
    )
    found = [f"{name} is {record[name]}, more than {most:g}" for name, most in goals if record[name] > most]
    if record["rate_ratio"] < LEAST_RATIO:
        found.append(f"rate_ratio is {record['rate_ratio']}, less than {LEAST_RATIO}")
    return found


async def _new_to_viewers(project: Path, service: Service) -> dict[str, float]:
    """Seconds from the commit of a pause of everything until a viewer has it on the page, of all events and viewers."""
    seen: dict[str, list[float]] = {f"of the benchmark, {n}": [] for n in range(EVENTS)}
    begun: dict[str, float] = {}
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(service.url, connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(_viewer(session, service, number, seen)) for number in range(VIEWERS)]
        try:
            await asyncio.sleep(3 * APART_S)
            async with installation(load_settings(project)) as inst:
                for reason in seen:
                    await pauses.pause_all(inst, reason)
                    begun[reason] = time.monotonic()
                    await asyncio.sleep(APART_S)
                    await pauses.resume_all(inst, "of the benchmark")
                    await asyncio.sleep(APART_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if missing := sum(VIEWERS - len(found) for found in seen.values()):
        raise SandboxError(f"{missing} of {VIEWERS * EVENTS} events never came to a page")
    waits = sorted(at - begun[reason] for reason, found in seen.items() for at in found)
    return {name: round(waits[min(len(waits) - 1, len(waits) * p // 100)], 3) for name, p in (("p50", 50), ("p95", 95))}


async def _viewer(session: aiohttp.ClientSession, service: Service, number: int, seen: dict[str, list[float]]) -> None:
    headers = {"Cookie": f"agi_app={service.sessions[number % len(service.sessions)]}"}
    told: set[str] = set()
    async with session.get(streams.LIVE, headers=headers, allow_redirects=False) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            with contextlib.suppress(UnicodeDecodeError):
                for reason in seen.keys() - told:
                    if reason + " " in line.decode() or reason + "<" in line.decode():
                        told.add(reason)
                        seen[reason].append(time.monotonic())
