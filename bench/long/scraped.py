"""What it costs to be watched: the main job with a scrape of the worker each five seconds, and without.

Pairs in the order ABBA; each trial has a fresh Asterisk, carrier, database and worker. The carrier's capture says
how many calls a second left.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import main_job
from bench.main_job import Job
from bench.output import machine, say
from bench.stage import stage

PAIRS = 6
EVERY_S = 5.0
RATIO = 0.98  # the median of the pairs' ratios of rates
WATCHED, ALONE = "watched", "alone"
PORT = "AGI_APP_MONITOR__PORT"


def run(root: Path, job: Job, pairs: int = PAIRS) -> dict[str, Any]:
    """All trials; the rates of both sides, and the median of their ratios."""
    before = machine()
    tries: dict[str, list[dict[str, Any]]] = {WATCHED: [], ALONE: []}
    for pair in range(1, pairs + 1):
        for side in (WATCHED, ALONE) if pair % 2 else (ALONE, WATCHED):
            tries[side].append(_trial(root, job, watched=side == WATCHED))
            say(f"   pair {pair}, {side}: {tries[side][-1]}")
    return {
        "bench": "scraped",
        **before,
        "load_after": machine()["load"],
        "calls": job.calls,
        "offered": job.rate,
        "rate": {side: statistics.median(one["rate"] for one in found) for side, found in tries.items()},
        "ratio": ratio(tries[WATCHED], tries[ALONE]),
        "scrape_ms": scrapes(tries[WATCHED]),
        "tries": tries,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the runs did not reach."""
    found = [] if record["ratio"] >= RATIO else [f"watched it has {record['ratio']} of the rate, less than {RATIO}"]
    every = [(side, one) for side, tries in record["tries"].items() for one in tries]
    found += [f"{side}: success {one['success']:.2%}" for side, one in every if one["success"] < main_job.SUCCESS]
    found += [f"{side}: {one['double_dials']} double dials" for side, one in every if one["double_dials"]]
    missed = sum(one["scrapes_failed"] for side, one in every if side == WATCHED)
    return found + ([f"{missed} scrapes failed"] if missed else [])


def ratio(watched: Sequence[dict[str, Any]], alone: Sequence[dict[str, Any]]) -> float:
    """The median of the pairs' ratios, watched by alone: what else the machine does slows both of a pair."""
    pairs = zip(watched, alone, strict=True)
    return round(statistics.median(float(mine["rate"] / its["rate"]) for mine, its in pairs), 4)


def scrapes(tries: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The median and the longest scrape of the worker, in milliseconds."""
    times = [took for one in tries for took in one["scrape_ms"]]
    return {"median": statistics.median(times), "longest": max(times)} if times else {}


def _trial(root: Path, job: Job, *, watched: bool) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    before = os.environ.get(PORT)
    os.environ[PORT] = str(port)  # the worker serves in both; only one is asked
    try:
        with stage(root, "scraped", job.rate) as ready, _asked(port if watched else None) as asked:
            done = main_job.ours(ready, job)
    finally:
        if before is None:
            del os.environ[PORT]
        else:
            os.environ[PORT] = before
    kept = {name: done[name] for name in ("rate", "success", "double_dials", "mark_to_invite_ms", "cpu_ms")}
    return {**kept, "scrape_ms": asked.took_ms, "scrapes_failed": asked.failed, "page_bytes": asked.size}


class Asked:
    """What the scrapes of one trial took."""

    def __init__(self) -> None:
        self.took_ms: list[float] = []
        self.failed = self.size = self._unanswered = 0

    def scrape(self, port: int) -> None:
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=EVERY_S) as answer:
                self.size = len(answer.read())
        except OSError:
            self._unanswered += 1
        else:  # before the worker has begun, and after its end, nobody answers: only a gap between two counts
            self.failed, self._unanswered = self.failed + (self._unanswered if self.took_ms else 0), 0
            self.took_ms.append(round((time.monotonic() - began) * 1000, 1))


@contextlib.contextmanager
def _asked(port: int | None) -> Iterator[Asked]:
    """Scrape as Prometheus does until the block ends; None: not at all."""
    asked, over = Asked(), threading.Event()

    def work(at: int) -> None:
        while not over.wait(EVERY_S):
            asked.scrape(at)

    thread = None if port is None else threading.Thread(target=work, args=(port,), daemon=True)
    if thread is not None:
        thread.start()
    try:
        yield asked
    finally:
        over.set()
        if thread is not None:
            thread.join(EVERY_S)
