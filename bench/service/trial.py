"""Fifty clients that ask once in two seconds each: how long they wait, and which statement took longest."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agi_app.config.settings import load_settings
from agi_app.installation import Installation, installation
from agi_app.store.lists import paging
from bench.service.asks import KINDS, AskKind, Someone
from bench.service.population import Sizes

CLIENTS, EVERY_S, LASTS_S, WARM_UP_S = 50, 2.0, 90.0, 15.0
_STATEMENTS = """
SELECT round(max_exec_time::numeric, 1)::float8 AS ms, calls,
       left(regexp_replace(query, '\\s+', ' ', 'g'), 120) AS query
FROM bench.pg_stat_statements WHERE query !~* '^(BEGIN|COMMIT|SET|VACUUM|ANALYZE|CREATE|SELECT bench)'
ORDER BY max_exec_time DESC LIMIT 5
"""
_EXTENSION = (
    "CREATE SCHEMA IF NOT EXISTS bench",
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA bench",
    "SELECT bench.pg_stat_statements_reset()",
)


@contextlib.asynccontextmanager
async def opened(project: Path) -> AsyncIterator[Installation]:
    """As a service has it open."""
    async with installation(load_settings(project)) as inst:
        await inst.store.keep_ready(5)
        yield inst


def see_statements(project: Path) -> None:
    """Let the project's server keep the times of statements, from its next start on."""
    file = project / "var" / "postgres" / "data" / "postgresql.auto.conf"
    line = "shared_preload_libraries = 'pg_stat_statements'\n"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if line not in text:
        file.write_text(text + line, encoding="utf-8")


async def run(inst: Installation, sizes: Sizes, seconds: float = LASTS_S) -> dict[str, Any]:
    """The waits of all kinds of questions, without those of the first seconds."""
    secret = await paging.secret(inst.store)
    waits: dict[str, list[float]] = defaultdict(list)
    began = time.monotonic()
    await _ask_all(inst, sizes, secret, began + WARM_UP_S, defaultdict(list))
    async with inst.store.connection() as connection:
        for statement in _EXTENSION:
            await connection.execute(statement)
    await _ask_all(inst, sizes, secret, time.monotonic() + seconds, waits)
    slowest = await inst.store.records(_STATEMENTS)
    return figures(waits) | {
        "slowest_statement_ms": slowest[0]["ms"] if slowest else None,
        "slowest_statements": [dict(row) for row in slowest],
    }


async def _ask_all(
    inst: Installation, sizes: Sizes, secret: bytes, until: float, waits: dict[str, list[float]]
) -> None:
    """Until this instant; the clients begin spread over their two seconds."""
    clients = [
        _client(Someone(inst, random.Random(number), sizes, secret), number * EVERY_S / CLIENTS, until, waits)
        for number in range(CLIENTS)
    ]
    await asyncio.gather(*clients)


async def _client(one: Someone, begins_after: float, until: float, waits: dict[str, list[float]]) -> None:
    weights = [kind.weight for kind in KINDS]
    began = time.monotonic() + begins_after
    for turn in itertools.count():
        at = began + turn * EVERY_S
        if at > until:
            return
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        (kind,) = one.luck.choices(KINDS, weights)
        waits[kind.name].append(await timed(kind, one))


async def timed(kind: AskKind, one: Someone) -> float:
    """Seconds until the answer is there."""
    began = time.monotonic()
    await kind.ask(one)
    return time.monotonic() - began


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


async def ask_on(project: Path, contacts: int) -> None:
    """Ask until somebody ends this process; says on a line when all clients have begun."""
    async with opened(project) as inst:
        secret = await paging.secret(inst.store)
        asking = asyncio.create_task(_ask_all(inst, Sizes(contacts), secret, float("inf"), defaultdict(list)))
        await asyncio.sleep(2 * EVERY_S)
        print(json.dumps({"asking": True}), flush=True)
        await asking


if __name__ == "__main__":
    asyncio.run(ask_on(Path(sys.argv[1]), int(sys.argv[2])))
