"""Calls on old facts, in closed time, too late; and contacts that ring on after a change."""

from __future__ import annotations

from datetime import datetime

from office.selftest.fortnight import Fortnight, NoCandidate, Spoil, known, spoiler
from office.selftest.times import ZONE, Json, at, clock, day, iso

SPOILS: list[Spoil] = []
spoil = spoiler(SPOILS)


def after_it(f: Fortnight, seconds: float) -> None:
    a = f.plain(
        "confirm", 2, lambda a: clock(f.time(a)) in ("10:30", "15:30") and at(f.of(a)[1]["at"]) > f.time(a) - 86400
    )
    f.shift(f.of(a)[1], f.time(a) + seconds)


@spoil("called_late")
def call_after_the_appointment(f: Fortnight) -> None:
    after_it(f, 300)


@spoil("called_late")
def call_5_s_after_the_appointment_began(f: Fortnight) -> None:
    after_it(f, 5)


@spoil("called_late")
def call_in_the_midday_break(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(f.time(a)) == "14:00" and clock(at(f.of(a)[1]["at"])) == "11:00")
    f.shift(f.of(a)[1], f.time(a) - 3600)


@spoil("called_late")
def call_on_a_public_holiday(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: day(f.time(a)) == "04-07" and clock(f.time(a)) in ("14:00", "15:30", "17:00"))
    f.shift(f.of(a)[1], at("2026-04-06T10:30"))


@spoil("called_late")
def call_on_a_sunday(f: Fortnight) -> None:
    a = f.plain("confirm", 1, lambda a: day(f.time(a)) == "04-14")
    f.shift(f.of(a)[0], at("2026-04-12T10:30"))


@spoil("called_late")
def call_at_night(f: Fortnight) -> None:
    a = f.plain("confirm", 2, lambda a: clock(f.time(a)) == "10:30" and day(f.time(a)) < "04-03")
    f.shift(f.of(a)[1], f.time(a) - 3 * 3600)


@spoil("called_late")
def call_outside_preferred_hours(f: Fortnight) -> None:
    for a in f.appointments("preferred_hours"):
        hours = a["timeline"][0]["row"]["preferred_hours"]
        own = f.of(a)
        if hours == "14:00-17:30" and own and clock(at(own[-1]["at"])) >= "14:00":
            f.shift(own[-1], at(datetime.fromtimestamp(at(own[-1]["at"]), ZONE).date().isoformat() + "T18:10"))
            return
    raise NoCandidate


@spoil("called_late")
def call_after_not_after(f: Fortnight) -> None:
    for a in f.appointments("not_after"):
        if [c["how"] for c in f.of(a)] == ["answered"]:
            f.add(a, f.time(a) - 3 * 3600 + 60)
            return
    raise NoCandidate


@spoil("unexplained")
def call_before_not_before(f: Fortnight) -> None:
    for a in f.appointments("not_before"):
        if f.of(a):
            f.shift(f.of(a)[0], f.time(a) - 48 * 3600 if clock(f.time(a)) != "09:30" else 0)
            return
    raise NoCandidate


@spoil("called_late")
def call_on_the_time_before_it_was_moved(f: Fortnight) -> None:
    for a in f.appointments("moved:early"):
        point = f.time(a, 0) - 48 * 3600
        known_in_time = known(f, at(a["timeline"][1]["at"])) < point - 600
        is_open = clock(point) in ("10:30", "15:30", "17:00") and day(point) not in ("04-04", "04-05", "04-06", "04-12")
        much_later = f.time(a) - 48 * 3600 > point + 2 * 86400
        if len(a["numbers"]) == 1 and is_open and known_in_time and much_later and f.of(a):
            f.shift(f.of(a)[0], point + 2)
            return
    raise NoCandidate


@spoil("callable_not_called")
def moved_and_not_called_again(f: Fortnight) -> None:
    for a in f.appointments("moved:after_first"):
        written = at(a["timeline"][1]["at"])
        before = [c for c in f.of(a) if at(c["at"]) < written]
        later = [c for c in f.of(a) if at(c["at"]) > written + 600]
        if len(before) == 1 and len(later) == 1 and f.time(a) - written > 3 * 86400:
            f.drop(later[0])
            return
    raise NoCandidate


@spoil("called_cancelled")
def call_to_a_cancelled_contact(f: Fortnight) -> None:
    for a in f.appointments("cancelled:early"):
        point = f.time(a) - 48 * 3600
        if clock(point) in ("10:30", "15:30", "17:00") and day(point) not in ("04-04", "04-05", "04-06"):
            f.add(a, point + 1)
            return
    raise NoCandidate


@spoil("called_cancelled")
def call_three_hours_before_to_one_cancelled_between(f: Fortnight) -> None:
    for a in f.appointments("cancelled:between"):
        if clock(f.time(a)) in ("14:00", "17:00"):
            f.add(a, f.time(a) - 3 * 3600 + 1)
            return
    raise NoCandidate


def cancelled_with_room(f: Fortnight, seconds: float) -> None:
    """A call of a contact so many seconds after the run that cancelled it, due by its 48-hour point."""
    for a in f.appointments("cancelled:at_due"):
        written = at(a["timeline"][1]["at"])
        point = f.time(a) - 48 * 3600
        if not f.of(a):
            t = known(f, written)
            run = next(r for r in f.runs if at(r["committed"]) == t)
            run["as_of"], run["committed"] = iso(point + 2), iso(point + 3)
            f.runs[:] = [r for r in f.runs if r is run or not written - 2 < at(r["as_of"]) < point + 3]
            f.add(a, point + 3 + seconds, how="no_answer")
            return
    raise NoCandidate


@spoil("called_cancelled")
def invite_2_s_after_the_cancelling_run(f: Fortnight) -> None:
    cancelled_with_room(f, 2.0)


@spoil("none")
def invite_half_a_second_after_the_cancelling_run_is_right(f: Fortnight) -> None:
    cancelled_with_room(f, 0.5)


def ringing(f: Fortnight, tag: str) -> tuple[Json, Json]:
    for a in f.appointments(tag):
        for c in f.of(a):
            if c["how"] == "cancelled":
                return a, c
    raise NoCandidate


@spoil("called_cancelled")
def cancelled_contact_rings_on(f: Fortnight) -> None:
    a, c = ringing(f, "cancelled:at_due")
    f.results[:] = [r for r in f.results if r["id"] != a["id"]]
    c["how"], c["ended"] = "no_answer", iso(at(c["at"]) + 25)
    f.results.append({"id": a["id"], "number_place": 1, "outcome": "no_answer", "started": c["at"], "key": "x1"})


@spoil("called_late")
def moved_contact_rings_on(f: Fortnight) -> None:
    a, c = ringing(f, "moved:at_due")
    c["how"], c["ended"] = "no_answer", iso(at(c["at"]) + 25)
    f.results[:] = [r for r in f.results if not (r["id"] == a["id"] and abs(at(r["started"]) - at(c["at"])) < 60)]
    f.results.append({"id": a["id"], "number_place": 1, "outcome": "no_answer", "started": c["at"], "key": "x1"})
