"""Puts a scenario together from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from office.scenario import people
from office.scenario.bookings import Booking, Clinic
from office.scenario.changes import cancelled, moved
from office.scenario.dates import (
    CLOSED,
    DAYS,
    END,
    FIRST_DAY,
    HOUR,
    MINUTE,
    PURPOSE,
    START,
    Json,
    at_clock,
    in_call_hours,
    is_clinic_day,
    iso,
)

SLOTS_FEW = ("08:30", "10:30", "14:00", "15:30", "17:00")
SLOTS_MANY = tuple(f"{h:02d}:{m:02d}" for h in (8, 9, 10, 11, 14, 15, 16, 17) for m in (0, 30) if (h, m) != (8, 0))
FEWEST = 60  # appointments: with fewer, some kinds would be missing
FAIL_AT = at_clock(date(2026, 4, 2), "10:25")
EMPTY_AT = at_clock(date(2026, 4, 7), "15:26")


def scenario(seed: int, total: int = 500, steady: bool = False, many: bool = False, pace: float = 1) -> Json:
    """A fortnight, the same for the same arguments.

    ``steady``: each number does the same at every ring; ``many``: 15 appointment times a day instead of 5; ``pace``:
    calls a second of the campaign. ValueError for fewer than 60 appointments, and for the few seeds of which
    no slot fits.
    """
    if total < FEWEST:
        raise ValueError(f"{total} appointments: ask for at least {FEWEST}")
    c = Clinic(random.Random(seed), steady, _slots(many))
    order = _bookings(c, total)
    for n, a in enumerate(order):
        a.id = f"a{n + 1:04d}"
    for hint in c.run_at:
        hint["appointment"] = c.bookings[hint.pop("appointment_index")].id
    groups: dict[str, set[str]] = {}
    for a in order:
        groups.setdefault(a.person, set()).update(a.number_names)
    return {
        "format": 1,
        "seed": seed,
        "zone": "Asia/Shanghai",
        "start": iso(START),
        "end": iso(END),
        "rules": _rules(),
        "campaign": _campaign(pace),
        "feed": _feed(c),
        "numbers": c.numbers,
        "people": [{"id": p, "numbers": sorted(names)} for p, names in sorted(groups.items())],
        "appointments": [a.told() for a in order],
        "consents": c.consents,
        "refusals": c.refusals,
        "run_through": _run_through(c, timedelta(seconds=total / pace), many),
    }


def _slots(many: bool) -> list[datetime]:
    return [
        at_clock(d, s)
        for d in (FIRST_DAY + timedelta(days=n) for n in range(1, DAYS + 2))
        if is_clinic_day(d)
        for s in (SLOTS_MANY if many else SLOTS_FEW)
    ]


def _bookings(c: Clinic, total: int) -> list[Booking]:
    """All appointments in the order of their times."""

    def k(of_500: int) -> int:
        return max(1, round(of_500 * total / 500))

    large = total >= 120
    moves = moved(c, k, round(total * 0.12))
    cancels = cancelled(c, k, round(total * 0.08), [FAIL_AT, EMPTY_AT])
    people.uncallable(c, round(total * 0.04))
    people.families(c, k(12))
    people.households(c, k(2) if large else 1)
    if large:
        people.switchboard(c)
    people.made_late(c, k(20))
    people.special(c, k)
    while len(c.bookings) < total:
        c.one(lambda _: True, "plain")
    if len(c.bookings) > total:
        raise ValueError(f"{len(c.bookings)} appointments instead of {total}: choose more")
    _second_numbers(c, moves, cancels)
    return sorted(c.bookings, key=lambda a: (a.time, a.person))


def _second_numbers(c: Clinic, moves: list[Booking], cancels: list[Booking]) -> None:
    """Second numbers for 10 % of all; households, the switchboard and the uncallable count."""
    have = sum(1 for a in c.bookings if len(a.number_names) > 1)
    usable = [a for a in c.bookings if a.tags == ["plain"]]
    usable += [a for a in moves if a.tags == ["moved:early"]][:4]
    usable += [a for a in cancels if a.tags[0] in ("cancelled:early", "cancelled:between")][:4]
    c.rng.shuffle(usable)
    rings: list[list[str]] = [
        ["no_answer"],
        ["busy"],
        ["confirm"],
        ["no_answer"],
        ["invalid"],
        ["no_answer", "confirm"],
    ]
    consents = ("both", "both", "both", "both", "second", "first")
    for n, a in enumerate(usable[: max(0, round(len(c.bookings) * 0.10) - have)]):
        c.second_number(a, consents[n % 6], c.only_first(rings[n // 2 % len(rings)]))


def _rules() -> Json:
    """What the documents say of China."""
    return {
        "hours": [["09:00", "12:00"], ["14:00", "20:00"]],
        "days": ["mon", "tue", "wed", "thu", "fri", "sat"],
        "closed_days": [d.isoformat() for d in CLOSED],
        "open_weekend_days": [],
        "caps": [{"calls": 1, "hours": 24}, {"calls": 2, "hours": 168}, {"calls": 4, "hours": 720}],
        "gap_after_declined_hours": 168,
        "shared_by_more_than": 5,
        "tries": 6,
        "last_moved_s": 60,
    }


def _campaign(pace: float) -> Json:
    return {
        "purpose": PURPOSE,
        "due": {"before": "contact.appointment", "at": ["48h", "3h"]},
        "window": {"days": ["mon", "tue", "wed", "thu", "fri", "sat"], "from": "09:30", "to": "19:30"},
        "retry": {"no_answer": ["1d"], "busy": ["1d"]},
        "pace": {"calls_per_second": pace, "concurrent": 30},
        "ring_time": "20s",
        "later": {"means": "settled"},
    }


def _feed(c: Clinic) -> Json:
    return {
        "mode": "whole",
        "every": "5m",
        "max_age": "1h",
        "faults": [{"at": iso(FAIL_AT), "kind": "fail"}, {"at": iso(EMPTY_AT), "kind": "empty"}],
        "run_at": sorted(c.run_at, key=lambda r: str(r["at"])),
    }


def _run_through(c: Clinic, spread: timedelta, many: bool) -> list[list[str]]:
    """Spans of rules time in which something can happen: the clock must run through these, and may skip the others."""
    spans: list[tuple[datetime, datetime]] = []
    for n in range(DAYS):
        day = FIRST_DAY + timedelta(days=n)
        if is_clinic_day(day):
            spans += _spans_of_a_day(day, spread, many)
    for a in c.bookings:
        for at, _ in a.changes[1:] if "made_late" not in a.tags else a.changes:
            soon = [x for x in (a.time - 48 * HOUR, a.time - 3 * HOUR, a.time) if abs(x - at) < 4 * HOUR]
            if in_call_hours(at) and (soon or "made_late" in a.tags or "moved:sooner" in a.tags):
                spans.append((at - MINUTE, at + 22 * MINUTE))
    merged: list[tuple[datetime, datetime]] = []
    for low, high in sorted(s for s in spans if s[0] >= START and s[0] < END):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return [[iso(low), iso(high)] for low, high in merged]


def _spans_of_a_day(day: date, spread: timedelta, many: bool) -> list[tuple[datetime, datetime]]:
    if many:
        return [(at_clock(day, low), at_clock(day, high)) for low, high in (("09:20", "12:00"), ("13:55", "19:30"))]
    starts = [at_clock(day, clock) for clock in ("09:30", "10:30", "11:00", "14:00", "15:00", "15:30", "17:00")]
    ends = [at_clock(day, clock) for clock in ("12:00", "17:30", "19:30")]
    return [(t - 6 * MINUTE, t + 16 * MINUTE) for t in starts] + [(t - spread - 7 * MINUTE, t) for t in ends]


def counts(s: Json) -> dict[str, int]:
    """How many appointments have each tag, for a look at what was made."""
    out: dict[str, int] = {"appointments": len(s["appointments"])}
    tags: Iterable[str] = (t.split(":")[0] for a in s["appointments"] for t in a["tags"])
    for tag in tags:
        out[tag] = out.get(tag, 0) + 1
    return out
