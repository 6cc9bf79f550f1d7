"""The verb ``record``: take down a message of the person, or the call itself, as a recording that is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from agi_app.authoring.schema import Authored, parse_duration
from agi_app.authoring.suggestions import quote
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.syntax.names_and_limits import (
    EMPTY,
    FAILED,
    RECORDED,
    FileName,
    Variable,
    fault,
    judge_names,
)
from agi_app.messages import template

LONGEST, LONGEST_SILENCE = dt.timedelta(minutes=5), dt.timedelta(seconds=10)


def _at_most(most: dt.timedelta) -> BeforeValidator:
    def judge(value: object) -> dt.timedelta:
        found = parse_duration(value)
        if not dt.timedelta(seconds=1) <= found <= most or found.microseconds:
            message = template("this must be 1s to {most}s, in whole seconds, not {found}")
            raise fault("schema/duration", message, found=quote(value), most=f"{most.total_seconds():g}")
        return found

    return BeforeValidator(judge)


class Record(Authored):
    """Play a prompt that says that what follows is recorded, and record it until a pause, a key or the longest time."""

    prompt: FileName
    save: Variable
    max: Annotated[dt.timedelta, _at_most(LONGEST)] = dt.timedelta(seconds=60)
    silence: Annotated[dt.timedelta, _at_most(LONGEST_SILENCE)] = dt.timedelta(seconds=3)
    end_key: Literal["#"] | None = "#"

    @model_validator(mode="after")
    def _judge(self) -> Record:
        judge_names([self.save], "save")
        return self


class RecordStep(StepWithWays):
    """A step that records; a result without a way goes on with the next step."""

    OUTCOMES = (RECORDED, EMPTY, FAILED)
    ALIKE: ClassVar[Mapping[str, str]] = {FAILED: EMPTY}
    record: Record


class CallRecording(Authored):
    """``record: {call: true}`` records both sides of the call from here on; ``{call: false}`` ends that."""

    call: Annotated[bool, Field(strict=True)]


class RecordCallStep(Authored):
    """A step that begins or ends the recording of the call; the next step follows at once."""

    record: CallRecording
