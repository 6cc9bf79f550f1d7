"""CPU of a claim of this commit against another commit's: both have a database of one size, and take turns in seconds.

So whatever else the machine does, and how fast it is just then, meets both alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.contacts import gate
from bench.half_load import OTHER, OURS, REPOSITORY, checkout, commit_of, order
from bench.output import machine, say
from sandbox.errors import SandboxError

SIZES = (10_000, 100_000, 1_000_000)
PAIRS = 40
CLAIMS = 20  # of a turn
MOST = 1.05
SERVER = Path(__file__).with_name("claim_turns.py")


class Side:
    """The claims of one commit, in a process of its own."""

    def __init__(self, stack: ExitStack, tree: Path, size: int, each: int) -> None:
        words = [sys.executable, "-P", str(SERVER), str(size), str(each)]
        env, pipe = {**os.environ, "PYTHONPATH": str(tree)}, subprocess.PIPE
        process = subprocess.Popen(words, cwd=tree, env=env, text=True, stdin=pipe, stdout=pipe)
        stack.enter_context(process)
        if process.stdin is None or process.stdout is None:
            raise SandboxError("a process without pipes")
        self._words, self._asks, self._answers = words, process.stdin, process.stdout
        stack.callback(self._asks.close)  # then it ends
        self.figures: list[tuple[float, float]] = []  # µs a contact: Python, PostgreSQL

    def wait(self) -> None:
        """Until its database is made."""
        while (line := self._read()) != "ready":
            say(line)

    def turn(self) -> None:
        """Some claims."""
        self._asks.write("\n")
        self._asks.flush()
        contacts, python_s, postgresql_s = json.loads(self._read())
        self.figures.append((python_s * 1e6 / contacts, postgresql_s * 1e6 / contacts))

    def _read(self) -> str:
        if not (line := self._answers.readline()):
            raise SandboxError(f"{self._words} ended")
        return line.strip()


def run(against: str, largest: int = SIZES[-1], pairs: int = PAIRS) -> dict[str, Any]:
    """For each size the medians of both sides, and of the pairs' ratios."""
    before = machine()
    with checkout(against) as other:
        sizes = {size: _measured(other, size, pairs) for size in SIZES if size <= largest}
    return {
        "bench": "claim-pairs",
        **before,
        "load_after": machine()["load"],
        "pairs": pairs,
        "commits": {OURS: commit_of("HEAD"), OTHER: commit_of(against)},
        "by_contacts": [{"contacts": size, **found} for size, found in sizes.items()],
    }


def faults(record: Mapping[str, Any]) -> list[str]:
    """Where a claim costs more than it may."""
    return [
        f"{one['contacts']:,} contacts: a claim takes {one['ratio']['together']} times the CPU, more than {MOST}"
        for one in record["by_contacts"]
        if one["ratio"]["together"] > MOST
    ]


def _measured(other: Path, size: int, pairs: int) -> dict[str, Any]:
    each = max(1, min(CLAIMS, size // (2 * gate.SMALL_CLAIM * pairs)))  # so that half of the contacts are left
    with ExitStack() as stack:
        sides = {side: Side(stack, tree, size, each) for side, tree in ((OURS, REPOSITORY), (OTHER, other))}
        for side in sides.values():
            side.wait()
        for pair in range(1, pairs + 1):
            for name in order(pair):
                sides[name].turn()
    mine, its = sides[OURS].figures, sides[OTHER].figures
    parts = {"python": (0,), "postgresql": (1,), "together": (0, 1)}
    ratios = {
        name: [sum(a[i] for i in which) / sum(b[i] for i in which) for a, b in zip(mine, its, strict=True)]
        for name, which in parts.items()
    }
    found = {
        f"{side}_us": [round(statistics.median(part)) for part in zip(*sides[side].figures, strict=True)]
        for side in sides
    }
    say(f"   {size:,} contacts: {found}")
    return {**found, "ratio": {name: round(statistics.median(values), 3) for name, values in ratios.items()}}
