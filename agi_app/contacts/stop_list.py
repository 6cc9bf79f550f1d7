"""A list of people who must not be called again: one number a line.

The first cell of each line is the number; what follows a ``#`` is a comment; a title line (number,
电话 …) is skipped. Every readable line counts, whatever is wrong with the others: a stop is not
put off because of somebody else's misprint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agi_app.contacts.columns import read_number, shown_number
from agi_app.contacts.parse import ALIASES
from agi_app.contacts.table import SHOWN_PROBLEMS
from agi_app.errors import Problem
from agi_app.model import phone
from agi_app.yaml_lines import quote

_FIRST_CELL = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^,;\t]*))')
_TITLES = frozenset(name.casefold() for name in ("number", *ALIASES["number"]))


@dataclass(frozen=True, slots=True)
class StopList:
    """``numbers`` in E.164, each once, in the file's order; ``problems`` for the first lines that are none."""

    numbers: tuple[str, ...]
    problems: tuple[Problem, ...]
    unreadable: int = 0  # lines that are none, in all


def parse_stop_list(lines: Iterable[str], file: str, region: str | None = None) -> StopList:
    """Read decoded lines; ``region`` reads numbers without a country code."""
    numbers: dict[str, None] = {}
    problems: list[Problem] = []
    beginning, unreadable = True, 0
    for line, whole in enumerate(lines, start=1):
        text = whole.split("#", 1)[0]
        found = _FIRST_CELL.match(text)
        cell = "" if found is None else (found["quoted"] or found["plain"] or "").strip()
        if not text.strip() or (beginning and cell.casefold() in _TITLES):
            continue
        beginning = False
        try:
            numbers[read_number(cell, region).e164] = None
        except phone.NotANumber as error:
            unreadable += 1
            if unreadable > SHOWN_PROBLEMS:
                continue
            column = len(text) - len(text.lstrip()) + 1
            problems.append(Problem(file, line, column, "stop-list/number", f"{quote(shown_number(cell))} {error}"))
    return StopList(tuple(numbers), tuple(problems), unreadable)
