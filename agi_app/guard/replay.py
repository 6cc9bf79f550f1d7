"""A stored decision made again: the same to the byte, or somebody changed something. Pure.

The inputs hold no number and no digits of ours (``case``), so they may be kept when a person's data is erased.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agi_app.guard.case import GuardCase
from agi_app.guard.decide import VERSION, GuardDecision, judge


class Replay(StrEnum):
    """What making a decision again showed."""

    SAME = "same"
    OTHER_VERSION = "other version"  # made with other points than this program has
    DIFFERENT = "different"  # the row was changed, or the program is not what its version says


def pack_case(case: GuardCase) -> bytes:
    """The inputs as JSON with one possible form."""
    return msgspec.json.encode(case)


def unpack_case(inputs: bytes | str) -> GuardCase:
    """Raises msgspec.ValidationError when the inputs are not what ``pack_case`` writes."""
    return msgspec.json.decode(inputs, type=GuardCase)


def pack_decision(decision: GuardDecision) -> bytes:
    """The decision as JSON with one possible form."""
    return msgspec.json.encode(decision)


def unpack_decision(stored: bytes | str) -> GuardDecision:
    """Raises msgspec.ValidationError when it is not what ``pack_decision`` writes."""
    return msgspec.json.decode(stored, type=GuardDecision)


def replay(inputs: bytes | str, stored: bytes | str) -> Replay:
    """Decide again by what is stored and compare."""
    before = unpack_decision(stored)
    if before.version != VERSION:
        return Replay.OTHER_VERSION
    again = judge(unpack_case(inputs))
    return Replay.SAME if pack_decision(again) == pack_decision(before) else Replay.DIFFERENT
