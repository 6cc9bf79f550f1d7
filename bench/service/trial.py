"""Fifty clients that ask once in two seconds each: how long they wait, and which statement took longest."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from bench.service.asks import KINDS, AskKind, Someone
from bench.service.pages import PAGES
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


@dataclass(frozen=True, slots=True)
class Face:
    """What the clients ask, and how they say who they are."""

    kinds: Sequence[AskKind]
    before: str  # of each path
    known_by: Callable[[Service, int], dict[str, str]]  # the headers of client n


FACES = {
    "api": Face(KINDS, "/api/v1", lambda service, n: {"Authorization": f"Bearer {_one_of(service.tokens, n)}"}),
    "pages": Face(PAGES, "", lambda service, n: {"Cookie": f"agi_app={_one_of(service.sessions, n)}"}),
}


def _one_of(texts: Sequence[str], number: int) -> str:
    return texts[number % len(texts)]


def see_statements(project: Path) -> None:
    """Let the project's server keep the times of statements, from its next start on."""
    file = project / "var" / "postgres" / "data" / "postgresql.auto.conf"
    line = "shared_preload_libraries = 'pg_stat_statements'\n"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if line not in text:
        file.write_text(text + line, encoding="utf-8")


def run(
    service: Service, connection: psycopg.Connection[Any], face: str = "api", seconds: float = LASTS_S
) -> dict[str, Any]:
    """The waits of all kinds of questions, without those of the first seconds."""
    waits: Waits = defaultdict(list)
    asyncio.run(ask_all(service, WARM_UP_S, defaultdict(list), face))
    for statement in _EXTENSION:
        connection.execute(statement)
    asyncio.run(ask_all(service, seconds, waits, face))
    slowest = connection.execute(_SLOWEST).fetchall()
    return figures(waits) | {
        "slowest_statement_ms": slowest[0][0],
        "slowest_statements": [{"ms": ms, "calls": calls, "query": query} for ms, calls, query in slowest],
    }


async def ask_all(service: Service, seconds: float, waits: Waits, face: str) -> None:
    """For so long; the clients begin spread over their two seconds."""
    until = time.monotonic() + seconds
    session = aiohttp.ClientSession(service.url, timeout=aiohttp.ClientTimeout(30))
    async with session, asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            one = Someone(random.Random(number), service.sizes, service.secret.encode())
            begins_at = time.monotonic() + number * EVERY_S / CLIENTS
            headers = FACES[face].known_by(service, number)
            group.create_task(_client(session, FACES[face], headers, one, (begins_at, until), waits))


async def _client(
    session: aiohttp.ClientSession,
    face: Face,
    headers: Mapping[str, str],
    one: Someone,
    times: tuple[float, float],
    waits: Waits,
) -> None:
    """``times``: when it begins and ends."""
    weights = [kind.weight for kind in face.kinds]
    for turn in itertools.count():
        at = times[0] + turn * EVERY_S
        if at > times[1]:
            return
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        (kind,) = one.luck.choices(face.kinds, weights)
        path, query = kind.request(one)
        asked = time.monotonic()
        async with session.get(f"{face.before}{path}", params=query, headers=headers, allow_redirects=False) as answer:
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


def told(service: Service, face: str) -> str:
    """For a process of its own: ``python -m bench.service.trial TEXT`` asks until it is ended."""
    return json.dumps({"face": face, "service": asdict(service)})


async def _ask_on(service: Service, face: str) -> None:
    asking = asyncio.create_task(ask_all(service, float("inf"), defaultdict(list), face))
    await asyncio.sleep(2 * EVERY_S)
    print(json.dumps({"asking": not asking.done()}), flush=True)
    await asking


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    known = given["service"]
    asyncio.run(_ask_on(Service(**{**known, "sizes": Sizes(**known["sizes"])}), given["face"]))
