"""The gate's rules about the campaign: its state and purpose, its ring time, the columns of its contacts."""

from __future__ import annotations

from agi_app.gate.case import GateCase, Reason
from agi_app.model.campaign import CampaignState, Purpose


def campaign_running(case: GateCase) -> Reason | None:
    """The campaign is running."""
    state = case.facts.campaign_state
    return None if state is CampaignState.RUNNING else Reason("campaign_not_running", {"state": state.value})


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
