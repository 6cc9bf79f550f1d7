"""The gate's rule about abandoned calls: answered, and no agent was there. Above a share of them nobody is called."""

from __future__ import annotations

from agi_app.gate.case import GateCase, Reason


def abandoned_below_ceiling(case: GateCase) -> Reason | None:
    """Of the campaign's answered calls in 30 days, no more were abandoned than the campaign and the country allow."""
    rules, seen, agents = case.rules, case.facts.abandoned, case.campaign.agents
    if rules is None or seen is None:
        return None
    most = rules.abandoned_percent if agents is None else min(rules.abandoned_percent, agents.abandoned_percent)
    if seen.abandoned * 100 <= most * seen.answered:
        return None
    return Reason("abandoned_ceiling", {"lost": seen.abandoned, "all": seen.answered, "limit": f"{most:g}"})
