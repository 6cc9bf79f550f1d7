"""Whether closed hours give some appointments a call that the caps forbid all others. Pure; times in whole minutes.

A point in closed time moves to the end of the opening before it, so that more time passes until the next one: who is
called on Saturday for 24 hours before an appointment on Monday can be called again before it. A week without holidays
is looked at, with an appointment at each quarter of an hour.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from agi_app.campaigns.calling_rules.narrowing import WEEK_MINUTES, minutes_of, open_minutes
from agi_app.gate.caps_and_gaps import used_up
from agi_app.gate.ruleset import Cap, Rules
from agi_app.model.campaign import Window

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)  # any
QUARTER = 15
MINUTE = dt.timedelta(minutes=1)


class OrdinaryWeek:
    """The openings of a place in a campaign's windows, the same each week."""

    def __init__(self, rules: Rules, windows: Sequence[Window]) -> None:
        bits = open_minutes(rules) & (minutes_of(windows) if windows else ~0)
        self._open = [bool(bits >> minute & 1) for minute in range(WEEK_MINUTES)]
        self._caps = rules.caps

    def point_is_called(self, points: Sequence[dt.timedelta], index: int) -> bool:
        """Whether anybody who was called at a point before is called at this one itself. ``points``: earliest first."""
        for begins in self._plans(points):
            calls: list[dt.datetime] = []
            for place, (point, following) in enumerate(begins):
                if point >= following:
                    continue  # closed hours move both to one end: one call
                at = self._soonest(calls, point)
                if place == index and calls and at == point:
                    return True
                if at < following:
                    calls.append(at)
        return False

    def try_is_made(self, points: Sequence[dt.timedelta], delays: Sequence[dt.timedelta], *, counted: bool) -> bool:
        """Whether the last of these further tries is made behind any point; ``counted``: the caps count each call."""
        for begins in self._plans(points):
            for point, following in begins:
                at, calls = point, [point] if counted else []
                for delay in delays:
                    at = self._soonest(calls, at + delay)
                    calls += [at] if counted else []
                if at < following and point < following:
                    return True
        return False

    def _plans(self, points: Sequence[dt.timedelta]) -> Iterator[list[tuple[dt.datetime, dt.datetime]]]:
        """For each appointment: where its points move, each with the next one or the appointment."""
        if not any(self._open):
            return
        for minute in range(0, WEEK_MINUTES, QUARTER):
            appointment = MONDAY + minute * MINUTE
            moved = [self._moved(appointment - before) for before in points]
            yield list(zip(moved, [*moved[1:], appointment], strict=True))

    def _moved(self, at: dt.datetime) -> dt.datetime:
        minute = round((at - MONDAY) / MINUTE)
        back = next(n for n in range(WEEK_MINUTES) if self._open[(minute - n) % WEEK_MINUTES])
        return at - back * MINUTE

    def _soonest(self, calls: Sequence[dt.datetime], at: dt.datetime) -> dt.datetime:
        """From when on caps and openings allow another call after these."""
        for _ in range(len(calls) + 1):
            for cap in self._caps:
                at = _room(calls, cap, at)
        minute = round((at - MONDAY) / MINUTE)
        on = next(n for n in range(WEEK_MINUTES) if self._open[(minute + n) % WEEK_MINUTES])
        return at + on * MINUTE


def _room(calls: Sequence[dt.datetime], cap: Cap, at: dt.datetime) -> dt.datetime:
    reached = used_up(calls, cap.calls, cap.per, at)
    return at if reached is None else reached.ends
