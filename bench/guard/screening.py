"""How well the guard tells nuisance callers from others: E1 behaviour, E2 repeated scripts, E5 call streams.

The data are of others and no part of the project: DIR holds one ``sichuan*.csv``, one ``ftc_transcripts*.csv`` and,
if there is one, ``benign.txt`` (a line a call). docs/explanation/guard.md says what the figures mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.guard import scripts as guard_scripts
from bench.guard import stream as guard_stream
from bench.guard.intervals import Figure
from bench.output import machine, say
from sandbox.errors import SandboxError


def run(folder: Path) -> dict[str, Any]:
    """Every test once; a figure with its 95 % interval, how many it is of, and its target if it has one."""
    try:
        from bench.guard import behaviour as guard_behaviour
    except ModuleNotFoundError as error:
        raise SandboxError(f"the package {error.name} is not installed: use scripts/bench guard") from error
    before = machine()
    record: dict[str, Any] = {"bench": "guard", **before}
    points: list[str] = []

    def behaviour() -> list[Figure]:
        figures, lines = guard_behaviour.run(folder)
        points.extend(lines)
        return figures

    for name, test in (
        ("E1", behaviour),
        ("E2", lambda: guard_scripts.run(folder)),
        ("E5", guard_stream.run),
    ):
        record[name] = _timed(name, test)
    return {**record, "points": points, "load_after": machine()["load"]}


def faults(record: dict[str, Any]) -> list[str]:
    """What did not reach its target, and by how much."""
    return [
        f"{test} {name}: {found['figure']:.4g} [{found['low']:.4g}, {found['high']:.4g}], "
        f"{found['target_is']} {found['target']:.4g} is wanted, off by {abs(found['figure'] - found['target']):.4g}"
        for test in ("E1", "E2", "E5")
        for name, found in record[test].items()
        if isinstance(found, dict) and not found.get("reached", True)
    ]


def report(record: dict[str, Any]) -> str:
    """The figures as a table to read, and the points."""
    lines = []
    for test in ("E1", "E2", "E5"):
        lines.append(f"{test} ({record[test]['seconds']} s)")
        lines += [_line(name, found) for name, found in record[test].items() if isinstance(found, dict)]
    return "\n".join([*lines, "Points of the readable model of E1:", *(f"  {line}" for line in record["points"])])


def _line(name: str, found: dict[str, Any]) -> str:
    target = f"{found['target_is']} {found['target']:g}" if "target" in found else ""
    verdict = {True: "reached", False: "MISSED"}.get(found.get("reached"), "")  # type: ignore[arg-type]
    interval = f"[{found['low']:.5g}, {found['high']:.5g}]"
    return f"  {name:38} {found['figure']:<9.5g} {interval:22} n={found['n']:<7} {target:17} {verdict}".rstrip()


def _timed(name: str, test: Callable[[], list[Figure]]) -> dict[str, Any]:
    say(f"== {name}")
    began = time.perf_counter()
    figures = test()
    found: dict[str, Any] = {figure.name: figure.record() for figure in figures}
    return {**found, "seconds": round(time.perf_counter() - began, 1)}
