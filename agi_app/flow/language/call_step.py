"""The verbs ``call`` and ``return``: a part of a call in its own flow, with parameters."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from agi_app.authoring.schema import Authored
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.syntax.names_and_limits import OTHERWISE, FileName, Label, Scalar, Variable, fault, judge_names
from agi_app.messages import template

REFERENCE = re.compile(r"\{((?:contact\.)?[^\W\d]\w{0,63})\}")


def _argument(value: Any) -> Any:
    if isinstance(value, str) and re.search(r"[{}]", value) and not REFERENCE.fullmatch(value):
        raise fault(
            "flow/call", template("write a value, or one name in braces, such as {example}"), example="{answer}"
        )
    return value


class Call(Authored):
    """Run another flow here; its ``return`` says where this one goes on.

    ``with`` gives its parameters values: as they stand, or ``{VARIABLE}`` and ``{contact.COLUMN}``. ``take`` names
    variables of the other flow that this one has afterwards.
    """

    flow: FileName
    with_: dict[Variable, Annotated[Scalar, BeforeValidator(_argument)]] = Field(default_factory=dict, alias="with")
    take: list[Variable] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _judge(self) -> Call:
        judge_names(self.take, "take")
        return self


class CallStep(StepWithWays):
    """A step that calls a flow; a result without a way in ``on`` takes that of ``else``, or the next step follows."""

    call: Call

    def way(self, outcome: str) -> str | None:
        """The node for a result; None is the next step."""
        return self.on.get(outcome, self.on.get(OTHERWISE))


class ReturnStep(Authored):
    """``return: RESULT`` ends a called flow; the caller's ``on`` leads on."""

    return_: Label = Field(alias="return")
