"""CPU a call of this commit's agi-app against another commit's, at one rate, in turn: the half-load part of ``calls``.

Pairs in the order ABBA, so that whatever else the machine does meets both. Each trial has a fresh Asterisk, database
and worker, all of the commit that it tries (its own configuration of Asterisk, too); Python, the packages, SIPp and the
root of Asterisk are the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.output import machine, say
from sandbox.errors import SandboxError

REPOSITORY = Path(__file__).resolve().parent.parent
PAIRS, CALLS = 6, 1_200
RATIO = 1.10  # the median of the pairs' ratios, for Python with PostgreSQL and for Asterisk
LEAST_SUCCESS = 0.99  # of a trial's calls: one with fewer tells nothing of what a call costs
TRIAL = Path(__file__).resolve().with_name("half_trial.py")
SET_UP_S = 180.0  # of a trial, beyond its calls
OURS, OTHER = "this", "other"


def run(root: Path, rate: float, against: str, calls: int = CALLS, pairs: int = PAIRS) -> dict[str, Any]:
    """All trials; medians of both sides, their ratios, and every trial."""
    before = machine()
    with checkout(against) as other:
        folders = {OURS: REPOSITORY, OTHER: other}
        tries: dict[str, list[dict[str, Any]]] = {OURS: [], OTHER: []}
        for pair in range(1, pairs + 1):
            for side in order(pair):
                tries[side].append(_trial(folders[side], root, rate, calls))
                say(f"   pair {pair}, {side}: {tries[side][-1]}")
    sides = {side: medians(tries[side]) for side in tries}
    return {
        "bench": "half-load",
        **before,
        "load_after": machine()["load"],
        "rate": rate,
        "calls": calls,
        "commits": {OURS: commit_of("HEAD"), OTHER: commit_of(against)},
        **sides,
        "ratio": ratios(tries[OURS], tries[OTHER]),
        "tries": tries,
    }


def faults(record: Mapping[str, Any]) -> list[str]:
    """What grew by more than it may, or did not work."""
    found = [
        f"{name} takes {ratio} times the CPU a call of {record['commits'][OTHER]}, more than {RATIO}"
        for name, ratio in record["ratio"].items()
        if name in ("python_and_postgresql", "asterisk") and ratio > RATIO
    ]
    trials = [(side, one) for side in (OURS, OTHER) for one in record["tries"][side]]
    found += [f"{one['double_dials']} double dials" for _, one in trials if one["double_dials"]]
    lost = [side for side, one in trials if one["success"] < LEAST_SUCCESS]
    return found + [f"a trial of {record['commits'][side]} lost calls: its pair is left out" for side in lost]


def order(pair: int) -> tuple[str, str]:
    """Who goes first in this pair, counted from 1: A B, B A, A B …"""
    return (OURS, OTHER) if pair % 2 else (OTHER, OURS)


def medians(tries: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Of each figure over one side's trials; CPU in milliseconds a call."""
    parts = ("python", "postgresql", "asterisk")
    figures: dict[str, list[float]] = {f"{part}_ms": [one["cpu_ms"][part] for one in tries] for part in parts}
    figures["python_and_postgresql_ms"] = [one["cpu_ms"]["python"] + one["cpu_ms"]["postgresql"] for one in tries]
    for name in ("first_audio_p99_ms", "key_to_audio_p99_ms", "success"):
        figures[name] = [one[name] for one in tries if one[name] is not None]
    return {name: round(statistics.median(values), 3) if values else None for name, values in figures.items()}


def ratios(ours: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The median of the pairs' ratios, ours by the other's, for each CPU figure; a pair that lost calls is left out.

    Of pairs, since what else the machine does slows both of one alike.
    """
    pairs = [pair for pair in zip(ours, other, strict=True) if min(one["success"] for one in pair) >= LEAST_SUCCESS]
    names = {
        **{name: (name,) for name in ("python", "postgresql")},
        "python_and_postgresql": ("python", "postgresql"),
        "asterisk": ("asterisk",),
    }
    found = {
        name: [sum(mine["cpu_ms"][p] for p in parts) / sum(its["cpu_ms"][p] for p in parts) for mine, its in pairs]
        for name, parts in names.items()
    }
    return {name: round(statistics.median(values), 3) for name, values in found.items() if values}


@contextlib.contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A work tree of the commit, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="agi-app-other-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _trial(folder: Path, root: Path, rate: float, calls: int) -> dict[str, Any]:
    argv = [sys.executable, "-P", str(TRIAL), str(root), str(rate), str(calls)]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    limit = calls / rate + SET_UP_S
    try:
        done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"a trial in {folder} did not end within {limit:.0f} s") from error
    if done.returncode != 0:
        raise SandboxError(f"a trial in {folder} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def commit_of(name: str) -> str:
    """The short name of a commit."""
    return _git("rev-parse", "--short", name).strip()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(REPOSITORY), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
