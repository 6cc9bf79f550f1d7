"""Who would be called now and who not, and why, before anybody is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from agi_app.clock import Clock
from agi_app.gate.decide import Decision, decide
from agi_app.gate.facts import Facts
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import Campaign
from agi_app.store import preview as reading
from agi_app.store.pool import Store


@dataclass(slots=True)
class Preview:
    """The gate's view of a campaign at one instant."""

    allowed: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str, dt.datetime | None]] = field(default_factory=list)  # external id, why, when again


async def preview(store: Store, campaign: Campaign, sandbox_trunk: bool, ruleset: RuleSet, clock: Clock) -> Preview:
    """Ask the gate about every waiting contact without calling or storing anything."""

    def judge(facts: Facts, now: dt.datetime) -> Decision:
        return decide(facts, campaign, sandbox_trunk, ruleset, now)

    result = Preview()
    async for external_id, decision in reading.preview(store, campaign, clock.offset, judge):
        if decision.allowed:
            result.allowed += 1
        else:
            result.by_rule.update(decision.rules)
            why = "; ".join(f"{r.rule}: {r.text}" for r in decision.reasons)
            result.refused.append((external_id, why, decision.try_again_at))
    return result
