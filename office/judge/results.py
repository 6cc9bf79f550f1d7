"""Joins the results in the office's database with the calls that the carrier saw."""

from __future__ import annotations

from office.judge.evidence import Evidence
from office.judge.model import Call, Result
from office.judge.spans import say

STARTED_OFF_S = 120.0  # how far the start in a result may be from the INVITE, in rules seconds
STARTED_OFF_REAL_S = 5  # or in real seconds, if that is more
OUTCOMES: dict[str, tuple[str, ...]] = {
    "answered": ("answered", "human"),
    "no_answer": ("no_answer",),
    "busy": ("busy",),
    "declined": ("rejected",),
    "invalid": ("invalid_number",),
    "cancelled": ("cancelled", "no_answer"),
    "failed": ("failed", "congestion", "trunk_silent"),
}
DISPOSITION_OF = {"stop": ("opted_out",), "wrong": ("wrong_number",)}


def match(e: Evidence) -> None:
    """Joins results with calls: the same number, begun at the same time, one with one; and compares each pair."""
    single = _one_a_key(e)
    numbers = _numbers(e, single)
    _join(e, single, numbers)
    for c in e.calls:
        found = e.result_of.get(c.n, [])
        if found:
            _compare(e, c, found[0])
        elif c.how != "cancelled":
            e.verdict.add("results_mismatch", f"{c} has no result")


def _one_a_key(e: Evidence) -> list[Result]:
    """The first result of each key."""
    by_key: dict[str, list[Result]] = {}
    for r in e.results:
        by_key.setdefault(r.key, []).append(r)
    for key, same in by_key.items():
        facts = {(r.id, r.place, r.outcome, r.started) for r in same}
        if len(facts) > 1:
            e.verdict.add("results_mismatch", f"the key {key} has {len(facts)} different results ({same[0].id})")
        elif len(same) > 1:
            e.verdict.add(
                "doubtful",
                f"the result with the key {key} ({same[0].id}) is there {len(same)} times, each the same",
            )
    return [same[0] for same in by_key.values()]


def _numbers(e: Evidence, single: list[Result]) -> dict[int, str]:
    """The number of each result whose appointment has one at its place."""
    numbers: dict[int, str] = {}
    for r in single:
        a = e.appointments.get(r.id)
        if a is None or not 1 <= r.place <= len(a.numbers):
            e.verdict.add("results_mismatch", f"result {r.key} is for {r.id}, number {r.place}, which does not exist")
            continue
        numbers[r.n] = a.numbers[r.place - 1]
    return numbers


def _join(e: Evidence, single: list[Result], numbers: dict[int, str]) -> None:
    """Gives each call its result, the nearest in time first; what is left over is a mismatch."""
    pairs = sorted(_near(e, single, numbers))
    of_result = {r.n: r for r in single}
    taken: set[int] = set()
    for _, rn, cn in pairs:
        if rn not in taken and cn not in e.result_of:
            taken.add(rn)
            e.result_of[cn] = [of_result[rn]]
    for _, rn, cn in pairs:
        if rn not in taken:
            taken.add(rn)
            r = of_result[rn]
            e.result_of[cn].append(r)
            e.verdict.add("results_mismatch", f"{e.calls[cn - 1]} has a second result, {r.key} of {r.id}")
    for r in single:
        if r.n in numbers and r.n not in taken:
            e.verdict.add(
                "results_mismatch",
                f"result {r.key} of {r.id}, number {r.place} ({numbers[r.n]}), begun {say(r.started)}: no such call",
            )


def _near(e: Evidence, single: list[Result], numbers: dict[int, str]) -> list[tuple[float, int, int]]:
    """Each result with each call of its number that began near it: seconds between them, result, call."""
    by_number: dict[str, list[Call]] = {}
    for c in e.calls:
        by_number.setdefault(c.number, []).append(c)
    return [
        (abs(c.at - r.started), r.n, c.n)
        for r in single
        for c in by_number.get(numbers.get(r.n, ""), [])
        if abs(c.at - r.started) <= max(STARTED_OFF_S, STARTED_OFF_REAL_S * e.clock.ratio(c.at))
    ]


def _compare(e: Evidence, c: Call, r: Result) -> None:
    if r.outcome in OUTCOMES.get(c.how, ()):
        wanted = DISPOSITION_OF.get(c.behaviour)
        if wanted and c.how == "answered" and r.disposition is not None and r.disposition not in wanted:
            e.verdict.add(
                "results_mismatch",
                f"{c} of {r.id}: the person chose {wanted[0]}, the result says {r.disposition}",
            )
    elif r.outcome == "interrupted" or (c.how == "answered" and r.outcome in ("no_media", "abandoned")):
        e.verdict.add("doubtful", f"{c} of {r.id}: the result says {r.outcome}")
    elif c.how == "no_answer" and r.outcome == "cancelled":
        e.verdict.add("doubtful", f"{c} of {r.id}: the result says cancelled, the carrier saw it ring to its end")
    else:
        e.verdict.add("results_mismatch", f"{c} of {r.id}: the result says {r.outcome}")
