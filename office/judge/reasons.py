"""Which version and point of an appointment asked for a call; if none did, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from office.judge.evidence import Evidence
from office.judge.model import Appointment, Call, History, Problem, Window
from office.judge.spans import covers, say
from office.judge.turns import turn

NO_POINT = Problem("unexplained", "no point of time calls for it")


@dataclass(frozen=True)
class Reading:
    """What is wrong with a call for an appointment, and how its calls may be read after it."""

    problems: list[Problem]
    doubts: list[str]
    histories: list[History]


def explain(e: Evidence, a: Appointment, c: Call) -> Reading:
    """What is wrong with this call for this appointment; and how its calls may be read after it."""
    fresh = [r for r in e.good if r.committed <= c.at + 1]
    if not fresh:
        return Reading([Problem("unexplained", "no feed run had brought anything")], [], _unread(a))
    doubts: list[str] = []
    age = c.at - fresh[-1].committed
    if age > e.limits.max_age + e.clock.tolerance(c.at):
        if not any(low < c.at and high > fresh[-1].committed for low, high in e.clock.skipped):
            last = [n for n, v in enumerate(a.versions) if v.may <= c.at and v.row][-1:]
            held = Problem("unexplained", f"held: the last good feed run was {age / 60:.0f} min ago")
            return Reading([held], doubts, _fits(e, a, c, last)[0] or _unread(a))
        doubts.append(f"{age / 60:.0f} min without a good feed run, over a skip of the clock")
    return _by_versions(e, a, c, doubts)


def _by_versions(e: Evidence, a: Appointment, c: Call, doubts: list[str]) -> Reading:
    """The reading by the versions that counted at the call, or by those that had counted before."""
    now = _versions_at(e, a, c)
    if not now:
        return Reading([Problem("unexplained", "no feed run had brought this appointment yet")], doubts, _unread(a))
    if c.at > a.over_at + e.clock.tolerance(c.at):
        return Reading([Problem("unexplained", a.over_why)], doubts, _unread(a))
    live = [n for n in now if a.versions[n].row]
    first = min(live, default=now[-1])
    old = [n for n in range(first) if a.versions[n].row]
    good, bad, unsure = _fits(e, a, c, live)
    if good:
        return Reading([], doubts + unsure, good)
    stale, _, _ = _fits(e, a, c, old)
    v = a.versions[first]
    if (stale or not live) and old and c.at <= v.must + e.clock.doubt * max(e.clock.ratio(c.at), 1.0):
        doubts.append(f"{c.at - v.must:.1f} s of rules time after the run that changed it")
        return Reading([], doubts, stale or _unread(a, old[-1]))
    change = f"by the office at {say(v.written)}, brought by the run committed {say(v.must)}"
    if not live:
        return Reading([Problem("called_cancelled", f"cancelled {change}")], doubts, _unread(a))
    if stale:
        return Reading([Problem("called_late", f"due by the old time only; moved {change}")], doubts, stale)
    return Reading([bad], doubts, _unread(a, live[-1]))


def _versions_at(e: Evidence, a: Appointment, c: Call) -> list[int]:
    """The versions that may have counted when the call began."""
    now: list[int] = []
    for n, v in enumerate(a.versions):
        replaced = a.must_after(n)
        if v.may - 1 <= c.at <= replaced + e.clock.tolerance(c.at):
            now.append(n)
    return now


def _unread(a: Appointment, version: int = -1) -> list[History]:
    """The ways to read the calls, with one more that no point asked for."""
    return [(*h, (version, -1)) for h in a.histories]


def _fits(e: Evidence, a: Appointment, c: Call, live: list[int]) -> tuple[list[History], Problem, list[str]]:
    """All readings in which some version and point ask for this call; or the nearest problem; and what is doubtful."""
    good: list[History] = []
    doubtful: list[tuple[History, str]] = []
    bad: list[tuple[int, Problem]] = [(99, NO_POINT)]
    for n in live:
        due, problem = _due(e, a, c, n)
        if problem:
            bad.append(problem)
        for history in a.histories:
            for w, doubt in due:
                wrong = turn(e, a, c, (n, w), history)
                reading = (*history, (n, w.point))
                if wrong is None and not doubt:
                    good.append(reading)
                elif wrong is None or wrong.count == "doubtful":
                    doubtful.append((reading, wrong.text if wrong else doubt))
                else:
                    bad.append((1 if wrong.count == "wrong_number_order" else 2, wrong))
    if not good and bad[-1][0] <= 3 and _asked_for_it(e, a, c):
        good = _unread(a, live[-1] if live else -1)
    if good:
        return list(dict.fromkeys(good)), bad[0][1], []
    nearest = min(bad, key=lambda b: b[0])[1]
    return list(dict.fromkeys(r for r, _ in doubtful)), nearest, [t for _, t in doubtful[:1]]


def _asked_for_it(e: Evidence, a: Appointment, c: Call) -> bool:
    """Whether the person asked to be called back, and it is time for it."""
    if e.limits.call_back is None:
        return False
    asked = [x for x in a.calls if x.behaviour == "later" and x.how == "answered"]
    return bool(asked) and c.at >= asked[-1].at + e.limits.call_back - e.clock.tolerance(c.at)


Due = list[tuple[Window, str]]  # the points that may ask for a call, and what is doubtful of each


def _due(e: Evidence, a: Appointment, c: Call, n: int) -> tuple[Due, tuple[int, Problem] | None]:
    """The points of a version that a call may be for; or why there are none, with how near it came (less is nearer)."""
    row = a.versions[n].row
    if row is None:
        return [], None
    tolerance = e.clock.tolerance(c.at)
    if c.at > row.end - 0.001 + tolerance:
        text = f"the end was {say(row.end)} (the appointment {say(row.appointment)})"
        return [], (5, Problem("called_late", text))
    if not covers(e.openings(row.preferred), c.at, tolerance, tolerance):
        lawful = covers(e.openings(""), c.at, tolerance, tolerance)
        whose = f"the person's preferred hours {row.preferred}" if lawful else "the opening hours"
        return [], (4, Problem("called_late", f"outside {whose}"))
    if c.at < max(row.not_before, e.limits.starts) - tolerance:
        return [], (4, Problem("unexplained", f"not_before is {say(row.not_before)}"))
    windows = list(dict.fromkeys(a.plans[n] + a.late_plans[n]))
    due = [(w, "") for w in windows if w.start - tolerance <= c.at <= w.until + tolerance]
    if due:
        return due, None
    early = [w for w in windows if w.kind == "moved" and w.opening_start <= c.at < w.latest]
    if early and c.at >= early[0].latest - 2 * e.limits.spread - 300:
        return [(early[0], f"{early[0].start - c.at:.0f} s before the last part of that opening")], None
    ahead = [w for w in windows if w.start > c.at]
    text = f"too early, the next point begins {say(ahead[0].start)}" if ahead else "no point of time is left"
    return [], (3, Problem("unexplained", text))
