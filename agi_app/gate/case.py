"""What one decision is about, and what a rule answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from agi_app.gate.facts import Facts
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.campaign import Campaign
from agi_app.model.number_location import NumberLocation


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a call is refused: the rule's id, the text for people, and when to look again."""

    rule: str
    text: str
    try_again_at: dt.datetime | None = None

    @property
    def sort(self) -> tuple[str, str]:
        """Equal for two refusals that say the same; a text that time changes by itself does not make another."""
        return self.rule, self.text if self.try_again_at is None else ""


@dataclass(frozen=True, slots=True)
class GateCase:
    """All that one decision is about. No rule looks at the number itself, so that it can be erased."""

    facts: Facts
    place: NumberLocation | None  # None: the number is not valid
    caller_id: str  # the number of ours that this person would see, E.164
    campaign: Campaign
    trunk_is_sandbox: bool
    ruleset: RuleSet
    now: dt.datetime

    rules: Rules | None = field(init=False, repr=False)  # what binds there; None: not known, other rules refuse then

    def __post_init__(self) -> None:
        rules = None if self.place is None else rules_for(self.place, self.ruleset)
        object.__setattr__(self, "rules", rules)


Rule = Callable[[GateCase], Reason | None]
