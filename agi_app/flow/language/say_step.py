"""The verb ``say``: words by text-to-speech, or a value in recorded pieces."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from agi_app.authoring import full_width
from agi_app.authoring.schema import Authored
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.syntax.names_and_limits import EMPTY, Language, Text, fault, named, refuse
from agi_app.messages import template

# The kinds of flow/saying/numbers_and_dates.py. Only a name needs text-to-speech; all others have recorded pieces.
Kind = Literal["name", "digits", "number", "ordinal", "count", "money", "date", "day", "time", "time24", "telephone"]
WITH_UNIT = ("number", "ordinal", "count")
_WIDE_BRACE = re.compile("[｛｝]")
_OTHER_BRACES = re.compile(r"\{[ ]?(?:contact\.)?([^\W\d]\w{0,63})[ ]?\}")
COLUMN = re.compile(r"\{contact\.([^\W\d]\w{0,63})\}")
Reference = Annotated[
    str, named(r"(contact\.)?[^\W\d]\w{0,63}", template("write contact.COLUMN, or the name of a variable of this flow"))
]


def _template(value: Any) -> Any:
    if isinstance(value, str) and (sign := _WIDE_BRACE.search(value)):
        found = _OTHER_BRACES.search(full_width.ascii_of(value))
        example = f"{{contact.{found[1] if found else 'name'}}}"
        raise fault("flow/say", "{sign}: {example}", sign=full_width.naming(sign[0]), example=example)
    if isinstance(value, str) and re.search(r"[{}]", COLUMN.sub("", value)):
        found = _OTHER_BRACES.search(value)
        example = f"{{contact.{found[1] if found else 'name'}}}"
        message = template("only contact.COLUMN is allowed between braces, without spaces: write {example}")
        raise fault("flow/say", message, example=example)
    return value


Words = Annotated[Text, BeforeValidator(_template)]


class Say(Authored):
    """``text`` in each language, with contact columns in braces; or ``value`` said ``as`` a kind of value."""

    text: dict[Language, Words] | None = None
    value: Reference | None = None
    as_: Kind | None = Field(default=None, alias="as")
    currency: Annotated[str, named("[A-Z]{3}", template("write three capital letters, such as CNY"))] | None = None
    unit: dict[Language, Text] | None = None
    barge_in: Annotated[bool, Field(strict=True)] = True

    @model_validator(mode="after")
    def _judge(self) -> Say:
        kind, has_currency = self.as_, self.currency is not None
        both_or_none = (self.text is None) == (self.value is None)
        half = (self.value is None) != (kind is None)
        no_unit = self.unit is not None and kind not in WITH_UNIT
        too_late = kind == "name" and not (self.value or "").startswith("contact.")
        refuse(
            "flow/say",
            (both_or_none, template("write either text (what to say, in each language) or value and as")),
            (half, template("value and as belong together: value: contact.amount, as: money")),
            (kind == "money" and not has_currency, template("money needs a currency, such as currency: CNY"), "as"),
            (kind != "money" and has_currency, template("only money has a currency"), "currency"),
            (no_unit, template("only a number, an ordinal or a count has a unit"), "unit"),
            (too_late, template("a name must be known before the call: use a column, contact.COLUMN"), "value"),
        )
        return self

    @property
    def may_be_empty(self) -> bool:
        """Whether there may be nothing to say, so that the next prompt is heard first."""
        return self.text is None or any(COLUMN.search(words) for words in self.text.values())


class SayStep(StepWithWays):
    """A step that says something; ``on: {empty: NODE}`` leads on when its value is missing or cannot be read."""

    OUTCOMES = (EMPTY,)
    say: Say
