"""Whether there was room for a call: when an appointment could be called, and whether that was time enough."""

from __future__ import annotations

from office.judge.consents import consent_spans
from office.judge.evidence import Evidence
from office.judge.model import Appointment, Version, Window
from office.judge.spans import INF, Spans, cut, join, total, without

ENOUGH_S = 600.0  # rules seconds that are enough for a call, unless it takes more real time
ENOUGH_REAL_S = 60  # real seconds, and those that the pace needs for all who are due then
CALL_LENGTH_S = 40  # of real time: so many seconds a call occupies a channel


def open_for(e: Evidence, a: Appointment, v: Version, fresh: Spans, first: float) -> Spans:
    """When this appointment could be called; what its own calls from `first` on changed is left out."""
    if v.row is None:
        raise ValueError(f"{a.id}: a version without a row has no time in which to call")
    person = frozenset().union(*(e.persons[n] for n in a.numbers))
    stops = [t for m in person for t, _ in e.facts.stops.get(m, [])]
    asked = [x.at for x in a.calls if x.behaviour == "later" and x.how == "answered" and e.limits.call_back is not None]
    over = min([t for t in (a.over_at, *stops, *asked) if t < first], default=INF)
    absent = {x.number for x in a.calls if x.how == "invalid" and x.at < first}  # nothing says that it is called again
    spans = without(cut(e.openings(v.row.preferred), fresh), [*e.clock.skipped, *e.paused, (over, INF)])
    margin = e.clock.tolerance(v.must)
    spans = cut(spans, join(s for x in a.numbers if x not in absent for s in consent_spans(e.facts, x, margin, first)))
    return without(spans, _blocked(e, person, a, first))


def _blocked(e: Evidence, person: frozenset[str], a: Appointment, first: float) -> Spans:
    """When caps and gaps let nobody call this person; calls of which nobody knows whether they count do so here."""
    calls = [x for n in person for x in e.calls_of_number.get(n, []) if x.appointment != a.id or x.at < first]
    calls.sort(key=lambda x: x.at)
    counted = [x for x in calls if x.counts is not False]
    out: Spans = [(x.at, x.ended + 1) for x in calls]
    for most, span in e.limits.caps:
        for n in range(len(counted) - most + 1):
            one, last = counted[n], counted[n + most - 1]
            if last.at - one.at < span:
                out.append((last.at, one.at + span + e.clock.tolerance(last.at)))
    out += [(x.at, x.at + e.limits.gap_declined) for x in calls if x.how == "declined"]
    return join(out)


def is_long_enough(e: Evidence, free: Spans, near: int) -> bool:
    """Whether a call can be made in it: ten minutes of the rules, a minute of real time, and the pace for all who wait.

    Each part counts by its own speed of the clock: it may be another day than the one the point was due.
    """
    real = sum((high - low) / max(e.clock.ratio(low), 1e-9) for low, high in free)
    return total(free) >= ENOUGH_S and real >= _real_need(e, near)


def _real_need(e: Evidence, near: int) -> float:
    per_second = min(e.limits.per_second, e.limits.concurrent / CALL_LENGTH_S)
    return ENOUGH_REAL_S + near / per_second


def enough(e: Evidence, w: Window, free: Spans, near: int, until: float) -> str:
    """Whether there was time enough: yes, maybe (the clock ran too fast), no."""
    if w.kind != "moved":
        return "yes" if is_long_enough(e, free, near) else "no"
    if is_long_enough(e, [(low, high) for low, high in free if low >= w.latest], near):
        return "yes"
    first = cut(free, [(w.start, w.latest)])
    part = 0.97 * min(e.limits.spread, w.latest - w.opening_start)
    if until < w.latest or total(first) < part:
        return "no"
    real = (w.latest - w.start) / max(e.clock.ratio(w.start), 1e-9)
    paced = e.clock.ratio(w.start) <= 1.0 and real >= 2 * near
    return "yes" if real >= _real_need(e, near) or paced else "maybe"
