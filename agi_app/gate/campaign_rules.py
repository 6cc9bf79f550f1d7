"""The gate's rules about the campaign: its state and purpose, its ring time, the columns of its contacts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.gate.case import GateCase, Reason
from agi_app.model.campaign import CampaignState, Purpose


def campaign_running(case: GateCase) -> Reason | None:
    """The campaign is running."""
    state = case.facts.campaign_state
    return None if state is CampaignState.RUNNING else Reason("campaign_not_running", {"state": state.value})


def campaign_dates(case: GateCase) -> Reason | None:
    """It is a day between the campaign's `starts` and its `ends`."""
    starts, ends = case.campaign.starts, case.campaign.ends
    if starts is not None and case.now < starts:
        return Reason("campaign_not_begun", {"at": _day_and_time(starts)}, starts)
    if ends is not None and case.now >= ends:
        return Reason("campaign_over", {"at": _day_and_time(ends)})
    return None


def contact_time(case: GateCase) -> Reason | None:
    """It is neither before the contact's `not_before` nor after its `not_after`, else its appointment.

    In a campaign with `due` the contact has that time.
    """
    times, due = case.facts.times, case.campaign.due
    if due is not None and times.event is None:
        return Reason("contact_without_time", {"column": due.column})
    if case.now >= (last := times.last(replace(case.campaign, ends=None))):
        return Reason("contact_too_late", {"at": _day_and_time(last)})
    if times.not_before is not None and case.now < times.not_before:
        return Reason("contact_too_early", {"at": _day_and_time(times.not_before)}, times.not_before)
    return None


def purpose_allowed(case: GateCase) -> Reason | None:
    """A campaign does not have the purpose rehearsal, which is only for your own proved numbers."""
    return Reason("purpose_rehearsal") if case.campaign.purpose is Purpose.REHEARSAL else None


def ring_time_allowed(case: GateCase) -> Reason | None:
    """The campaign's ring time is neither too short nor too long."""
    rules, ring = case.rules, case.campaign.ring_time
    if rules is None or rules.ring_at_least <= ring <= rules.ring_at_most:
        return None
    spans = {"ring": ring, "least": rules.ring_at_least, "most": rules.ring_at_most}
    return Reason("ring_time", {name: f"{span.total_seconds():g}" for name, span in spans.items()})


def columns_filled(case: GateCase) -> Reason | None:
    """The contact has a value in every column that the flow says, and of the kind that it says.

    A `say` with a way for `empty` needs none.
    """
    missing = case.facts.columns_missing
    return Reason("column_missing", {"columns": list(missing)}) if missing else None


def _day_and_time(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}"
