"""The settings of lines: our numbers that people call back."""

from __future__ import annotations

from pydantic import BaseModel, Field


class InboundLineSettings(BaseModel, extra="forbid", frozen=True):
    """One of your numbers, which people call back, and the flow that answers (docs/how-to/call-back-line.md)."""

    number: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="the number, with its plus sign and country code")
    flow: str = Field(description="the flow that answers: one for calls that come in")
    concurrent: int = Field(10, ge=1, le=1000, description="the most calls at once; further ones go on in the dialplan")
    max_call: float = Field(
        600.0, ge=30, le=3600, description="seconds of a call at most, including a talk with a person"
    )


def one_line_a_number(lines: dict[str, InboundLineSettings]) -> dict[str, InboundLineSettings]:
    """Raises ValueError when two lines have one number."""
    numbers = [line.number for line in lines.values()]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ValueError(f"two lines have the number {twice[0]}; a number has one flow")
    return lines
