"""Reasons as decision rows keep them. Pure.

Rows since migration 0050 keep rule and values (``Reason``). Those of before have an English sentence instead, which is
taken apart by the table of today: this is for them alone. A sentence that is reworded needs its old one in ``_BEFORE``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from agi_app.gate.case import Reason
from agi_app.model.reason_catalogue import GATE
from agi_app.model.reason_text import KEPT

_BEFORE: Mapping[str, str] = {}  # key of the table -> its English words before 0050, where they have changed since


class StoredReason(msgspec.Struct, frozen=True):
    """One of either form; ``text`` is of the old one alone."""

    rule: str
    values: dict[str, Any] = {}
    try_again_at: dt.datetime | None = None
    case: str = ""
    text: str | None = None

    @property
    def reason(self) -> Reason:
        """As the gate gives it; a sentence that is not in the table is kept as it is."""
        if self.text is None:
            return Reason(self.rule, self.values, self.try_again_at, self.case)
        for case, values in _taken_apart(self.rule, self.text):
            return Reason(self.rule, values, self.try_again_at, case)
        return Reason(self.rule, {"en": self.text}, self.try_again_at, KEPT)

    def says(self, made: Reason) -> bool:
        """Whether it is this reason."""
        if (self.rule, self.try_again_at) != (made.rule, made.try_again_at):
            return False
        if self.text is None:
            return (self.case, self.values) == (made.case, made.values)
        return (made.case, self.reason.text) == (self.reason.case, made.text)


_ROWS = msgspec.json.Decoder(tuple[StoredReason, ...])


def reasons_of(stored: str | Sequence[Any]) -> tuple[Reason, ...]:
    """The reasons of a row, as JSON or decoded. Raises msgspec.ValidationError."""
    rows = _ROWS.decode(stored) if isinstance(stored, str) else msgspec.convert(stored, tuple[StoredReason, ...])
    return tuple(row.reason for row in rows)


def same(stored: str, made: Sequence[Reason]) -> bool:
    """Whether a row keeps exactly these reasons. Raises msgspec.ValidationError."""
    rows = _ROWS.decode(stored)
    return len(rows) == len(made) and all(row.says(reason) for row, reason in zip(rows, made, strict=True))


def _taken_apart(rule: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The case and values of the sentence of the rule that ``text`` is."""
    for case, pattern in _patterns(rule):
        if found := pattern.fullmatch(text):
            yield case, {name: _value(rule, name, part) for name, part in found.groupdict().items()}


def _value(rule: str, name: str, part: str) -> Any:
    if name == "faults":
        return [{"case": case, **more} for one in part.split("; ") for case, more in _taken_apart(rule, one)]
    return part.split(", ") if ", " in part else part


@cache
def _patterns(rule: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    keys = [key for key in GATE if key.partition("/")[0] == rule]
    return tuple((key.partition("/")[2], _pattern(_BEFORE.get(key, GATE[key].en))) for key in keys)


def _pattern(sentence: str) -> re.Pattern[str]:
    """Matches the sentence; its values are the groups."""
    words = re.split(r"{(\w+)}", sentence)
    return re.compile("".join(f"(?P<{word}>.+?)" if n % 2 else re.escape(word) for n, word in enumerate(words)))
