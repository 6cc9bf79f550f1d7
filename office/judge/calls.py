"""Judges the calls in their order: for which appointment, by whose consent, under which caps; and what still rang."""

from __future__ import annotations

from office.judge.consents import consent_at
from office.judge.evidence import Evidence
from office.judge.model import Appointment, Call, Problem
from office.judge.persons import person_of
from office.judge.reasons import explain
from office.judge.spans import HOUR, INF, say

HOW_OF = {
    "confirm": "answered",
    "later": "answered",
    "stop": "answered",
    "wrong": "answered",
    "no_answer": "no_answer",
    "busy": "busy",
    "declines": "declined",
    "invalid": "invalid",
}
RINGS_ON_S = 3  # real seconds after a change at which a ring is no longer doubtful


def judge_calls(e: Evidence) -> None:
    """Gives each call its appointment, and says what is wrong with it."""
    for c in e.calls:
        script = HOW_OF.get(c.behaviour)
        if script and c.how not in (script, "cancelled", "failed"):
            e.verdict.add("doubtful", f"{c}: the scenario has {c.behaviour} there, so the carrier did something else")
        candidates = e.of_number.get(c.number, [])
        if candidates:
            _judge_call(e, c, candidates)
        else:
            e.verdict.add("unexplained", f"{c}: no appointment has this number")


def _judge_call(e: Evidence, c: Call, candidates: list[Appointment]) -> None:
    named = [r.id for r in e.result_of.get(c.n, [])]
    mine = [a for a in candidates if a.id in named] or candidates
    a, reading = min(
        ((a, explain(e, a, c)) for a in mine),
        key=lambda t: (len(t[1].problems), len(t[1].doubts), _waiting(t[0], c)),
    )
    problems = reading.problems
    for text in reading.doubts:
        e.verdict.add("doubtful", f"{c} for {a.id}: {text}")
    late = [p for p in problems if p.count != "unexplained"] + _of_the_person(e, c)
    for p in late or problems:
        e.verdict.add(p.count, f"{c} for {a.id}: {p.text}")
    c.appointment = a.id
    a.calls.append(c)
    a.histories = reading.histories
    _after(e, a, c)
    e.calls_of_number.setdefault(c.number, []).append(c)
    _rings_on(e, a, c)


def _waiting(a: Appointment, c: Call) -> tuple[int, float]:
    """Of two appointments that a call may be for: the one with fewer calls, then the nearer one."""
    times = [v.row.appointment for v in a.versions if v.row and v.may <= c.at]
    return len(a.calls), times[-1] if times else INF


def _after(e: Evidence, a: Appointment, c: Call) -> None:
    """What the person's answer changes for later calls."""
    if c.how == "declined":
        a.over_at, a.over_why = min(a.over_at, c.ended), f"the person declined {c}"
    if c.how != "answered":
        return
    if c.behaviour == "stop":
        e.facts.stops.setdefault(c.number, []).append((c.ended, f"the person said stop in {c}"))
    elif c.behaviour == "wrong":
        e.facts.withdrawn.setdefault(c.number, []).append((c.ended, c.ended, f"the wrong person answered {c}"))
        a.over_at, a.over_why = min(a.over_at, c.ended), f"the wrong person answered {c}"


def _of_the_person(e: Evidence, c: Call) -> list[Problem]:
    """What concerns the person, for any appointment that the call may be for."""
    out: list[Problem] = []
    tolerance = e.clock.tolerance(c.at)
    rows = [a.numbers for a in e.appointments.values() if any(v.row and v.must <= c.at for v in a.versions)]
    person = person_of(c.number, rows, e.shared)
    stops = sorted((t, why) for n in person for t, why in e.facts.stops.get(n, []))
    if stops and c.at > stops[0][0] + tolerance:
        out.append(Problem("called_after_stop", stops[0][1]))
    state, why = consent_at(e.facts, c.number, c.at, tolerance)
    if state == "no":
        out.append(Problem("called_without_consent", why))
    out += _caps(e, c, [x for n in person for x in e.calls_of_number.get(n, [])])
    if c.number in e.shared or any(n in e.shared for a in e.of_number[c.number] for n in a.numbers):
        out.append(Problem("unexplained", "more than five persons share one of the row's numbers: it is held"))
    return out


def _caps(e: Evidence, c: Call, earlier: list[Call]) -> list[Problem]:
    """The first cap that the call breaks; if it breaks none, the weeks of calls that the person declined."""
    tolerance = e.clock.tolerance(c.at)
    for most, span in e.limits.caps:
        sure = [x for x in earlier if x.counts and x.at > c.at - span + tolerance]
        unsure = [x for x in earlier if x.counts is None and x.at > c.at - span + tolerance]
        if len(sure) >= most:
            named = ", ".join(str(x) for x in sure)
            return [Problem("caps_broken", f"{len(sure)} of {most} calls in {span / HOUR:g} h were made: {named}")]
        if len(sure) + len(unsure) >= most:
            named = ", ".join(str(x) for x in unsure)
            e.verdict.add("doubtful", f"{c}: over the cap of {most} in {span / HOUR:g} h if these rang: {named}")
    return [
        Problem("caps_broken", f"the person declined {x}, and is left alone for a week")
        for x in earlier
        if x.how == "declined" and c.at < x.at + e.limits.gap_declined - tolerance
    ]


def _rings_on(e: Evidence, a: Appointment, c: Call) -> None:
    """A telephone that still rings when the office's change is in force stops within a second."""
    for n, v in enumerate(a.versions):
        if n == 0 or not c.at < v.must < c.ended:
            continue
        before = a.versions[n - 1].row
        if before is None or (v.row and v.row.appointment == before.appointment):
            continue
        if c.how == "answered" and (c.answered_at is None or c.answered_at <= v.must + e.clock.tolerance(v.must)):
            continue
        over = (c.answered_at or c.ended) if c.how == "answered" else c.ended
        real = (over - v.must) / max(e.clock.ratio(v.must), 1e-9)
        if real <= 1.0 * e.clock.allowed + 0.25:
            continue
        what = "cancelled" if v.row is None else "moved"
        text = (
            f"{c} for {a.id}: rang on for {real:.1f} s (real time) after the run committed {say(v.must)} that {what} it"
        )
        wrong = "called_cancelled" if v.row is None else "called_late"
        e.verdict.add("doubtful" if real <= RINGS_ON_S else wrong, text)
