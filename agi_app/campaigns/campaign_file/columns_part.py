"""``columns`` of a campaign's file: what the contacts' own columns must say, so that a wrong row is not imported."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import quote
from agi_app.campaigns.campaign_file.times_part import OWN_COLUMNS
from agi_app.flow.syntax.names_and_limits import Text
from agi_app.messages import t
from agi_app.model.campaign import ContactColumn

MOST_COLUMNS, MOST_VALUES, MOST_DIGITS = 50, 200, 40
_NAMED = re.compile(r"[^\W\d]\w{0,63}")


def _refused(message: str, *at: str) -> PydanticCustomError:
    return PydanticCustomError("campaign/columns", "{told}", {"told": message, "at": at})


def _column(value: object) -> object:
    name = value.removeprefix("contact.") if isinstance(value, str) else ""
    if not _NAMED.fullmatch(name):
        raise _refused(t("{found} is no column of the contacts; write its title, as in birthday", found=quote(value)))
    if name.casefold() in OWN_COLUMNS or re.fullmatch("number_[0-9]", name.casefold()):
        raise _refused(t("the column {name} has its own meaning, and is read by it; name another one", name=name))
    return name


def _digits(value: object) -> object:
    """A whole number, or ``{min: 4, max: 6}`` as in a flow."""
    return {"min": value, "max": value} if isinstance(value, int) and not isinstance(value, bool) else value


class DigitsFile(Authored):
    """``digits``: so many of them, and nothing else."""

    min: Annotated[int, Field(strict=True, ge=1, le=MOST_DIGITS)]
    max: Annotated[int, Field(strict=True, ge=1, le=MOST_DIGITS)]

    @model_validator(mode="after")
    def _ordered(self) -> DigitsFile:
        if self.min > self.max:
            raise _refused(t("min is more than max"), "max")
        return self


class ColumnFile(Authored):
    """What a cell must say; an empty one must be allowed by ``optional``."""

    digits: Annotated[DigitsFile, BeforeValidator(_digits)] | None = None
    one_of: Annotated[list[Text], Field(min_length=1, max_length=MOST_VALUES)] | None = None
    optional: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _judge(self) -> ColumnFile:
        if self.digits is not None and self.one_of is not None:
            raise _refused(t("write digits or one_of, not both"), "one_of")
        if self.optional and self.digits is None and self.one_of is None:
            raise _refused(t("that allows everything; leave the column out, or write digits or one_of"), "optional")
        return self

    def parsed(self, name: str) -> ContactColumn:
        """As the model has it."""
        digits = None if self.digits is None else (self.digits.min, self.digits.max)
        return ContactColumn(name, digits, tuple(self.one_of or ()), self.optional)


Columns = Annotated[
    dict[Annotated[str, BeforeValidator(_column)], ColumnFile], Field(min_length=1, max_length=MOST_COLUMNS)
]
