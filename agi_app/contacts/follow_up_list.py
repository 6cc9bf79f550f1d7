"""The list of a follow-up: a campaign's contacts whom a condition names, but none who must not be called again.

It becomes a file as an office would write it, so that an import judges it as any other: its columns, its languages, its
numbers all together. Nothing of consent is in it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import IO

from msgspec import msgpack

from agi_app.contacts import number_columns
from agi_app.contacts.columns import same_title
from agi_app.contacts.contacts_file import NO_FIELDS
from agi_app.contacts.tables.opening import MadeFile, temporary
from agi_app.errors import InputError
from agi_app.flow.syntax.expression_parser import ExpressionError, KnownNames, parse
from agi_app.flow.syntax.expressions import Expression, Value
from agi_app.messages import t, template
from agi_app.store.people.follow_ups import FormerContact

NAMES = KnownNames(("disposition", "outcome", "attempts"), {"answers": "NAME", "contact": "COLUMN"})
NUMBERS = ("number", *number_columns.FURTHER)
KINDS = tuple(f"{name}_kind" for name in NUMBERS)
OURS = ("external_id", *NUMBERS, *KINDS, "language")
LEFT_OUT = {  # why, the first that holds; in words of a table
    "cancelled": template("cancelled by the office"),
    "stopped": template("said stop"),
    "wrong_person": template("the wrong person"),
    "declined": template("declined"),
    "call_back": template("waits to be called back"),
    "waiting": template("still to be called there, or in a call"),
}
_RESERVED = [
    title for names in (NO_FIELDS, number_columns.ALIASES) for name, also in names.items() for title in (name, *also)
]


def condition(text: str) -> Expression:
    """A condition over contacts of a campaign. Raises InputError, which says where the fault is."""
    try:
        return parse(text, NAMES)
    except ExpressionError as error:
        raise InputError(
            t("at character {column} of the condition: {why}", column=error.column, why=str(error))
        ) from None


def reason(contact: FormerContact) -> str | None:
    """Why this person is not called again because of a follow-up; None: nothing speaks against it."""
    return next((name for name in LEFT_OUT if getattr(contact, name)), None)


class FollowUpList:
    """Gathers contacts, then writes them as a file."""

    def __init__(self, wanted: Expression, stack: ExitStack) -> None:
        self._wanted, self._stack = wanted, stack
        self._spool = temporary(stack)
        self._titles: dict[str, None] = {}  # in the order in which they were met
        self.contacts = self.matched = self.there = self.chosen = 0
        self.left_out: Counter[str] = Counter()
        self.dispositions: Counter[str] = Counter()
        self.columns: set[str] = set()

    def add(self, some: Iterable[FormerContact]) -> None:
        """Take those that are wanted. Blocks."""
        for contact in some:
            if contact.erased:
                continue
            self.contacts += 1
            self.columns.update(contact.fields)
            self.dispositions[contact.disposition or ""] += 1
            if not self._wanted.test(_variables(contact), contact.fields):
                continue
            self.matched += 1
            if (why := reason(contact)) is not None:
                self.left_out[why] += 1
            elif contact.there:
                self.there += 1
            else:
                self.chosen += 1
                self._keep(contact)

    def _keep(self, contact: FormerContact) -> None:
        self._titles.update(dict.fromkeys(contact.fields))
        kinds = [kind or "" for kind in contact.kinds]
        row = {"external_id": contact.external_id, "language": contact.language or ""}
        row |= dict(zip(NUMBERS, contact.numbers, strict=False)) | dict(zip(KINDS, kinds, strict=False))
        encoded = msgpack.encode((row, contact.fields))
        self._spool.write(len(encoded).to_bytes(4, "big") + encoded)

    @property
    def unusable(self) -> list[str]:
        """Columns that would be read as something else than a column by now, such as a number: they are left out."""
        return [title for title in self._titles if any(same_title(title, one) for one in _RESERVED)]

    def file(self, name: str) -> MadeFile:
        """All that were chosen, in their order. Blocks."""
        made = temporary(self._stack)
        dropped = set(self.unusable)
        titles = [title for title in self._titles if title not in dropped]
        text = io.TextIOWrapper(made, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([*OURS, *titles])
        self._spool.seek(0)
        while row := _next(self._spool):
            ours, fields = row
            writer.writerow([*(ours.get(title, "") for title in OURS), *(fields.get(title, "") for title in titles)])
        text.detach()
        return MadeFile(name, b"", made)


def _next(spool: IO[bytes]) -> tuple[dict[str, str], dict[str, str]] | None:
    size = int.from_bytes(spool.read(4), "big")
    return _DECODER.decode(spool.read(size)) if size else None


_DECODER = msgpack.Decoder(tuple[dict[str, str], dict[str, str]])


def _variables(contact: FormerContact) -> Mapping[str, Value]:
    answers = {f"answers.{name}": value for name, value in (contact.answers or {}).items()}
    return {
        "disposition": contact.disposition,
        "outcome": contact.outcome,
        "attempts": contact.attempts,
        **answers,
    }
