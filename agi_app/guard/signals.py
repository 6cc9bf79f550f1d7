"""The signals: each looks at one thing in a case and says how many points it is worth.

The points are few and round so that a person can add them up: 10 hardly anything, 40 enough to ask who is calling.
What the steps are worth was set on seeded call streams (``scripts/bench guard``) so that no legitimate caller is
rejected and few are challenged; docs/explanation/guard.md has the figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from agi_app.guard.call import CallerKind, Stir
from agi_app.guard.case import Family, GuardCase, GuardReason, because
from agi_app.guard.lists import ListOwner
from agi_app.guard.votes import tally

Steps = tuple[tuple[float, int], ...]  # (from this value on, points), the lowest first

FIRST_CONTACT = 10
NIGHT = 5
WITHHELD = 15
INVALID = 35
STIR_FAILED = 30
SHARED_LIST = 30
SCRIPT = 50
TALKED = -20
KNOWN_LONG = -15
STIR_FULL = -10
RUN: Steps = ((3, 40), (4, 50), (6, 60))
SWEEP: Steps = ((3, 40), (5, 50))
LINES_1M: Steps = ((3, 25), (5, 40))
LINES_1H: Steps = ((10, 15), (16, 30), (30, 45))
LINES_1D: Steps = ((25, 15), (45, 30))
AT_ONCE: Steps = ((2, 10), (3, 30), (5, 40))
CALLS_1H: Steps = ((20, 15), (40, 30))
DECOYS: Steps = ((1, 40), (2, 50), (3, 60))
ABORTED: Steps = ((3, 20), (6, 30))
RETRIES: Steps = ((3, 10), (6, 20))
CALLS_TO_LINE: Steps = ((8, 10), (15, 20))
FAILED: Steps = ((1, 10), (2, 25), (4, 45))
VOTES: Steps = ((0.8, 15), (1.6, 30), (3.0, 45))
BLOCK_10: Steps = ((0.5, 20), (1.5, 30), (3.0, 40))
BLOCK_100: Steps = ((3.0, 15), (6.0, 25), (12.0, 40))
PASS_HOLDS = dt.timedelta(days=30)
KNOWN_AFTER = dt.timedelta(days=7)
_NIGHT = range(7, 22)  # hours that are none


def signals(case: GuardCase) -> tuple[GuardReason, ...]:
    """All that speaks against a caller and for it, in the order of this file."""
    return tuple(reason for look in _ALL for reason in look(case))


def _points(steps: Steps, value: float) -> int:
    """What the highest step that the value reaches is worth."""
    return next((points for least, points in reversed(steps) if value >= least), 0)


def _novelty(case: GuardCase) -> Iterator[GuardReason]:
    if case.caller_kind is CallerKind.WITHHELD:
        yield GuardReason("withheld", Family.NUMBER, WITHHELD)
        return
    if case.first_seen is not None:
        return
    yield GuardReason("first_contact", Family.NOVELTY, FIRST_CONTACT)
    hour = case.now.astimezone(ZoneInfo(case.zone)).hour
    if hour not in _NIGHT:
        yield GuardReason("night", Family.NOVELTY, NIGHT, {"hour": hour})


def _number(case: GuardCase) -> Iterator[GuardReason]:
    if case.caller_kind is CallerKind.INVALID:
        yield GuardReason("number_invalid", Family.NUMBER, INVALID)
    if case.stir is Stir.FAILED:
        yield GuardReason("stir_failed", Family.NUMBER, STIR_FAILED)


def _counted(family: Family, *counts: tuple[str, Steps, int]) -> Iterator[GuardReason]:
    """A reason for each count that reaches a step."""
    for rule, steps, value in counts:
        if points := _points(steps, value):
            yield GuardReason(rule, family, points, {"n": value})


def _recent_calls(case: GuardCase) -> Iterator[GuardReason]:
    """How it goes through our numbers, lets them ring and answers challenges."""
    r = case.recent
    if _points(RUN, r.run):
        yield from _counted(Family.DIALLING, ("run", RUN, r.run))
    elif not case.talked:
        yield from _counted(Family.SWEEP, ("sweep", SWEEP, r.sweep))
    yield from _counted(
        Family.DIALLING,
        ("lines_1m", LINES_1M, r.lines_1m),
        ("lines_1h", LINES_1H, r.lines_1h),
        ("lines_1d", LINES_1D, r.lines_1d),
        ("calls_1h", CALLS_1H, r.calls_1h),
        ("at_once", AT_ONCE, r.at_once),
        ("calls_to_line", CALLS_TO_LINE, r.calls_to_line_1d),
    )
    yield from _counted(Family.DECOY, ("decoys", DECOYS, r.decoy_lines_1d))
    yield from _counted(Family.RINGING, ("aborted", ABORTED, r.aborted_1d), ("retries", RETRIES, r.quick_retries_1d))
    yield from _counted(Family.ANSWERING, ("challenge_failed", FAILED, r.challenges_failed_1d))


def _block(case: GuardCase) -> Iterator[GuardReason]:
    points = max(_points(BLOCK_10, case.block_10), _points(BLOCK_100, case.block_100))
    if points:
        near = {"ten": f"{case.block_10:.1f}", "hundred": f"{case.block_100:.1f}"}
        yield GuardReason("block", Family.BLOCK, points, near)


def _reports(case: GuardCase) -> Iterator[GuardReason]:
    found = tally(case.votes, case.now, () if case.last_seen is None else (case.last_seen,), case.passed_at)
    if points := _points(VOTES, found.weight):
        yield GuardReason("votes", Family.REPORTS, points, {"n": found.voters, "weight": f"{found.weight:.1f}"})
    if (hit := next((h for h in case.hits if h.owner is ListOwner.SHARED and not h.allow), None)) is not None:
        yield because(hit, "shared_list", Family.REPORTS, SHARED_LIST, {})


def _speech(case: GuardCase) -> Iterator[GuardReason]:
    if (hit := case.script) is not None:
        values = {"script": hit.script, "share": f"{hit.share:.0%}", "words": hit.words}
        yield GuardReason("script", Family.SPEECH, SCRIPT, values)


def _trust(case: GuardCase) -> Iterator[GuardReason]:
    if case.talked:
        yield GuardReason("talked", Family.TRUST, TALKED)
    if case.first_seen is not None and case.now - case.first_seen >= KNOWN_AFTER and case.recent.answered_1d:
        yield GuardReason("known_long", Family.TRUST, KNOWN_LONG)
    if case.stir is Stir.FULL:
        yield GuardReason("stir_full", Family.TRUST, STIR_FULL)


_ALL: tuple[Callable[[GuardCase], Iterator[GuardReason]], ...] = (
    _novelty, _number, _recent_calls, _block, _reports, _speech, _trust,
)  # fmt: skip
