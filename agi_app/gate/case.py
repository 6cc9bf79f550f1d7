"""What one decision is about, and what a rule answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agi_app.gate.facts import Facts
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.model.campaign import Campaign
from agi_app.model.number_location import NumberLocation
from agi_app.model.reason_catalogue import GATE
from agi_app.model.reason_text import told


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a call is refused: the rule's id, the values of its sentence, and when to look again. Stored like this."""

    rule: str
    values: dict[str, Any] = {}
    try_again_at: dt.datetime | None = None
    case: str = ""  # which of the rule's sentences, when it has several

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.told("en")

    def told(self, language: str, zone: str | None = None) -> str:
        """The sentence, in Chinese for ``zh…``, else in English; a moment in ``zone`` (IANA name), else in UTC."""
        return told(GATE, self.rule, self.case, self.values, language, zone)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``, with the sentence."""
        return {name: getattr(self, name) for name in ("rule", "case", "values", "text", "try_again_at")}

    @property
    def sort(self) -> tuple[str, str]:
        """Equal for two refusals that say the same; a text that time changes automatically does not make another."""
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
        object.__setattr__(self, "rules", None if self.place is None else rules_for(self.place, self.ruleset))


Rule = Callable[[GateCase], Reason | None]
