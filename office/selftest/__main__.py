"""The command line of the self-test.

    python -m office.selftest            # one to three minutes
    python -m office.selftest --quick    # one perfect fortnight of 120 appointments, and all the spoilt ones

Ends with 0 if nothing is found in a perfect fortnight and each spoilt one is found, else with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

from office.judge.model import COUNTS, MORE_COUNTS
from office.judge.verdict import judge
from office.scenario.make import scenario
from office.selftest.fortnight import Fortnight, NoCandidate, Spoil
from office.selftest.simulation import simulate, skipped
from office.selftest.spoils import SPOILS
from office.selftest.times import Json

ALL = (*COUNTS, *MORE_COUNTS, "doubtful")
SEEDS = (1, 2, 3)  # of the fortnights that are spoilt
SPOILT_SIZE = 240
Trial = tuple[int, int, float, bool]  # seed, appointments, rules seconds a real second, whether the clock is skipped
QUICK: tuple[Trial, ...] = ((1, 120, 1.0, False),)
TRIALS: tuple[Trial, ...] = (
    (1, 500, 1.0, False),
    (2, 500, 1.0, False),
    (3, 500, 1.0, True),
    (4, 500, 5.0, True),
    (5, 500, 20.0, True),
    (6, 80, 1.0, False),
    (7, 80, 1.0, True),
    (8, 60, 5.0, True),
    (9, 200, 1.0, False),
    (10, 200, 2.0, True),
)


def figures(v: Json) -> dict[str, int]:
    """The figures of a verdict in which something can be found."""
    return {k: int(v[k]) for k in ALL}


def perfect(seed: int, total: int, ratio: float, skip: bool) -> tuple[Fortnight, Json]:
    """A perfect fortnight and the verdict on it."""
    s = scenario(seed, total)
    calls, runs, results = simulate(s, ratio, skip)
    run = {"ratio": ratio, "skipped": skipped(s) if skip else []}
    return Fortnight(s, calls, runs, results), judge(s, calls, runs, results, run)


class SpoiltOnes:
    """The perfect fortnights that are spoilt; each is made when it is needed, and once."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Fortnight, Json]] = {}

    def find(self, spoil: Spoil) -> tuple[bool, dict[str, int]]:
        """Whether the judge finds what is spoilt, and by how much each figure grew."""
        for seed in SEEDS:  # the first that has something to spoil like this
            if seed not in self._made:
                self._made[seed] = perfect(seed, SPOILT_SIZE, 1.0, False)
            f, before = self._made[seed]
            g = f.copy()
            try:
                spoil.do(g)
            except NoCandidate:
                continue
            v = judge(g.s, g.calls, g.runs, g.results, {"ratio": 1})
            more = {k: n - figures(before)[k] for k, n in figures(v).items() if n > figures(before)[k]}
            return (not more if spoil.count == "none" else spoil.count in more), more
        return False, {"no candidate": 0}


def try_perfect(trials: Sequence[Trial], write: Callable[[str], None]) -> int:
    """How many of the perfect fortnights have findings."""
    write("perfect fortnights: seed, appointments, rules seconds a real second, clock skipped")
    bad = 0
    for seed, total, ratio, skip in trials:
        f, v = perfect(seed, total, ratio, skip)
        found = {k: n for k, n in figures(v).items() if n and k != "doubtful"}
        bad += bool(found)
        write(
            f"  {seed:2} {total:4} {ratio:4g} {'skipped' if skip else 'whole':8} {len(f.calls)} calls, "
            f"{v['callable']} callable, {v['doubtful']} doubtful: {found or 'nothing found'}"
        )
        for sentence in v["details"][:5]:
            write("      " + sentence)
    return bad


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m office.selftest", description="Try the judge of the fortnight.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="only the figures, as JSON")
    asked = parser.parse_args(argv)
    began = time.monotonic()

    def write(line: str) -> None:
        if not asked.json:
            print(line)

    trials = QUICK if asked.quick else TRIALS
    bad = try_perfect(trials, write)
    write("spoilt fortnights: what was done, in which figure it is found, everything that is found")
    spoilt_ones, detected = SpoiltOnes(), 0
    for spoil in SPOILS:
        found_it, more = spoilt_ones.find(spoil)
        detected += found_it
        write(f"  {'ok ' if found_it else 'BAD'} {spoil.name}: {spoil.count} {more}")
    out = {
        "perfect": len(trials),
        "perfect_with_findings": bad,
        "spoilt": len(SPOILS),
        "found": detected,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(out))
    return 0 if bad == 0 and detected == len(SPOILS) else 1


if __name__ == "__main__":
    sys.exit(main())
