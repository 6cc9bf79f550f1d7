"""How a campaign finds out whether a person or a machine has answered, and what it does about a machine.

The times are those of Asterisk's own detection (app_amd): it listens to the sound alone, how long the first words
last and whether silence follows. A person says a short hello and waits; a machine goes on talking.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from enum import StrEnum

VERDICT_GRACE_S = 2.0  # how much longer than its own time we wait for the detection to come back
SILENCE_GRACE_S = 2.0  # the same for the end of a greeting


class MachineAction(StrEnum):
    """What is done when a machine has answered."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"
    TREAT_AS_PERSON = "treat_as_person"


@dataclass(frozen=True, slots=True)
class Tuning:
    """The arguments of app_amd, by its own names; times in ms. Chosen by `scripts/bench machines`."""

    initial_silence: int = 2000
    greeting: int = 2300
    after_greeting_silence: int = 800
    total_analysis_time: int = 6000
    minimum_word_length: int = 100
    between_words_silence: int = 120
    maximum_number_of_words: int = 8
    silence_threshold: int = 450
    maximum_word_length: int = 2000

    @property
    def arguments(self) -> str:
        """As ``AMD()`` takes them, in this order."""
        return ",".join(str(getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True, slots=True)
class MachineDetection:
    """``machine_detection`` of a campaign."""

    action: MachineAction
    message: str | None = None  # the prompt that is left
    message_after: dt.timedelta = dt.timedelta(seconds=2)  # it begins when the machine was silent for so long
    message_within: dt.timedelta = dt.timedelta(seconds=40)  # and not at all when it is not by then
    tuning: Tuning = Tuning()

    @property
    def silence_arguments(self) -> str:
        """As ``WaitForSilence()`` takes them: once so many ms of silence, in at most so many seconds."""
        silence = round(self.message_after / dt.timedelta(milliseconds=1))
        return f"{silence},1,{round(self.message_within.total_seconds())}"

    @property
    def verdict_within_s(self) -> float:
        """By when the detection has come back, if it ever does."""
        return self.tuning.total_analysis_time / 1000 + VERDICT_GRACE_S

    @property
    def silence_within_s(self) -> float:
        """By when the end of the greeting was reported, if it ever is."""
        return self.message_within.total_seconds() + SILENCE_GRACE_S
