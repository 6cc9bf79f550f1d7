"""What a call meant that ended before its flow had said so: one rule for real calls and for simulated ones."""

from __future__ import annotations

COMPLETED, HUNG_UP, CUT_OFF = "completed", "hung_up", "cut_off"


def meant_by_its_end(*, ended_by_flow: bool, cut_off: bool = False) -> str:
    """``cut_off``: neither the person nor the flow ended it."""
    return COMPLETED if ended_by_flow else CUT_OFF if cut_off else HUNG_UP
