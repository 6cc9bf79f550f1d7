"""When a contact is due: the points of time that its campaign names, within the opening hours of the person. Pure.

The ``due`` of a campaign gives each contact points of time: some time before its appointment, or the time of a column.
A point that falls into closed time moves to the end of the last opening before it, spread over that opening's last part
by what the campaign's pace allows, so that not all are due at one instant. Of points that are past only the latest
counts, and once: at the next opening, unless the point after it comes first. Nothing here lets anybody be called: the
gate decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import blake2b

from agi_app.due.openings import PersonsHours
from agi_app.model.campaign import Campaign, Due
from agi_app.model.contact_times import Times

MARGIN = dt.timedelta(minutes=1)  # before an opening ends: the last call of a point is due by then


@dataclass(frozen=True, slots=True)
class Planned:
    """For which point a contact is due next, and when."""

    point: int
    at: dt.datetime


def points_of(due: Due | None, event: dt.datetime | None) -> tuple[dt.datetime, ...]:
    """A contact's points, the earliest first, wherever they fall. None without ``due``."""
    if due is None or event is None:
        return ()
    return tuple(sorted({event - before for before in due.before})) if due.before else (event,)


def moved(point: dt.datetime, hours: PersonsHours, share: float, span: dt.timedelta) -> dt.datetime:
    """The point itself, or where it moves from closed time.

    ``share`` (0 to 1) is this contact's place in the last part of the opening, which is as long as ``span``.
    """
    if hours.is_open(point) or (stretch := hours.last_before(point)) is None:
        return point
    begin, end = stretch
    latest = max(begin, end - MARGIN)
    return latest - min(span, latest - begin) * share


def plan(
    campaign: Campaign,
    times: Times,
    hours: PersonsHours,
    now: dt.datetime,
    settled: int,
    share: float,
    span: dt.timedelta,
) -> Planned | None:
    """The next point of a contact of which ``settled`` are done with; None: none is left.

    Without points (no ``due`` in the campaign) a contact that nothing settled is due at once, or when its time begins.
    """
    first, last = times.first(campaign), times.last(campaign)

    def begins(at: dt.datetime) -> dt.datetime:
        return min(hours.from_(at if first is None else max(at, first)), last)

    if not (points := points_of(campaign.due, times.event)):
        early = first is not None and first > now
        return None if settled else Planned(0, begins(now) if early else min(now, last))
    fitted = [max(p, first) if first is not None else p for p in (moved(p, hours, share, span) for p in points)]
    left = range(settled, len(fitted))
    if not left:
        return None
    if not (passed := [point for point in left if fitted[point] <= now]):
        return Planned(settled, min(begins(fitted[settled]), last))
    latest, late = passed[-1], begins(now)
    if latest + 1 < len(fitted) and fitted[latest + 1] <= late:
        return Planned(latest + 1, min(begins(fitted[latest + 1]), last))
    return Planned(latest, now if now >= last else late)


def settled_by(
    campaign: Campaign, times: Times, hours: PersonsHours, now: dt.datetime, share: float, span: dt.timedelta
) -> int:
    """How many of a contact's points are past: one call settles them all."""
    return sum(moved(point, hours, share, span) <= now for point in points_of(campaign.due, times.event))


def place(number: str) -> float:
    """Where among the others of its campaign a contact's moved points are: the same each time, and evenly spread."""
    return int.from_bytes(blake2b(number.encode(), digest_size=6).digest()) / 2**48


def urgency(priority: int, point: int) -> int:
    """Those who are due are called by it, the highest first: by priority (0 to 9), then the later point of time.

    A later point is nearer to the appointment, and those of one point are due in the order of their appointments.
    """
    return priority * 10 + min(point, 9)


def span_of(campaign: Campaign, contacts: int) -> dt.timedelta:
    """How long the campaign's pace needs at most for all of so many contacts.

    Calls a second at most, and no more at once than ``concurrent``, each as long as ``max_call`` and the ringing allow.
    """
    longest = (campaign.ring_time + campaign.max_call).total_seconds()
    rate = min(campaign.pace.calls_per_second, campaign.pace.concurrent / longest)
    return dt.timedelta(seconds=contacts / rate)
