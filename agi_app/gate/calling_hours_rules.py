"""The gate's rules about the days and hours at which a person is called, in the person's own time."""

from __future__ import annotations

import datetime as dt

from agi_app.gate.calling_hours import Opening, is_open, next_opening
from agi_app.gate.case import GateCase, Reason


def zone_known(case: GateCase) -> Reason | None:
    """It is known what time it is where the person is."""
    return None if case.place is None or case.place.zones else Reason("zone_unknown")


def closed_day(case: GateCase) -> Reason | None:
    """It is not a closed day (a public holiday) of the person's country, in any time zone the number may be in."""
    if case.place is None or case.rules is None:
        return None
    opening, zones = case.rules.opening, case.place.clocks
    days = (case.now.astimezone(zone).date() for zone in zones)
    if (closed := next((day for day in days if opening.closed_on(day)), None)) is None:
        return None
    values = {"day": f"{closed:%a}", "date": f"{closed:%Y-%m-%d}"}
    return Reason("closed_day", values, next_opening(case.now, opening, zones))


def window_jurisdiction(case: GateCase) -> Reason | None:
    """It is a calling hour of the person's country, in every time zone the number may be in."""
    if case.place is None or case.rules is None:
        return None
    opening, zones = case.rules.opening, case.place.clocks
    locals_ = (case.now.astimezone(zone) for zone in zones)
    if (closed := next((local for local in locals_ if not opening.within_hours(local)), None)) is None:
        return None  # without any zone, zone_known refuses
    return Reason("window_jurisdiction", _local(closed), next_opening(case.now, opening, zones))


def window_campaign(case: GateCase) -> Reason | None:
    """It is an hour of the campaign's own window, in every time zone the number may be in."""
    if case.place is None or not case.campaign.windows:
        return None
    opening, zones = Opening((case.campaign.windows,)), case.place.clocks
    if (closed := next((zone for zone in zones if not is_open(case.now, opening, [zone])), None)) is None:
        return None
    return Reason("window_campaign", _local(case.now.astimezone(closed)), next_opening(case.now, opening, zones))


def window_person(case: GateCase) -> Reason | None:
    """It is one of the hours that the person prefers, in every time zone the number may be in."""
    if case.place is None or not (preferred := case.facts.times.preferred):
        return None
    opening, zones = Opening((preferred,)), case.place.clocks
    if (closed := next((zone for zone in zones if not is_open(case.now, opening, [zone])), None)) is None:
        return None
    return Reason("window_person", _local(case.now.astimezone(closed)), next_opening(case.now, opening, zones))


def _local(at: dt.datetime) -> dict[str, str]:
    return {"day": f"{at:%a}", "time": f"{at:%H:%M}"}
