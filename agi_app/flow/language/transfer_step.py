"""The verb ``transfer``: hand the person over to one of our staff, and a way back."""

from __future__ import annotations

import datetime as dt

from agi_app.authoring.schema import Authored
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.syntax.names_and_limits import (
    ABANDONED,
    BUSY,
    DONE,
    FAILED,
    NO_ANSWER,
    DestinationName,
    FileName,
    Wait,
)

RESULTS = (DONE, FAILED, BUSY, NO_ANSWER)


class Transfer(Authored):
    """Ring a destination of the settings, let both talk, and go on when the talk is over or has not come about."""

    to: DestinationName
    timeout: Wait = dt.timedelta(seconds=20)
    whisper: FileName | None = None


class TransferStep(StepWithWays):
    """A step that transfers; a result without a way goes on with the next step."""

    OUTCOMES = RESULTS
    ALIKE = dict.fromkeys((BUSY, NO_ANSWER, ABANDONED), FAILED)
    transfer: Transfer
