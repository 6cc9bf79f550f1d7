"""Fifty clients that ask once in two seconds each: how long they wait, and which statement took longest."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from bench.service.asks import KINDS, Someone
from bench.service.population import Sizes
from bench.service.served import Service
from sandbox.errors import SandboxError

CLIENTS, EVERY_S, LASTS_S, WARM_UP_S = 50, 2.0, 90.0, 15.0
_SLOWEST = """
SELECT round(max_exec_time::numeric, 1)::float8, calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 120)
FROM bench.pg_stat_statements WHERE userid = 'agi_app_console'::regrole
ORDER BY max_exec_time DESC LIMIT 5
"""
_EXTENSION = (
    "CREATE SCHEMA IF NOT EXISTS bench",
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA bench",
    "SELECT bench.pg_stat_statements_reset()",
)
Waits = dict[str, list[float]]


def see_statements(project: Path) -> None:
    """Let the project's server keep the times of statements, from its next start on."""
    file = project / "var" / "postgres" / "data" / "postgresql.auto.conf"
    line = "shared_preload_libraries = 'pg_stat_statements'\n"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if line not in text:
        file.write_text(text + line, encoding="utf-8")


def run(service: Service, connection: psycopg.Connection[Any], seconds: float = LASTS_S) -> dict[str, Any]:
    """The waits of all kinds of questions, without those of the first seconds."""
    waits: Waits = defaultdict(list)
    asyncio.run(ask_all(service, WARM_UP_S, defaultdict(list)))
    for statement in _EXTENSION:
        connection.execute(statement)
    asyncio.run(ask_all(service, seconds, waits))
    slowest = connection.execute(_SLOWEST).fetchall()
    return figures(waits) | {
        "slowest_statement_ms": slowest[0][0],
        "slowest_statements": [{"ms": ms, "calls": calls, "query": query} for ms, calls, query in slowest],
    }


async def ask_all(service: Service, seconds: float, waits: Waits) -> None:
    """For so long; the clients begin spread over their two seconds."""
    until = time.monotonic() + seconds
    session = aiohttp.ClientSession(service.url, timeout=aiohttp.ClientTimeout(30))
    async with session, asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            one = Someone(random.Random(number), service.sizes, service.secret.encode())
            token = service.tokens[number % len(service.tokens)]
            group.create_task(_client(session, token, one, number * EVERY_S / CLIENTS, until, waits))


async def _client(
    session: aiohttp.ClientSession, token: str, one: Someone, begins_after: float, until: float, waits: Waits
) -> None:
    weights = [kind.weight for kind in KINDS]
    began, headers = time.monotonic() + begins_after, {"Authorization": f"Bearer {token}"}
    for turn in itertools.count():
        at = began + turn * EVERY_S
        if at > until:
            return
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        (kind,) = one.luck.choices(KINDS, weights)
        path, query = kind.request(one)
        asked = time.monotonic()
        async with session.get(f"/api/v1{path}", params=query, headers=headers) as answer:
            text = await answer.text()
        waits[kind.name].append(time.monotonic() - asked)
        if answer.status != 200:
            raise SandboxError(f"{kind.name}: {answer.url}: {answer.status} {text[:500]}")


def figures(waits: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Milliseconds: of the slowest kind of question, of all together, and of each kind."""
    of_kinds = {name: _quantiles(found) for name, found in sorted(waits.items())}
    every = _quantiles([wait for found in waits.values() for wait in found])
    slowest = max(of_kinds, key=lambda name: of_kinds[name]["p95"])
    return {
        "p95_ms": of_kinds[slowest]["p95"],
        "p99_ms": max(found["p99"] for found in of_kinds.values()),
        "slowest_kind": slowest,
        "asked": sum(map(len, waits.values())),
        "all": every,
        "kinds": of_kinds,
    }


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1000, 1) for p in (50, 95, 99)}


def told(service: Service) -> str:
    """For a process of its own: ``python -m bench.service.trial TEXT`` asks until it is ended."""
    return json.dumps(asdict(service))


async def _ask_on(service: Service) -> None:
    asking = asyncio.create_task(ask_all(service, float("inf"), defaultdict(list)))
    await asyncio.sleep(2 * EVERY_S)
    print(json.dumps({"asking": not asking.done()}), flush=True)
    await asking


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(_ask_on(Service(**{**given, "sizes": Sizes(**given["sizes"])})))
