"""Seeded cases for the gate; what it says is held against the oracle in tests/gate."""

from __future__ import annotations

import sys
import time

from tests.gate.cases import case
from tests.gate.judge import Bench

ENOUGH = 5  # failing cases that are shown
STEP = 5_000  # cases between two words on the terminal


def run(cases: int, seed: int, only: int | None) -> int:
    """Try ``cases`` cases of ``seed``, or the one named ``only``; returns the exit status and prints what failed."""
    bench, failed, began = Bench(), 0, time.monotonic()
    for index in [only] if only is not None else range(cases):
        one = case(seed, index)
        faults = bench.faults(one)
        if faults or only is not None:
            print(one)
            print("\n".join(f"  WRONG: {fault}" for fault in faults) or "  gate and oracle agree")
        failed += bool(faults)
        if failed == ENOUGH:
            break
        if bench.cases % STEP == 0:
            took = time.monotonic() - began
            print(f"{bench.cases} of {cases} cases, {bench.cases / took:.0f} a second", file=sys.stderr)
    print(
        f"seed {seed}: {bench.cases} cases, {bench.allowed} permitted, {failed} failed; refused by "
        f"{len(bench.refused)} rules, least often: {_rarest(bench.refused)}"
    )
    return 1 if failed else 0


def _rarest(refused: dict[str, int]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in sorted(refused.items(), key=lambda item: item[1])[:3])
