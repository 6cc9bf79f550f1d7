"""``quota`` of a campaign's file."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from agi_app.authoring.schema import Authored
from agi_app.authoring.suggestions import quote
from agi_app.flow.syntax.names_and_limits import Label
from agi_app.messages import t
from agi_app.model.campaign import Quota

MOST_COMPLETED = 10_000_000
MOST_GROUPS = 1000
LONGEST_GROUP = 200  # characters
NOT_THEIRS = ("external_id", "number", "person_id", "language")  # read by the import, no columns of a contact's own
_COLUMN = re.compile(r"contact\.([^\W\d]\w*)")


def _refused(message: str, *at: str) -> PydanticCustomError:
    return PydanticCustomError("campaign/quota", "{told}", {"told": message, "at": at})


def _column(value: object) -> object:
    found = _COLUMN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        bare = isinstance(value, str) and _COLUMN.fullmatch(f"contact.{value}")
        how = f"contact.{value}" if bare else "contact.group"
        raise _refused(t("{found} is not a column of the contacts; write {how}", found=quote(value), how=how))
    if found[1] in NOT_THEIRS:
        raise _refused(t("contacts have no groups by {column}; name one of your columns", column=found[1]))
    return found[1]


def _number(value: object, least: int, *at: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_COMPLETED:
        told = t("{found} is not a whole number from {least} to {most}", found=quote(value), least=least,
                 most=MOST_COMPLETED)  # fmt: skip
        raise _refused(told, *at)
    return value


def _completed(value: object) -> int | dict[str, int]:
    if not isinstance(value, dict):
        return _number(value, 1)
    if not 1 <= len(value) <= MOST_GROUPS:
        raise _refused(t("name 1 to {most} groups, each with its number, or write one number", most=MOST_GROUPS))
    for name in value:
        if not (name.strip(" ") == name and 0 < len(name) <= LONGEST_GROUP and name.isprintable()):
            message = t("{found} is no value of a column: 1 to {most} characters", found=quote(name),
                        most=LONGEST_GROUP)  # fmt: skip
            raise _refused(message, name)
    return {name: _number(number, 0, name) for name, number in value.items()}


_NUMBER = {"type": "integer", "minimum": 1, "maximum": MOST_COMPLETED}
_NUMBERS = {
    "type": "object",
    "additionalProperties": {**_NUMBER, "minimum": 0},
    "minProperties": 1,
    "maxProperties": MOST_GROUPS,
}
ColumnOfContacts = Annotated[
    str, BeforeValidator(_column), WithJsonSchema({"type": "string", "pattern": r"^contact\.[\p{L}_][\p{L}\p{N}_]*$"})
]
Completed = Annotated[Any, PlainValidator(_completed), WithJsonSchema({"anyOf": [_NUMBER, _NUMBERS]})]
Counted = Annotated[
    list[Label],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    Field(min_length=1, max_length=20),
]


class QuotaFile(Authored):
    """``quota``: of each group of contacts so many are completed, and nobody more is called."""

    by: ColumnOfContacts
    completed: Completed
    disposition: Counted | None = None  # None: what the flow calls completed

    def parsed(self) -> Quota:
        """As the model has it; what the flow calls completed is still to be found."""
        same = None if isinstance(self.completed, dict) else int(self.completed)
        groups = tuple(sorted(self.completed.items())) if isinstance(self.completed, dict) else ()
        return Quota(self.by, same, groups, tuple(dict.fromkeys(self.disposition or ())))
