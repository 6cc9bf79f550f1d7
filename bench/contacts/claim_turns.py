"""``claim_turns.py CONTACTS CLAIMS``: makes a database and, for each line read, so many claims; prints their CPU.

Run by ``claim_pairs`` with the code of a commit, which may be older than this file. Each line printed has the contacts
decided about, and the CPU seconds of this process and of PostgreSQL in the claims alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

from agi_app.campaigns.calling_rules.rule_files import load_ruleset
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.store.calling import claims
from bench.contacts import gate, growth

WARM_UP = 10


def cpu_s(server: int) -> float:
    """CPU seconds of PostgreSQL's processes that live, by the scheduler's own clock (ns)."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in (server, *_children(server))) / 1e9


def _children(pid: int) -> Iterator[int]:
    yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def crowd_of(stack: ExitStack, folder: Path, size: int) -> Any:
    """A database of this size with one campaign; before campaigns had kinds, this took one argument less."""
    kinds = [gate.OURS] * (len(inspect.signature(growth._crowd).parameters) - 4)
    return growth._crowd(stack, folder / "crowd", size, 1, *kinds)


async def turns(crowd: Any, each: int) -> None:
    """Claims as the dialer makes them; what ends the calls afterwards is not counted."""
    (campaign,), ruleset = crowd.campaigns, load_ruleset()
    plan: dict[str, Any] = {}
    if "plan" in {field.name for field in fields(claims.ClaimTerms)}:
        plan["plan"] = vars(gate)["planner"](campaign, ruleset, gate.PLACES)

    def judge(facts: Facts, now: dt.datetime) -> Decision:
        return decide(facts, campaign, True, ruleset, now)

    async with gate.opened(crowd.project) as store:
        terms = claims.ClaimTerms("bench", dt.timedelta(seconds=30), gate.PLACES, store.clock.offset, "sandbox", **plan)

        async def claim(most: int) -> tuple[int, float, float]:
            python_s, postgresql_s = time.process_time(), cpu_s(crowd.server)
            batch = await claims.claim(store, campaign, most, terms, judge, look_at=most)
            spent = time.process_time() - python_s, cpu_s(crowd.server) - postgresql_s
            async with store.connection() as connection:
                await connection.execute(gate._END_CALLS)
            return len(batch.claims) + batch.refused, *spent

        for _ in range(WARM_UP):
            await claim(gate.SMALL_CLAIM)
        print("ready", flush=True)
        for _ in sys.stdin:
            made = [await claim(gate.SMALL_CLAIM) for _ in range(each)]
            print(json.dumps([sum(part) for part in zip(*made, strict=True)]), flush=True)


def main() -> None:
    """Serve until the input ends."""
    with tempfile.TemporaryDirectory(prefix="agi-app-bench-") as folder, ExitStack() as stack:
        asyncio.run(turns(crowd_of(stack, Path(folder), int(sys.argv[1])), int(sys.argv[2])))


if __name__ == "__main__":
    main()
