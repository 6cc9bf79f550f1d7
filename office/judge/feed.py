"""What is wrong with the feed runs themselves, and where there were none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from office.judge.model import Clock, Json, Run, Verdict
from office.judge.spans import say, seconds, total, without


def judge_runs(faults: Sequence[Json], runs: Sequence[Run], every: float, verdict: Verdict) -> set[int]:
    """Which runs may have brought facts, by their places; what is wrong with the others goes to the verdict."""
    trusted = set(range(len(runs)))
    for fault in faults:
        hit = _run_of_fault(fault, runs, every, verdict)
        if hit is None:
            continue
        trusted.discard(hit)
        run = runs[hit]
        name = f"the feed run of {say(run.as_of)}, which was {'empty' if fault['kind'] == 'empty' else 'to fail'}"
        if run.good:
            verdict.add("doubtful", f"{name}, is reported as good")
        if run.cancelled:
            verdict.add("feed_violations", f"{name}, cancelled {run.cancelled} contacts")
    at_fault = [seconds(f["at"]) for f in faults]
    for n, run in enumerate(runs):
        if not run.good and n in trusted and not any(f - 60 <= run.as_of <= f + 3 * every for f in at_fault):
            verdict.add("doubtful", f"the feed run of {say(run.as_of)} is not good, and no fault was planned")
    return trusted


def _run_of_fault(fault: Json, runs: Sequence[Run], every: float, verdict: Verdict) -> int | None:
    """The place of the first run from the fault on; None: it is not among the reported ones."""
    at = seconds(fault["at"])
    hit = sorted((r.as_of, n) for n, r in enumerate(runs) if r.as_of >= at - 1)
    if not hit:
        verdict.add("doubtful", f"no feed run is reported from {say(at)} on, where one was to be {fault['kind']}")
        return None
    place = hit[0][1]
    if runs[place].as_of > at + 3 * every + 60:
        verdict.add("doubtful", f"the run that was to be {fault['kind']} at {say(at)} is not among the reported ones")
        return None
    return place


def judge_gaps(start: float, good: Sequence[Run], clock: Clock, max_age: float, verdict: Verdict) -> None:
    """Where the feed did not run for long although the clock was not skipped."""
    if not good:
        verdict.add("doubtful", "no good feed run at all: nothing is asked for")
        return
    edges = [start, *(r.committed for r in good), clock.until]
    for low, high in pairwise(edges):
        run = without([(low, high)], clock.skipped)
        if total(run) > max_age:
            verdict.add("doubtful", f"no good feed run from {say(low)} to {say(high)}: nothing is asked for then")
