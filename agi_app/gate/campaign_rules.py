"""The gate's rules about the campaign: its state, purpose and quota, its ring time, the columns of its contacts."""

from __future__ import annotations

import datetime as dt

from agi_app.gate.case import GateCase, Reason
from agi_app.model.campaign import CampaignState, Purpose

CALL_TIME = dt.timedelta(seconds=30)  # about as long as a call: then one that fills a group may be over


def campaign_running(case: GateCase) -> Reason | None:
    """The campaign is running."""
    state = case.facts.campaign_state
    return None if state is CampaignState.RUNNING else Reason("campaign_not_running", {"state": state.value})


def campaign_begun(case: GateCase) -> Reason | None:
    """The campaign's `starts` has come."""
    starts = case.campaign.starts
    if starts is None or case.now >= starts:
        return None
    return Reason("campaign_not_begun", {"at": _day_and_time(starts)}, starts)


def campaign_not_over(case: GateCase) -> Reason | None:
    """The campaign's `ends` has not come."""
    ends = case.campaign.ends
    return None if ends is None or case.now < ends else Reason("campaign_over", {"at": _day_and_time(ends)})


def contact_time_known(case: GateCase) -> Reason | None:
    """In a campaign with `due` the contact has the time that it names."""
    due = case.campaign.due
    if due is None or case.facts.times.event is not None:
        return None
    return Reason("contact_without_time", {"column": due.column})


def contact_begun(case: GateCase) -> Reason | None:
    """The contact's `not_before` has come."""
    begin = case.facts.times.not_before
    if begin is None or case.now >= begin:
        return None
    return Reason("contact_too_early", {"at": _day_and_time(begin)}, begin)


def contact_not_over(case: GateCase) -> Reason | None:
    """The contact's `not_after` has not come. Without one, its appointment has not, which `due: {before: …}` names."""
    last = case.facts.times.own_last(case.campaign)
    return None if case.now < last else Reason("contact_too_late", {"at": _day_and_time(last)})


def contact_approved(case: GateCase) -> Reason | None:
    """The contact is within the number that the campaign's start was approved for."""
    return Reason("contact_not_approved") if case.facts.unapproved else None


def contact_row_read(case: GateCase) -> Reason | None:
    """The contact's row in the newest list that has one could be read; else what is stored of it may be old."""
    return Reason("contact_row_rejected") if case.facts.row_rejected else None


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


def quota_open(case: GateCase) -> Reason | None:
    """The campaign's `quota` names a number for the contact's group, and fewer than that are completed.

    Calls under way count as if they were completed.
    """
    if case.campaign.quota is None:
        return None
    fact = case.facts.quota
    if fact is None or fact.wanted is None:
        return Reason("quota_group")
    values = {"completed": fact.completed, "wanted": fact.wanted}
    if fact.completed >= fact.wanted:
        return Reason("quota_reached", values)
    if fact.completed + fact.under_way < fact.wanted:
        return None
    return Reason("quota_under_way", values | {"under_way": fact.under_way}, case.now + CALL_TIME)


def _day_and_time(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}"
