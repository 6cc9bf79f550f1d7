"""People who may not be called, who come late, who share numbers, and other special ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from office.scenario.bookings import (
    Booking,
    Clinic,
    both,
    clock_is,
    days_after,
    in_run,
    office_time,
    open_48h,
)
from office.scenario.dates import CLOSED, DAYS, FIRST_DAY, HOUR, MINUTE, START, at_clock, is_clinic_day, iso

MADE_LATE = (  # clock time at which it is made, days later, clock time of the appointment
    ("10:05", 0, "14:00"),
    ("10:05", 0, "15:30"),
    ("10:05", 0, "17:00"),
    ("09:40", 0, "10:30"),
    ("14:20", 0, "15:30"),
    ("14:20", 0, "17:00"),
    ("12:20", 0, "14:00"),
    ("12:20", 0, "15:30"),
    ("16:20", 1, "08:30"),
    ("16:20", 1, "10:30"),
    ("16:45", 1, "14:00"),
    ("10:10", 1, "15:30"),
)
SWITCHBOARD = 6  # the fewest persons that are more than five


def uncallable(c: Clinic, goal: int) -> list[Booking]:
    """Appointments of people none of whose numbers may be called, by six reasons in turn."""
    made: list[Booking] = []
    reasons = ("none", "purpose", "withdrawn", "expired", "stopped", "wrong")
    while len(made) < goal:
        turn = len(made)
        reason = reasons[turn % len(reasons)]
        person = c.person()
        a = _wrong_person(c, person) if reason == "wrong" else _uncallable(c, person, reason)
        _refuse(c, a, reason, before_start=turn % 2 == 0)
        if reason == "none" and turn % 2 == 0:
            b = c.number(person, "b", "home", ["confirm"])
            a.number_names.append(b)
            a.tags.append("second_number")
        made.append(a)
    return made


def _uncallable(c: Clinic, person: str, reason: str) -> Booking:
    name = c.number(person, "a", "mobile", ["confirm"])
    return c.add([name], c.slot(in_run(110)), person, f"uncallable:{reason}")


def _wrong_person(c: Clinic, person: str) -> Booking:
    """The first appointment's call finds the wrong person, so the second has no number."""
    name = c.number(person, "a", "mobile", ["wrong"])
    c.consent(name)
    first = c.slot(both(open_48h, days_after(START, 50, 130)))
    c.add([name], first, person, "wrong:first")
    return c.add([name], c.slot(days_after(first, 5 * 24, 1000)), person, "uncallable:wrong")


def _refuse(c: Clinic, a: Booking, reason: str, *, before_start: bool) -> None:
    name = a.number_names[0]
    if reason == "purpose":
        c.consent(name, purpose=c.rng.choice(["survey", "marketing"]))
    elif reason == "expired":
        c.consent(name, expires=iso(a.time - timedelta(hours=c.rng.choice([100, 130, 1000]))))
    elif reason in ("withdrawn", "stopped"):
        c.consent(name)
        at = START - HOUR if before_start else office_time(c.rng, START + HOUR, a.time - 100 * HOUR)
        c.refusal("withdraw" if reason == "withdrawn" else "stop", name, at)


def made_late(c: Clinic, how_many: int) -> None:
    """Appointments made hours before their time."""
    days = [FIRST_DAY + timedelta(days=d) for d in range(DAYS - 1)]
    for n in range(how_many):
        clock, days_later, slot = MADE_LATE[n % len(MADE_LATE)]
        fits = [d for d in days if is_clinic_day(d) and is_clinic_day(d + timedelta(days=days_later))]
        day = c.rng.choice(fits)
        person = c.person()
        name = c.number(person, "a", "mobile")
        c.consent(name)
        created = at_clock(day, clock) + timedelta(seconds=c.rng.randint(0, 240))
        c.add([name], at_clock(day + timedelta(days=days_later), slot), person, "made_late", created=created)


def families(c: Clinic, pairs: int) -> None:
    """Two children with one parent's number."""
    for n in range(pairs):
        person = c.person()
        name = c.number(person, "a", "mobile", c.only_first([["confirm"], ["no_answer", "confirm"], ["later"]][n % 3]))
        c.consent(name)
        first = c.slot(lambda s: s < max(c.slots) - 80 * HOUR)
        gap = (0.0, 0.0, 24.0, 75.0)[n % 4]  # at the same time, the same, a day or more days later
        c.add([name], first, person, "family")
        second = first if gap == 0 else None
        c.add([name], second or c.slot(days_after(first, gap, gap + 90)), person, "family")


def households(c: Clinic, how_many: int) -> None:
    """Three people with numbers that are theirs, and one landline."""
    for _ in range(how_many):
        people = [c.person() for _ in range(3)]
        shared = c.number(people[0], "h", "home")
        c.consent(shared)
        for person in people:
            name = c.number(person, "a", "mobile")
            c.consent(name)
            c.add([name, shared], c.slot(lambda _: True), person, "household")


def switchboard(c: Clinic) -> None:
    """A number that more than five persons have, who are not called."""
    people = [c.person() for _ in range(SWITCHBOARD)]
    shared = c.number(people[0], "s", "work", ["confirm"])
    c.consent(shared)
    for person in people:
        name = c.number(person, "a", "mobile", ["confirm"])
        c.consent(name)
        c.add([name, shared], c.slot(lambda s: s > START + 90 * HOUR), person, "switchboard")


def special(c: Clinic, k: Callable[[int], int]) -> None:
    """Closed days, own hours and limits, cancelled and back, refusals and consents in the middle."""
    _closed_days(c, k(8))
    _own_limits(c, k)
    rng = c.rng
    for _ in range(k(3)):  # cancelled by mistake, and back an hour or more later
        a = c.one(both(in_run(100), lambda s: s < START + timedelta(days=12)), "returned")
        at = office_time(rng, a.time - timedelta(hours=95), a.time - timedelta(hours=60))
        a.changes += [(at, None), (at + 70 * MINUTE, a.row(a.time))]
    for _ in range(k(2)):  # moved and put back within a minute or two: often no run sees it
        a = c.one(in_run(100), "flipped")
        at = office_time(rng, a.time - timedelta(hours=95), a.time - timedelta(hours=60))
        a.changes += [(at, a.row(a.time + 24 * HOUR)), (at + 90 * timedelta(seconds=1), a.row(a.time))]
    _in_the_middle(c, k(12))


def _closed_days(c: Clinic, how_many: int) -> None:
    closed_slots = [at_clock(d, s) for d in (*CLOSED, date(2026, 4, 12)) for s in ("10:30", "15:30")]
    for n in range(how_many):
        person = c.person()
        name = c.number(person, "a", "mobile")
        c.consent(name)
        c.add([name], closed_slots[n % len(closed_slots)], person, "closed_day")


def _own_limits(c: Clinic, k: Callable[[int], int]) -> None:
    for n in range(k(12)):
        hours = ("14:00-17:30", "mon-fri 09:30-12:00", "10:00-12:00, 15:00-19:30")[n % 3]
        c.one(in_run(60), "preferred_hours", columns={"preferred_hours": hours})
    for _ in range(k(5)):
        a = c.one(both(in_run(60), clock_is("15:30", "17:00")), "not_before")
        a.columns["not_before"] = a.time.strftime("%Y-%m-%d")
        a.changes[0] = (a.created, a.row(a.time))
    for _ in range(k(6)):
        a = c.one(both(in_run(60), clock_is("17:00")), "not_after")
        a.columns["not_after"] = a.time.strftime("%Y-%m-%d 11:30")
        a.changes[0] = (a.created, a.row(a.time))


def _in_the_middle(c: Clinic, how_many: int) -> None:
    """Withdrawals, stops, ends and beginnings of consents between the two points."""
    between = both(in_run(60), open_48h)
    for n in range(how_many):
        kind = ("withdraw", "stop", "expiry", "late_consent")[n % 4]
        a = c.one(between, f"middle:{kind}", rings=["confirm"])
        at = office_time(c.rng, a.time - timedelta(hours=44), a.time - timedelta(hours=5))
        if kind in ("withdraw", "stop"):
            c.refusal(kind, a.number_names[0], at)
        elif kind == "expiry":
            c.consents[-1]["expires"] = iso(at)
        else:
            c.consents[-1] |= {"entered": iso(at), "given": iso(at - 10 * MINUTE)}
