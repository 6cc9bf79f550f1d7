"""How many of the answered calls may be abandoned: the ceiling of a campaign and its countries."""

from __future__ import annotations

from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import Campaign


def ceiling_percent(campaign: Campaign, ruleset: RuleSet) -> float:
    """The lowest share of abandoned calls that the campaign and the countries it lists allow."""
    own = 0.0 if campaign.agents is None else campaign.agents.abandoned_percent
    countries = (ruleset.jurisdictions.get(region) for region in campaign.jurisdictions)
    every = [rules for c in countries if c for rules in (c.rules, *(part.rules for part in c.parts.values()))]
    return min([own, *(rules.abandoned_percent for rules in every)])
