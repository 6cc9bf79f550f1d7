"""Times for another call, offered to the person (``call_back`` with a prompt) or meant without asking."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from agi_app.authoring.schema import Authored
from agi_app.flow.syntax.names_and_limits import MAX_CALLED_AGAIN, ClockTime, Delay, fault
from agi_app.messages import template


class Offer(Authored):
    """One time, in the person's own time: ``in`` this long, the next ``at``, or ``tomorrow_at``."""

    in_: Delay | None = Field(default=None, alias="in")
    at: ClockTime | None = None
    tomorrow_at: ClockTime | None = None

    @model_validator(mode="after")
    def _one(self) -> Offer:
        if sum(time is not None for time in (self.in_, self.at, self.tomorrow_at)) != 1:
            raise fault("flow/call-back", template('write one of in (2h), at ("18:00") and tomorrow_at ("10:00") here'))
        return self


class CallAgain(Offer):
    """A time that is not asked about: for a person who said nothing, or cannot talk now."""

    today_only: Annotated[bool, Field(strict=True)] = False
    times: Annotated[int, Field(strict=True, ge=1, le=MAX_CALLED_AGAIN)] = 1

    @model_validator(mode="after")
    def _today(self) -> CallAgain:
        if self.today_only and self.tomorrow_at is not None:
            raise fault("flow/call-back", template("tomorrow_at is never today; remove one of the two"), "today_only")
        return self


class CallAgainStep(Authored):
    """A step that has the contact called again without asking; the next step follows at once."""

    call_back: CallAgain
