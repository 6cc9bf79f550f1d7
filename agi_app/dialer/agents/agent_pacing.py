"""How many calls to begin for agents, from what was observed of them and counted of their calls. Pure."""

from __future__ import annotations

from agi_app.dialer.agents.predictive import AgentPool, Past, predictive, progressive
from agi_app.gate.ruleset import RuleSet
from agi_app.model.agents import AgentCounts, AgentsNow
from agi_app.model.campaign import Campaign, Pacing


def to_begin(pacing: Pacing, now: AgentsNow, counts: AgentCounts, ceiling_percent: float) -> int:
    """How many more calls may be under way."""
    pool = AgentPool(now.free, now.busy, counts.under_way, counts.waiting)
    if pacing is Pacing.PROGRESSIVE:
        return progressive(pool)
    return predictive(pool, past_of(counts, now.wrap_up_s), ceiling_percent / 100)


def past_of(counts: AgentCounts, wrap_up_s: float) -> Past:
    """The averages of what was counted."""
    return Past(
        ended=counts.ended,
        answered=counts.answered,
        abandoned=counts.abandoned,
        answer_s=counts.answer_s / counts.answered if counts.answered else 0.0,
        handling_s=counts.talk_s / counts.met + wrap_up_s if counts.met else 0.0,
    )


def ceiling_percent(campaign: Campaign, ruleset: RuleSet) -> float:
    """The lowest share of abandoned calls that the campaign and the countries it lists allow."""
    own = 0.0 if campaign.agents is None else campaign.agents.abandoned_percent
    countries = (ruleset.jurisdictions.get(region) for region in campaign.jurisdictions)
    every = [rules for c in countries if c for rules in (c.rules, *(part.rules for part in c.parts.values()))]
    return min([own, *(rules.abandoned_percent for rules in every)])
