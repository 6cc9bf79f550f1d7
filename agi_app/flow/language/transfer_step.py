"""The verb ``transfer``: hand the person over to one of our staff, and a way back."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from agi_app.authoring.schema import Authored
from agi_app.flow.syntax.names_and_limits import (
    ABANDONED,
    BUSY,
    DONE,
    FAILED,
    NO_ANSWER,
    DestinationName,
    FileName,
    Label,
    Wait,
    judge_answers,
)

RESULTS = (DONE, FAILED, BUSY, NO_ANSWER)


class Transfer(Authored):
    """Ring a destination of the settings, let both talk, and go on when the talk is over or has not come about."""

    to: DestinationName
    timeout: Wait = dt.timedelta(seconds=20)
    whisper: FileName | None = None


class TransferStep(Authored):
    """A step that transfers; a result without a way goes on with the next step."""

    transfer: Transfer
    on: dict[Label, Label] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_answers(self) -> TransferStep:
        judge_answers(self.on, RESULTS, "transfer")
        return self

    def way(self, result: str) -> str | None:
        """The node for a result; ``busy`` and ``no_answer`` go the way of ``failed`` when they have none."""
        return self.on.get(result, self.on.get(FAILED) if result in (BUSY, NO_ANSWER, ABANDONED) else None)
