"""A list of people who must not be called again: one number a line, or several.

The first cell of each line is a number; so is every other cell that reads as one, unless a title line (number,
电话 …) calls its column something else, and every part of a cell (``a / b``, ``a、b``, ``a or b``). What follows a
``#`` is a comment. Every readable number counts, whatever is wrong with the others: a stop is not put off because of
somebody else's misprint. What may be a number and is not taken is reported with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agi_app.authoring.suggestions import quote
from agi_app.contacts.columns import read_number
from agi_app.contacts.contacts_file import ALIASES
from agi_app.contacts.tables.csv_table import SHOWN_PROBLEMS
from agi_app.errors import Problem
from agi_app.messages import t
from agi_app.model import ambiguous_numbers, phone

_CELL = re.compile(r'(?:^|[,;\t])((?:\s*"[^"]*")?[^,;\t]*)')
_COMMENT = re.compile(r"#(?!\s*[\d+＋(])|(?:^|(?<=\s))#")  # not in +861… #5, which is an extension
_LOOKS_LIKE_ONE = re.compile(r"[+＋(（]*\d[\d\s()（）./．\-－]{5,}\d")
_DAY = re.compile(r"\d{4}([-/.])\d\d?\1\d\d?(?!\d).*")
_ABROAD = re.compile(r"[+＋]\s*\d[\d\s().\-]{5,}\d")
_TITLES = frozenset(name.casefold() for name in ("number", *ALIASES["number"]))


@dataclass(frozen=True, slots=True)
class StopList:
    """``numbers`` in E.164, each once, in the file's order; ``problems`` for the first lines that are not numbers."""

    numbers: tuple[str, ...]
    problems: tuple[Problem, ...]
    unreadable: int = 0  # lines that are none, or hold one that was not taken, in all
    sha256: bytes | None = None  # of the file; None: no file was read


@dataclass(slots=True)
class _Reading:
    """What was found so far."""

    file: str
    region: str | None
    titles: list[str] | None = None  # of the columns; None: there is no title line
    numbers: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unreadable: int = 0

    def line(self, number: int, text: str, comment: str) -> None:
        """One line below the titles; the comment is what comes after its ``#``."""
        faults = list(self._cells(text))
        if found := _ABROAD.search(comment):
            column = len(text) + 2 + found.start()
            faults.append((column, found[0], t("is in a comment, so it was not stopped: give it its own line")))
        self.unreadable += bool(faults)
        for column, cell, why in faults:
            if len(self.problems) < SHOWN_PROBLEMS:
                reason = f"{quote(phone.shown_number(cell))} {why}"
                self.problems.append(Problem(self.file, number, column, "stop-list/number", reason))

    def _cells(self, text: str) -> Iterator[tuple[int, str, str]]:
        for index, (start, cell) in enumerate(_cells_of(text)):
            title = self.titles[index] if self.titles is not None and index < len(self.titles) else None
            if index == 0 or title in _TITLES or (title is None and _may_be_one(cell)):
                yield from self._take(start, cell, index == 0)
            elif title is not None and _ABROAD.fullmatch(cell):
                yield (
                    start,
                    cell,
                    t("is under {quote}, so it was not stopped: give it its own line", quote=quote(title)),
                )

    def _take(self, start: int, cell: str, needed: bool) -> Iterator[tuple[int, str, str]]:
        for offset, part in ambiguous_numbers.several(cell) or ((0, cell),):
            if not part and not needed:
                continue
            try:
                self.numbers[read_number(part, self.region).e164] = None
            except phone.NotANumber as error:
                yield start + offset, part, str(error)


def parse_stop_list(lines: Iterable[str], file: str, region: str | None = None) -> StopList:
    """Read decoded lines; ``region`` reads numbers without a country code."""
    reading, beginning = _Reading(file, region), True
    for number, whole in enumerate(lines, start=1):
        found = _COMMENT.search(whole)
        text, comment = (whole[: found.start()], whole[found.end() :]) if found else (whole, "")
        if not text.strip():
            continue
        if beginning and (titles := [cell.casefold() for _, cell in _cells_of(text)])[0] in _TITLES:
            reading.titles = titles
        else:
            reading.line(number, text, comment)
        beginning = False
    return StopList(tuple(reading.numbers), tuple(reading.problems), reading.unreadable)


def _cells_of(text: str) -> Iterator[tuple[int, str]]:
    """The column, from 1, of each cell and what is in it, without quotes and the spaces around it."""
    for found in _CELL.finditer(text):
        cell = found[1].replace('"', " ")
        yield found.start(1) + len(cell) - len(cell.lstrip()) + 1, cell.strip()


def _may_be_one(cell: str) -> bool:
    """Whether a cell that nobody gave a title is a number; a day is not one."""
    if ambiguous_numbers.several(cell):
        return True
    return bool(_LOOKS_LIKE_ONE.fullmatch(cell)) and not _DAY.fullmatch(cell)
