"""What follows a step: a way for each of its outcomes (``on``), else the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import suggest
from agi_app.flow.syntax.names_and_limits import NO_INPUT, NO_MATCH, Label, fault
from agi_app.messages import template


class StepWithWays(Authored):
    """A step with outcomes; one without a way in ``on`` goes on with the next step."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ()
    ALIKE: ClassVar[Mapping[str, str]] = {NO_MATCH: NO_INPUT}  # an outcome without a way goes the way of this one
    on: dict[Label, Label] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_outcomes(self) -> StepWithWays:
        unknown = next((name for name in self.on if name not in self.outcomes), None) if self.outcomes else None
        if unknown is not None:
            raise self.unknown_outcome(unknown)
        return self

    def unknown_outcome(self, name: str) -> PydanticCustomError:
        """What to write instead of a name that it has no outcome for."""
        verb = next(field for field in type(self).model_fields if field != "on")
        message, hint = template('this {verb} has no answer "{answer}"{hint}'), suggest(name, self.outcomes)
        return fault("flow/unknown-answer", message, "on", name, verb=verb, answer=name, hint=hint)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What it can end with; none: that is not known here."""
        return self.OUTCOMES

    def way(self, outcome: str) -> str | None:
        """The node for an outcome; None is the next step."""
        return self.on.get(outcome, self.on.get(self.ALIKE.get(outcome, "")))
