"""``machine_detection`` of a campaign's file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored, duration_within
from agi_app.flow.syntax.names_and_limits import FileName
from agi_app.messages import spoken, t, template
from agi_app.model.machine_detection import MachineAction, MachineDetection, Tuning

_USUAL, _MESSAGE = Tuning(), MachineDetection(MachineAction.LEAVE_MESSAGE)
_NOT_WITHIN = template("{found} is not within {low} to {high}")
After = Annotated[
    dt.timedelta,
    duration_within(dt.timedelta(seconds=1), dt.timedelta(seconds=5), template("{found} is not within 1s to 5s")),
]
Within = Annotated[
    dt.timedelta,
    duration_within(dt.timedelta(seconds=5), dt.timedelta(minutes=2), template("{found} is not within 5s to 120s")),
]


def _ms(milliseconds: int) -> dt.timedelta:
    return dt.timedelta(milliseconds=milliseconds)


def _between(least: int, most: int) -> BeforeValidator:
    """A length of time between so many milliseconds."""
    return duration_within(_ms(least), _ms(most), _NOT_WITHIN, low=f"{least}ms", high=f"{most}ms")


class TuningFile(Authored):
    """``tuning``: the arguments of Asterisk's app_amd, by its own names."""

    initial_silence: Annotated[dt.timedelta, _between(500, 10_000)] = _ms(_USUAL.initial_silence)
    greeting: Annotated[dt.timedelta, _between(500, 10_000)] = _ms(_USUAL.greeting)
    after_greeting_silence: Annotated[dt.timedelta, _between(200, 3_000)] = _ms(_USUAL.after_greeting_silence)
    total_analysis_time: Annotated[dt.timedelta, _between(1_000, 10_000)] = _ms(_USUAL.total_analysis_time)
    minimum_word_length: Annotated[dt.timedelta, _between(20, 1_000)] = _ms(_USUAL.minimum_word_length)
    between_words_silence: Annotated[dt.timedelta, _between(20, 1_000)] = _ms(_USUAL.between_words_silence)
    maximum_number_of_words: Annotated[int, Field(strict=True, ge=1, le=50)] = _USUAL.maximum_number_of_words
    silence_threshold: Annotated[int, Field(strict=True, ge=50, le=5_000)] = _USUAL.silence_threshold
    maximum_word_length: Annotated[dt.timedelta, _between(500, 10_000)] = _ms(_USUAL.maximum_word_length)

    def parsed(self) -> Tuning:
        """As the model has it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Tuning(**{n: v // _ms(1) if isinstance(v, dt.timedelta) else v for n, v in values.items()})


class MachineDetectionFile(Authored):
    """``machine_detection``: whether a person or a machine has answered is detected before anything is said."""

    action: MachineAction
    message: FileName | None = None
    message_after: After = _MESSAGE.message_after
    message_within: Within = _MESSAGE.message_within
    tuning: TuningFile = TuningFile()

    @model_validator(mode="after")
    def _message_if_left(self) -> MachineDetectionFile:
        leaves = self.action is MachineAction.LEAVE_MESSAGE
        if leaves and self.message is None:
            message = t("leave_message: name in `message` the prompt to leave")
            raise PydanticCustomError("campaign/machine-detection", message, {"at": ("action",)})
        of_message = {"message", "message_after", "message_within"} & self.model_fields_set
        if of_message and not leaves:
            raise PydanticCustomError(
                "campaign/machine-detection",
                spoken("{what} is for the action leave_message, and this campaign leaves no message"),
                {"what": min(of_message), "at": (min(of_message),)},
            )
        return self

    def parsed(self) -> MachineDetection:
        """As the model has it."""
        tuning = self.tuning.parsed()
        return MachineDetection(self.action, self.message, self.message_after, self.message_within, tuning)
