"""What is collected while a scenario is made: numbers, consents, refusals, appointments; and which slots fit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from office.scenario.dates import HOUR, PURPOSE, START, Json, Row, in_call_hours, is_clinic_day, iso

Condition = Callable[[datetime], bool]  # of a slot

BEHAVIOURS: tuple[tuple[list[str], int], ...] = (  # what numbers do, and how many of 100 do it
    (["confirm"], 60),
    (["no_answer"], 13),
    (["busy"], 6),
    (["later"], 8),
    (["declines"], 3),
    (["stop"], 3),
    (["wrong"], 1),
    (["invalid"], 1),
    (["no_answer", "confirm"], 3),
    (["busy", "confirm"], 2),
)


@dataclass
class Booking:
    """An appointment as it is made; `changes` are what the office's database holds from when on."""

    number_names: list[str]
    time: datetime
    created: datetime
    person: str
    tags: list[str]
    columns: Row = field(default_factory=dict)
    changes: list[tuple[datetime, Row | None]] = field(default_factory=list)
    id: str = ""

    def row(self, when: datetime, **columns: str) -> Row:
        """What the office's database holds of it when it is at that time."""
        return {"appointment": iso(when), "status": "booked", **self.columns, **columns}

    def told(self) -> Json:
        """As the scenario has it."""
        return {
            "id": self.id,
            "person": self.person,
            "numbers": self.number_names,
            "tags": self.tags,
            "timeline": [{"at": iso(t), "row": row} for t, row in self.changes],
        }


@dataclass
class Clinic:
    """Everything that is collected while the scenario is made."""

    rng: random.Random
    steady: bool
    slots: list[datetime]
    load: dict[datetime, int] = field(default_factory=dict)
    bookings: list[Booking] = field(default_factory=list)
    numbers: dict[str, Json] = field(default_factory=dict)
    consents: list[Json] = field(default_factory=list)
    refusals: list[Json] = field(default_factory=list)
    run_at: list[Json] = field(default_factory=list)
    persons: int = 0

    def slot(self, good: Condition) -> datetime:
        """A slot that fits, the emptier ones more often."""
        fits = [s for s in self.slots if good(s)]
        if not fits:
            raise ValueError("no slot fits")
        chosen = self.rng.choices(fits, [1 / (1 + self.load.get(s, 0)) ** 2 for s in fits])[0]
        self.load[chosen] = self.load.get(chosen, 0) + 1
        return chosen

    def person(self) -> str:
        """The id of a new person."""
        self.persons += 1
        return f"p{self.persons:04d}"

    def number(self, person: str, letter: str, kind: str, rings: list[str] | None = None) -> str:
        """A new number of a person, which does at each ring what ``rings`` says; None: something at random."""
        name = f"n{person[1:]}{letter}"
        self.numbers[name] = {"kind": kind, "rings": rings if rings is not None else self.behaviour()}
        return name

    def behaviour(self) -> list[str]:
        """What a number does at its 1st, 2nd … ring."""
        kinds, weights = zip(*BEHAVIOURS, strict=True)
        return self.only_first(self.rng.choices(kinds, weights)[0])

    def only_first(self, rings: list[str]) -> list[str]:
        """Of a steady scenario only the first, which then holds for all rings."""
        return rings[:1] if self.steady else list(rings)

    def consent(self, number: str, **differs: Any) -> None:
        """A consent from before the start; ``differs``: its other keys."""
        given = START - timedelta(days=self.rng.randint(20, 200), minutes=self.rng.randint(0, 1000))
        entry: Json = {
            "id": f"c{len(self.consents) + 1:04d}",
            "number": number,
            "purpose": PURPOSE,
            "given": iso(given),
            "entered": iso(START - HOUR * 2),
            "expires": None,
            "evidence": f"form-{len(self.consents) + 1:05d}",
        }
        self.consents.append(entry | differs)

    def refusal(self, kind: str, number: str, at: datetime) -> None:
        """A withdrawal (`withdraw`) or a stop (`stop`)."""
        self.refusals.append(
            {
                "id": f"r{len(self.refusals) + 1:04d}",
                "kind": kind,
                "number": number,
                "at": iso(at),
                "purpose": PURPOSE if kind == "withdraw" else None,
            }
        )

    def add(
        self,
        numbers: list[str],
        when: datetime,
        person: str,
        *tags: str,
        created: datetime | None = None,
        columns: Row | None = None,
    ) -> Booking:
        """An appointment of a person; without ``created`` it was made before the start."""
        before = START - timedelta(days=3, minutes=self.rng.randint(0, 2000))
        a = Booking(numbers, when, created or before, person, list(tags), columns or {})
        a.changes.append((a.created, a.row(when)))
        self.bookings.append(a)
        return a

    def one(self, good: Condition, *tags: str, rings: list[str] | None = None, columns: Row | None = None) -> Booking:
        """A person with one number, a consent and one appointment."""
        person = self.person()
        name = self.number(person, "a", "mobile", rings)
        self.consent(name)
        return self.add([name], self.slot(good), person, *tags, columns=columns)

    def second_number(self, a: Booking, consent: str, rings: list[str]) -> None:
        """Gives the person of an appointment a second number: consent is both, first or second."""
        first = a.number_names[0]
        name = self.number(a.person, "b", "home")
        self.numbers[first]["rings"] = rings
        a.number_names.append(name)
        a.tags.append("second_number")
        if consent in ("both", "second"):
            self.consent(name)
        if consent == "second":
            self.consents[:] = [c for c in self.consents if c["number"] != first]


def days_after(start: datetime, low: float, high: float) -> Condition:
    """Slots so many hours after a time."""
    return lambda s: start + timedelta(hours=low) <= s <= start + timedelta(hours=high)


def in_run(low_hours: float) -> Condition:
    """Slots so late that a change so many hours before falls into the fortnight."""
    return lambda s: s - timedelta(hours=low_hours) >= START + HOUR * 2


def clock_is(*clocks: str) -> Condition:
    """Slots at these clock times."""
    return lambda s: s.strftime("%H:%M") in clocks


def both(*conditions: Condition) -> Condition:
    """Slots for which all conditions hold."""
    return lambda s: all(c(s) for c in conditions)


def office_time(rng: random.Random, low: datetime, high: datetime) -> datetime:
    """A moment between two in which the reception works, if there is one (08:00 to 18:00 on its days)."""
    for _ in range(200):
        t = low + (high - low) * rng.random()
        t = t.replace(microsecond=0)
        if is_clinic_day(t.date()) and time(8, 0) <= t.time() < time(18, 0):
            return t
    return (low + (high - low) / 2).replace(microsecond=0)


def open_48h(s: datetime) -> bool:
    """The point 48 hours before falls into calling hours, so that it is known to the second."""
    return in_call_hours(s - 48 * HOUR)
