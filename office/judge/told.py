"""What is known of one appointment, for somebody who wants to argue with a verdict."""

from __future__ import annotations

from collections.abc import Iterator

from office.judge.consents import consent_spans
from office.judge.evidence import Evidence
from office.judge.model import Appointment, Row
from office.judge.spans import INF, say


def told(e: Evidence, appointment: str) -> list[str]:
    """The lines about an appointment, after it was judged. KeyError for an id that the scenario does not have."""
    a = e.appointments[appointment]
    return [
        f"{a.id} {a.tags} numbers {a.numbers}",
        *_versions(a),
        *_numbers(e, a),
        f"  its calls may be read as (version, point): {a.histories[:3]}",
    ]


def _versions(a: Appointment) -> Iterator[str]:
    for n, v in enumerate(a.versions):
        row = _row(v.row) if v.row else "not to be called"
        yield f"  version {n}: written {say(v.written)}, known between {say(v.may)} and {say(v.must)}: {row}"
        for w in a.plans[n]:
            span = f"from {say(w.start)}, come by {say(w.latest)}, until {say(w.until)}"
            yield f"    point {w.point} ({w.kind}): {span}"


def _row(row: Row) -> str:
    limits = [f"not before {say(row.not_before)}"] if row.not_before > -INF else []
    limits += [f"until {say(row.end)}"] if row.end != row.appointment else []
    return ", ".join([f"appointment {say(row.appointment)}", *limits, *([row.preferred] if row.preferred else [])])


def _numbers(e: Evidence, a: Appointment) -> Iterator[str]:
    for x in a.numbers:
        spans = ", ".join(f"{say(low)} to {say(high)}" for low, high in consent_spans(e.facts, x, 0))
        stops = ", ".join(why for m in e.persons[x] for _, why in e.facts.stops.get(m, []))
        yield f"  {x}: may be called {spans or 'never'}{'; ' + stops if stops else ''}; calls of the person:"
        for c in (c for m in sorted(e.persons[x]) for c in e.calls_of_number.get(m, [])):
            yield f"    {c}, for {c.appointment}, does {c.behaviour}, ended {say(c.ended)}"
