"""A stored decision made again: the same to the byte, or somebody changed something. Pure.

The inputs hold no number and no digits of ours (``case``), so they may be kept when a person's data is erased.
Reasons of before 0050 hold their sentences in both languages instead of values.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from agi_app.guard.case import Action, Family, GuardCase, GuardReason
from agi_app.guard.decide import VERSION, GuardDecision, judge
from agi_app.model.reason_text import KEPT


class Replay(StrEnum):
    """What making a decision again showed."""

    SAME = "same"
    OTHER_VERSION = "other version"  # made with other points than this program has
    DIFFERENT = "different"  # the row was changed, or the program is not what its version says


def pack(inputs_or_decision: GuardCase | GuardDecision) -> bytes:
    """As JSON with one possible form."""
    return msgspec.json.encode(inputs_or_decision)


def unpack_case(inputs: bytes | str) -> GuardCase:
    """Raises msgspec.ValidationError when the inputs are not what ``pack`` writes."""
    return msgspec.json.decode(inputs, type=GuardCase)


def unpack_decision(stored: bytes | str) -> GuardDecision:
    """Raises msgspec.ValidationError when it is not what ``pack`` writes."""
    row = msgspec.json.decode(stored, type=_Row)
    return GuardDecision(row.action, row.score, tuple(reason.reason for reason in row.reasons), row.version)


def replay(inputs: bytes | str, stored: bytes | str) -> Replay:
    """Decide again by what is stored and compare."""
    before = unpack_decision(stored)
    if before.version != VERSION:
        return Replay.OTHER_VERSION
    again = judge(unpack_case(inputs))
    if any(reason.case == KEPT for reason in before.reasons):
        return Replay.SAME if _in_words(again) == _in_words(before) else Replay.DIFFERENT
    return Replay.SAME if pack(again) == pack(before) else Replay.DIFFERENT


class _StoredReason(msgspec.Struct, frozen=True):
    rule: str
    family: Family
    weight: int
    values: dict[str, Any] = {}
    case: str = ""
    en: str = ""  # of the old form
    zh: str = ""

    @property
    def reason(self) -> GuardReason:
        values, case = ({"en": self.en, "zh": self.zh}, KEPT) if self.en else (self.values, self.case)
        return GuardReason(self.rule, self.family, self.weight, values, case)


class _Row(msgspec.Struct, frozen=True):
    action: Action
    score: int
    reasons: tuple[_StoredReason, ...]
    version: str


def _in_words(decision: GuardDecision) -> list[Any]:
    words = [(r.rule, r.family, r.weight, r.told("en"), r.told("zh")) for r in decision.reasons]
    return [decision.action, decision.score, words]
