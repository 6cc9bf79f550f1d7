"""``python -m tests.fuzz TARGET``: many seeded cases against one part of agi-app; scripts/fuzz is how to call it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

Run = Callable[[int, int, int | None], int]  # of cases, of a seed, or only one of them: an exit status


@dataclass(frozen=True, slots=True)
class Target:
    """One part that can be tried. Its module is imported when it is chosen: that of the API takes seconds."""

    module: str
    cases: int  # how many unless told otherwise
    what: str

    @property
    def run(self) -> Run:
        """What tries it."""
        return cast(Run, import_module(f"tests.fuzz.{self.module}").run)


TARGETS = {
    "gate": Target("gate", 100_000, "the gate against an independent judge of calls"),
    "api": Target("api", 50_000, "the REST API by requests made from its document"),
    "agi": Target("agi", 100_000, "the FastAGI server by hostile peers"),
    "files": Target("files", 100_000, "the readers of others' files"),
    "flows": Target("flow_files", 50_000, "the checks on spoilt flow files"),
}


def main() -> int:
    """Exit status: 0 no case failed, 1 one did, 2 wrong arguments, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Try many seeded cases on one part of agi-app.")
    targets = parser.add_subparsers(dest="target", required=True, metavar="TARGET")
    for name, target in TARGETS.items():
        options = targets.add_parser(name, help=target.what, description=f"Try {target.what}.")
        options.add_argument("--cases", type=int, default=target.cases, help="how many (default %(default)s)")
        options.add_argument("--seed", type=int, default=0, help="which cases; the same seed makes the same ones")
        options.add_argument("--only", type=int, metavar="CASE", help="this case of the seed alone")
    chosen = parser.parse_args()
    if chosen.cases < 1:
        parser.error("--cases must be above zero")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when a shell in the background had it ignored
    try:
        return TARGETS[chosen.target].run(chosen.cases, chosen.seed, chosen.only)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
