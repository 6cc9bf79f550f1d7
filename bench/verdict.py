"""Whether each call was a success, judged by the carrier's capture and, for agi-app, the stored results. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from sandbox.sip import CarrierCall, overlapping

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stored:
    """What agi-app says of one attempt."""

    number: str
    marked_at: float  # epoch seconds by the database's clock, before the mark was durable
    outcome: str
    disposition: str
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The carrier's view of one side's calls. Times in milliseconds."""

    calls: int
    rate: float  # first INVITEs a second
    success: float  # of those that were to be called
    double_dials: int
    answer_to_bye_ms: dict[str, float]


def judge(calls: Sequence[CarrierCall], wanted: Sequence[str], understood: Set[str]) -> Verdict:
    """``wanted``: who was to be called; ``understood``: whose key came through."""
    good = {c.to_user for c in calls if c.answered_at is not None and c.bye_from == "us" and c.to_user in understood}
    span = calls[-1].invite_at - calls[0].invite_at if len(calls) > 1 else 0.0
    again = len(calls) - len({c.to_user for c in calls})
    lengths = [c.bye_at - c.answered_at for c in calls if c.bye_at is not None and c.answered_at is not None]
    return Verdict(
        calls=len(calls),
        rate=round((len(calls) - 1) / span, 2) if span else 0.0,
        success=len(good & set(wanted)) / len(wanted),
        double_dials=max(again, len(overlapping(calls))),
        answer_to_bye_ms=quantiles(lengths),
    )


def confirmed(stored: Iterable[Stored]) -> set[str]:
    """Numbers whose key was understood and whose result is the right one."""
    return {
        s.number
        for s in stored
        if s.disposition == "confirmed" and s.outcome in ("answered", "human") and s.answers.get("answer") == "yes"
    }


def mark_to_invite(calls: Iterable[CarrierCall], stored: Iterable[Stored]) -> dict[str, float]:
    """From the mark's statement (before its commit) to the first INVITE at the carrier."""
    invited = {c.to_user: c.invite_at for c in calls}
    return quantiles([invited[s.number] - s.marked_at for s in stored if s.number in invited])


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds; empty without figures."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] * 1000, 1) for p in (50, 99)}


def most_at_once(calls: Iterable[CarrierCall]) -> int:
    """How many calls were open at the same time, at most, from the INVITE to the end."""
    turns = sorted((at, step) for c in calls for at, step in ((c.invite_at, 1), (c.open_until, -1)))
    return max(itertools.accumulate(step for _, step in turns), default=0)


def tenths(ordered: Sequence[_T]) -> tuple[Sequence[_T], Sequence[_T]]:
    """The first and the last tenth of what happened one after another; at least one each."""
    size = max(1, len(ordered) // 10)
    return ordered[:size], ordered[-size:]


def grew(first: Mapping[str, float], last: Mapping[str, float]) -> bool:
    """Whether waits are longer at the end than chance makes them: the median by half and 5 ms. True without figures."""
    return "p50" not in first or "p50" not in last or last["p50"] > first["p50"] * 1.5 + 5.0
