"""Appointments that the office moves or cancels while people are called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

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
from office.scenario.dates import HOUR, MINUTE, START, iso


def moved(c: Clinic, k: Callable[[int], int], goal: int) -> list[Booking]:
    """Appointments that move: early, after the first reminder, before the third hour, to sooner, at a due point, twice.

    ``k``: how many there are of what 500 appointments have so many of; ``goal``: the most of all together.
    """
    mover = _Mover(c)
    made = mover.made
    kinds = (
        (mover.after_first, 14),
        (mover.third_hour, 8),
        (mover.sooner, 8),
        (mover.at_due, 7),
        (mover.twice, 3),
    )
    for make, share in kinds:
        for _ in range(k(share)):
            if len(made) >= goal:
                return made
            made.append(make())
    while len(made) < goal:
        made.append(mover.early())
    return made


class _Mover:
    """Makes one moved appointment of each kind."""

    def __init__(self, c: Clinic) -> None:
        self.c = c
        self.rng = c.rng
        self.made: list[Booking] = []
        self.good = both(in_run(6), lambda s: s < max(c.slots) - 30 * HOUR)  # there are slots after it

    def move(self, a: Booking, at: datetime, to: datetime) -> None:
        a.changes.append((at, a.row(to)))

    def later(self, a: datetime, low: float = 20, high: float = 100) -> datetime:
        """A slot so many hours later, or any later one."""
        horizon = max(self.c.slots)
        high_time = min(a + timedelta(hours=high), horizon)
        fits = [s for s in self.c.slots if a + timedelta(hours=low) <= s <= high_time]
        fits = fits or [s for s in self.c.slots if s > a]
        if not fits:
            raise ValueError(f"no slot is later than {iso(a)}: choose another seed")
        return self.rng.choice(fits)

    def after_first(self) -> Booking:
        a = self.c.one(both(in_run(60), open_48h, self.good), "moved:after_first", rings=["confirm"])
        at = office_time(self.rng, a.time - timedelta(hours=46), a.time - 6 * HOUR)
        self.move(a, at, self.later(a.time, 0.5, 100))
        return a

    def third_hour(self) -> Booking:
        a = self.c.one(both(clock_is("14:00", "17:00"), in_run(5), self.good), "moved:third_hour")
        at = a.time - 3 * HOUR - timedelta(seconds=self.rng.randint(6 * 60, 20 * 60))
        self.move(a, at, self.later(a.time))
        return a

    def sooner(self) -> Booking:
        a = self.c.one(in_run(130), "moved:sooner")
        at = office_time(self.rng, a.time - timedelta(hours=125), a.time - timedelta(hours=75))
        fits = [s for s in self.c.slots if at + 4 * HOUR <= s <= at + 34 * HOUR and s < a.time]
        self.move(a, at, self.rng.choice(fits) if fits else self.later(a.time, 1))
        return a

    def at_due(self) -> Booking:
        a = self.c.one(both(open_48h, in_run(49), self.good), "moved:at_due", rings=["no_answer"])
        self.move(a, at_due_change(self.c, a, len(self.made) % 2 == 0), self.later(a.time))
        return a

    def twice(self) -> Booking:
        a = self.c.one(both(in_run(120), self.good), "moved:twice")
        first = office_time(self.rng, a.time - timedelta(hours=115), a.time - timedelta(hours=70))
        self.move(a, first, self.later(a.time))
        second = office_time(self.rng, first + 10 * MINUTE, a.time - timedelta(hours=8))
        self.move(a, max(second, first + 10 * MINUTE), self.later(a.time, 3, 120))
        return a

    def early(self) -> Booking:
        a = self.c.one(both(in_run(80), self.good), "moved:early")
        low = max(START + HOUR, a.time - timedelta(hours=130))
        self.move(a, office_time(self.rng, low, a.time - timedelta(hours=60)), self.later(a.time, 3))
        return a


def at_due_change(c: Clinic, a: Booking, queued: bool) -> datetime:
    """Asks for a feed run that commits just before (queued) or just after (ringing) the point 48 hours before.

    Returns when the office changes its database for it.
    """
    due = a.time - 48 * HOUR
    c.run_at.append(
        {
            "at": iso(due),
            "plus_real_seconds": -2 if queued else 12,
            "why": "queued" if queued else "ringing",
            "appointment_index": len(c.bookings) - 1,
        }
    )
    return due - timedelta(seconds=c.rng.randint(20, 70)) if queued else due + timedelta(seconds=c.rng.randint(4, 8))


def cancelled(c: Clinic, k: Callable[[int], int], goal: int, faults: list[datetime]) -> list[Booking]:
    """Appointments that are cancelled, by deletion and by status in turn: at a due point, around faults, early.

    ``faults``: when a feed run brings nothing; ``k`` and ``goal`` as in `moved`.
    """
    made: list[Booking] = []
    rng = c.rng

    def cancel(a: Booking, at: datetime) -> None:
        deleted = len(made) % 2 == 0
        a.changes.append((at, None if deleted else a.row(a.time, status="cancelled")))
        a.tags.append("by_deletion" if deleted else "by_status")
        made.append(a)

    at_due = max(2, k(10))
    while len(made) < min(at_due, goal):
        a = c.one(both(open_48h, in_run(49), _not_last), "cancelled:at_due", rings=["no_answer"])
        cancel(a, at_due_change(c, a, len(made) % 2 == 0))
    for fault in (fault for fault in faults for _ in range(k(2))):  # in the database just before the run without rows
        if len(made) < goal:
            near = both(clock_is("14:00", "17:00"), days_after(fault, 1, 60), _not_last)
            a = c.one(near, "cancelled:in_fault", rings=["confirm"])
            cancel(a, fault - timedelta(seconds=rng.randint(20, 100)))
    for _ in range(min(k(4), goal - len(made))):
        a = c.one(both(clock_is("14:00", "17:00"), in_run(6), _not_last), "cancelled:after_third")
        cancel(a, a.time - timedelta(minutes=rng.randint(30, 120)))
    for _ in range(min(k(10), goal - len(made))):
        a = c.one(both(in_run(55), _not_last), "cancelled:between")
        cancel(a, office_time(rng, a.time - timedelta(hours=46), a.time - timedelta(hours=4)))
    while len(made) < goal:
        a = c.one(both(in_run(70), _not_last), "cancelled:early")
        low = max(START + HOUR, a.time - timedelta(hours=120))
        cancel(a, office_time(rng, low, a.time - timedelta(hours=52)))
    return made


def _not_last(s: datetime) -> bool:
    """So early that a run never takes more than 10 % of those who are still to be called."""
    return s < START + timedelta(days=12)
