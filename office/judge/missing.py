"""Who had to be called, and was not."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from office.judge.consents import consent_spans
from office.judge.evidence import Evidence
from office.judge.model import Appointment, Call, Version, Window
from office.judge.room import enough, is_long_enough, open_for
from office.judge.spans import INF, Spans, cut, join, say, total

NEAR_S = 600  # points that begin so near each other share the pace

Point = tuple[int, Window, str]  # version, point, and why it was no call that it lacks


@dataclass(frozen=True)
class Context:
    """What concerns all appointments."""

    fresh: Spans  # when the feed was fresh enough for a call
    starts: list[float]  # where the points of all begin, sorted

    def near(self, w: Window) -> int:
        """How many points begin at about the same time."""
        return bisect_right(self.starts, w.start + NEAR_S) - bisect_right(self.starts, w.start - NEAR_S)


@dataclass
class Missed:
    """The points of one appointment: whether a call had to be made at any, and where none was."""

    must: bool = False
    sure: list[Point] = field(default_factory=list)
    unsure: list[Point] = field(default_factory=list)


def judge_missing(e: Evidence) -> int:
    """Counts who had to be called, and names who was not."""
    fresh = join((r.committed, r.committed + e.limits.max_age) for r in e.good)
    starts = sorted(w.start for a in e.appointments.values() for plans in a.plans for w in plans)
    context = Context(fresh, starts)
    callable_count = 0
    for a in e.appointments.values():
        if any(n in e.shared for n in a.numbers):
            continue
        missed = Missed()
        for n, v in enumerate(a.versions):
            if v.row is None:
                continue
            late = {w.point: w for w in a.late_plans[n]}
            for w in (late[w.point] for w in a.plans[n] if w.point in late):
                _judge_point(e, a, (n, w), context, missed)
        callable_count += missed.must
        _name_missing(e, a, missed)
    return callable_count


def _judge_point(e: Evidence, a: Appointment, at: tuple[int, Window], context: Context, missed: Missed) -> None:
    n, w = at
    v = a.versions[n]
    tried = _tried(e, a, n, w)
    first = min((x.at for x in tried), default=INF)
    base = open_for(e, a, v, context.fresh, first)
    until = min(w.until, _changed(a, v), e.clock.until)
    free = cut(base, [(max(w.start, v.must), until)])
    near = context.near(w)
    kept = enough(e, w, free, near, until)
    missed.must = missed.must or kept == "yes"
    if tried:
        _judge_further(e, a, at, tried, (open_for(e, a, v, context.fresh, INF), until, near))
    elif kept == "yes":
        missed.sure.append((n, w, f"{total(free) / 60:.0f} min were open for it"))
    elif kept == "maybe":
        missed.unsure.append((n, w, "too little time at this speed of the clock"))


def _changed(a: Appointment, v: Version) -> float:
    """When the next change was written: from then on nothing is asked for on the old facts."""
    return min((t for t, row in a.events if t > v.written and row != v.row), default=INF)


def _tried(e: Evidence, a: Appointment, n: int, w: Window) -> list[Call]:
    """Calls that may have been made for this point."""
    out = [x for x, h in zip(a.calls, a.histories[0], strict=True) if h == (n, w.point)]
    following = a.must_after(n)
    for x in a.calls:
        tolerance = e.clock.tolerance(x.at)
        inside = w.start - tolerance <= x.at <= min(max(w.until, w.latest), following) + tolerance
        if x not in out and inside:
            out.append(x)
    return sorted((x for x in out if x.how != "cancelled"), key=lambda x: x.at)


def _judge_further(
    e: Evidence, a: Appointment, at: tuple[int, Window], tried: list[Call], room: tuple[Spans, float, int]
) -> None:
    """After somebody was not reached: the next number, or the retry, before the next point.

    ``room``: when the appointment could be called, until when that is asked for, and how many points are near.
    """
    here = [x for x in tried if x.how in ("no_answer", "busy", "invalid")]
    if not here or len(tried) != len(here):
        return
    n, w = at
    base, stop_at, near = room
    last = max(here, key=lambda x: x.at)
    margin = e.clock.tolerance(last.at)
    found = _next_try(e, a, here, last, margin)
    if found is None:
        return
    earliest, what, spans = found
    # the plan of the version that the call was made by ends where its next point may begin
    until = min([w.until, stop_at] + [x.start for x in a.plans[n] if x.point > w.point])
    free = cut(cut(base, spans), [(earliest + margin, until)])
    if is_long_enough(e, free, near) and not any(x.at > last.at and x.at <= until for x in a.calls):
        e.verdict.add("points_missed", f"{a.id}: after {last} {what} was not called until {say(until)}")


def _next_try(
    e: Evidence, a: Appointment, here: list[Call], last: Call, margin: float
) -> tuple[float, str, Spans] | None:
    """From when on the next try is due, what it is, and when consents let it be made; None: no further try."""
    names = {x.number for x in here}
    spans_of = {x: consent_spans(e.facts, x, margin) for x in a.numbers}
    left = [x for x in a.numbers if x not in names and any(high > last.at for _, high in spans_of[x])]
    if left:
        return last.ended, f"{left[0]}, the next number,", join(s for name in left for s in spans_of[name])
    rounds = max(sum(1 for x in here if x.number == name) for name in names)
    delays = e.limits.retry.get(last.how, ())
    if rounds > len(delays):
        return None
    return last.at + delays[rounds - 1], "the retry", [(-INF, INF)]


def _name_missing(e: Evidence, a: Appointment, missed: Missed) -> None:
    if not missed.sure:
        for _, w, why in missed.unsure:
            e.verdict.add("doubtful", f"{a.id}: not called at the point of {say(w.start)} to {say(w.latest)}: {why}")
        return
    for version in sorted({n for n, _, _ in missed.sure}):
        v = a.versions[version]
        here = [(w, why) for n, w, why in missed.sure if n == version]
        w, why = here[0]
        when = f"the appointment {say(v.row.appointment)}" if v.row else ""
        point = f"due from {say(w.start)} ({w.kind}); {why}"
        if any(v.may - 1 <= x.at <= a.must_after(version) and x.how != "cancelled" for x in a.calls):
            # "due again, once per change": whether later points count, too, is open for somebody who was reached before
            reached = any(x.how == "answered" and x.at < v.must for x in a.calls)
            for w, why in here:
                text = f"{a.id}, {when}: no call at the point of {say(w.start)} ({w.kind}); {why}"
                e.verdict.add("doubtful" if reached else "points_missed", text)
        elif a.calls:
            text = f"{a.id}: not called again for {when}, moved at {say(v.written)}; {point}"
            e.verdict.add("callable_not_called", text)
            return
        else:
            e.verdict.add("callable_not_called", f"{a.id}: never called for {when}; {point}")
            return
