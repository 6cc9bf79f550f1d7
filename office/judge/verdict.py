"""The whole verdict on a fortnight."""

from __future__ import annotations

from office.judge.calls import judge_calls
from office.judge.evidence import Evidence
from office.judge.feed import judge_gaps
from office.judge.missing import judge_missing
from office.judge.model import COUNTS, MORE_COUNTS, Json
from office.judge.results import match
from office.judge.spans import seconds


def judge(s: Json, calls: list[Json], runs: list[Json], results: list[Json], run: Json | None = None) -> Json:
    """The verdict on a fortnight. Nothing that is passed in is changed.

    Raises KeyError or ValueError for what docs/explanation/clinics-fortnight.md does not describe.
    """
    return judged(Evidence(s, calls, runs, results, run or {}))


def judged(e: Evidence) -> Json:
    """Judges the evidence, once: afterwards `told` can say what is known of each appointment."""
    match(e)
    judge_calls(e)
    callable_count = judge_missing(e)
    judge_gaps(seconds(e.s["start"]), e.good, e.clock, e.limits.max_age, e.verdict)
    lists = {k: sorted(set(v)) for k, v in e.verdict.lists.items()}
    doubtful = sorted(set(e.verdict.doubtful))
    missing = {sentence.split(":")[0].split(",")[0] for sentence in lists["callable_not_called"]}
    out: Json = {"appointments": len(e.appointments), "callable": callable_count}
    for k in COUNTS + MORE_COUNTS:
        out[k] = len(missing) if k == "callable_not_called" else len(lists[k])
    out["doubtful"] = len(doubtful)
    out["details"] = [f"{k}: {sentence}" for k, v in lists.items() for sentence in v]
    out["doubtful_details"] = doubtful
    return out


def is_good(verdict: Json) -> bool:
    """Whether every figure but the doubtful one is 0."""
    return sum(int(verdict[k]) for k in (*COUNTS, *MORE_COUNTS)) == 0
