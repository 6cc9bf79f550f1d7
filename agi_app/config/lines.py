"""The settings of lines: our numbers that people call back."""

from __future__ import annotations

from pydantic import BaseModel, Field

from agi_app.messages import t, template


class InboundLineSettings(BaseModel, extra="forbid", frozen=True):
    """One of your numbers, which people call back, and the flow that answers (docs/how-to/call-back-line.md)."""

    number: str = Field(
        pattern=r"^\+[1-9][0-9]{6,14}$", description=template("the number, with its plus sign and country code")
    )
    flow: str = Field(description=template("the flow that answers: one for calls that come in"))
    concurrent: int = Field(
        10, ge=1, le=1000, description=template("the most calls at once; further ones go on in the dialplan")
    )
    max_call: float = Field(
        600.0, ge=30, le=3600, description=template("seconds of a call at most, including a talk with a person")
    )


def one_line_a_number(lines: dict[str, InboundLineSettings]) -> dict[str, InboundLineSettings]:
    """Raises ValueError when two lines have one number."""
    numbers = [line.number for line in lines.values()]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ValueError(t("two lines have the number {twice}; a number has one flow", twice=twice[0]))
    return lines
