"""Do-not-call lists that others keep, read line by line: any size, little memory.

One number a line, or a table (comma, semicolon or tab) with columns ``number``, ``phone`` or 号码; without
a header the first column counts, and every other cell that reads as a number. An area code in its own column
(the US registry's form) is joined with the number beside it. Text after # is a comment. Of a number only its digits
matter here: a list may have numbers that are not in use, so none is looked up. Letters are never taken for digits.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import phonenumbers

from agi_app.authoring.suggestions import quote
from agi_app.contacts.consent_file import ALIASES
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.file_kinds import kind_of, no_such_file
from agi_app.messages import t
from agi_app.model import ambiguous_numbers, phone

LONGEST_LINE = 1 << 16  # bytes
SHOWN = 10  # unreadable lines that are named
MOST_UNREADABLE = 0.01  # of all lines; more is another kind of file, or another country's
REPORT_EVERY = 10_000  # lines
_HEAD = 1024  # bytes by which another kind of file is known
_CONSENT_COLUMNS = ("purpose", "wording", "method")  # two of them make a file of consents
TITLES = frozenset({"number", "phone", "phone number", "telephone", *ALIASES["number"]})
_SEPARATORS = str.maketrans("", "", " ().-/'\"")
_DOUBTFUL = re.compile(r"[^\d +().\-'\"]|\s[\-]\s|\d[ +]+\+")  # cells of other characters are looked at closely
_DELIMITERS = ",;\t"
_ANY = re.compile(f"[{_DELIMITERS}]")
_AREA_CODE, _LOCAL = re.compile(r"\d{3}"), re.compile(r"\d{7}")
# How a national number begins, and how many digits follow the trunk prefix; source: ITU E.164 national plans.
_NATIONAL = {
    "US": re.compile(r"1?([2-9]\d{9})"),
    "GB": re.compile(r"0([1-9]\d{8,9})"),
    "CN": re.compile(r"0?([1-9]\d{8,10})"),
}
_CODE = {"US": "+1", "GB": "+44", "CN": "+86"}
Progress = Callable[[int, int], None]  # bytes done, bytes in all


@dataclass(slots=True)
class ListFile:
    """One file; ``numbers`` reads it once, and fills the rest while it does."""

    path: Path
    region: str  # of numbers without a country code
    lines: int = 0
    unreadable: int = 0
    elsewhere: int = 0  # numbers of other countries
    first_elsewhere: int = 0  # the line of the first
    taken: str = ""  # the title of the first column, taken for the numbers though it is not called so
    problems: list[Problem] = field(default_factory=list)
    _meant: str = ""  # the title of the column that has the numbers, when the first one has none
    _header: tuple[str, ...] = ()
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)
    _columns: tuple[int, ...] = ()  # where numbers stand; empty before the first line
    _titles: int = 1  # columns that are known
    _delimiter: str = ""  # of a table whose header has one; in other files each of ``_DELIMITERS`` is

    @property
    def sha256(self) -> str:
        """Of the file, in hex, once it was read to its end."""
        return self._hash.hexdigest()

    def numbers(self, progress: Progress | None = None) -> Iterator[str]:
        """Every number in E.164; the same one may come twice. Blocks.

        Raises InputError when the file cannot be read, AuthorError when too much of it is no number.
        """
        for number, raw in enumerate(self._raw_lines(progress), 1):
            if self._columns == (0,) and (found := self._plain_line(raw)):
                self.lines += 1
                yield found  # of the list's own country
                continue
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").partition("#")[0].strip()
            if not text:
                continue
            cells = self._cells(text)
            if not self._columns:
                titled = self._set_columns(cells)
                if titled or (any(character.isalpha() for character in text) and not _has_number(text)):
                    self._refuse_others(number, cells)
                    self._header = tuple(cells)
                    self.taken = "" if titled or len(cells) == 1 else cells[0]
                    self._titles = len(cells)
                    self._delimiter = max(_DELIMITERS, key=text.count) if len(cells) > 1 else ""
                    continue  # the header
            self.lines += 1
            read = self._read(cells)
            if None in read:
                self.unreadable += 1
                if len(self.problems) < SHOWN:
                    reason = t("{quote} is not a telephone number", quote=quote(phone.shown_number(text)))
                    self.problems.append(Problem(str(self.path), number, 1, "list/number", reason))
                self._meant = self._meant or self._column_with_one(cells)
            yield from self._of(number, read)
        if self.unreadable > self.lines * MOST_UNREADABLE:
            raise AuthorError(*self.problems, Problem(str(self.path), 1, 1, "list/unreadable", self._too_many()))

    def _of(self, line: int, read: list[str | None]) -> Iterator[str]:
        """The numbers that were read; those of other countries are counted."""
        for e164 in filter(None, read):
            if not e164.startswith(_own_of(self.region)):
                self.elsewhere += 1
                self.first_elsewhere = self.first_elsewhere or line
            yield e164

    def _plain_line(self, raw: bytes) -> str | None:
        """The quick way for what most lists consist of: only the digits of a national number."""
        digits = raw.rstrip()
        if (pattern := _NATIONAL.get(self.region)) is None or not digits.isdigit():
            return None
        found = pattern.fullmatch(digits.decode("ascii"))
        return _CODE[self.region] + found[1] if found else None

    def _raw_lines(self, progress: Progress | None) -> Iterator[bytes]:
        try:
            size, done = self.path.stat().st_size, 0
            with self.path.open("rb") as file:
                for count, line in enumerate(iter(partial(file.readline, LONGEST_LINE + 1), b""), 1):
                    if len(line) > LONGEST_LINE:
                        reason = t(
                            "this line has more than {longest_line} bytes; this is not a list of numbers",
                            longest_line=LONGEST_LINE,
                        )
                        raise AuthorError(Problem(str(self.path), count, LONGEST_LINE + 1, "list/unreadable", reason))
                    if count == 1 and (kind := kind_of(line[:_HEAD])):
                        reason = t(
                            "this is {kind}; a list is text: one number on each line, or a table with a column number",
                            kind=kind,
                        )
                        raise AuthorError(Problem(str(self.path), 1, 1, "list/unreadable", reason))
                    self._hash.update(line)
                    done += len(line)
                    if progress and count % REPORT_EVERY == 0:
                        progress(done, size)
                    yield line
        except FileNotFoundError:
            raise InputError(no_such_file(self.path)) from None
        except OSError as error:
            raise InputError(
                t("{path}: cannot be read: {strerror}", path=self.path, strerror=error.strerror)
            ) from error

    def _cells(self, text: str) -> list[str]:
        if self._delimiter and '"' in text:
            return [cell.strip() for cell in next(csv.reader([text.replace("\r", "/")], delimiter=self._delimiter))]
        return [cell.strip() for cell in (text.split(self._delimiter) if self._delimiter else _ANY.split(text))]

    def _set_columns(self, cells: list[str]) -> bool:
        """Where the numbers stand, by the first line; whether that has a title for them."""
        titles = [cell.strip("\"'").casefold() for cell in cells]
        named = tuple(index for index, title in enumerate(titles) if title in TITLES)
        self._columns = named or (0,)
        return bool(named)

    def _refuse_others(self, line: int, cells: list[str]) -> None:
        """A file of consents or contacts is no list of those who must not be called, though it has their numbers."""
        titles = {cell.strip("\"'").casefold() for cell in cells}
        consents = sum(bool(titles & {name, *ALIASES[name]}) for name in _CONSENT_COLUMNS) > 1
        if consents or "external_id" in titles:
            kind = "consents: `agi-app consent import`" if consents else "contacts: `agi-app contacts import`"
            reason = t(
                "by its columns this is a file of {kind} takes it; nothing was imported. If these people must"
                " not be called, remove all columns except number",
                kind=t(kind),
            )
            raise AuthorError(Problem(str(self.path), line, 1, "list/unreadable", reason))

    def _column_with_one(self, cells: list[str]) -> str:
        """The title of the first column that is not read and has a number in this line; empty: none."""
        among = zip(self._header, cells, strict=False) if self.taken else ()
        return next((title for title, cell in among if title != self.taken and self._plainly_one(cell)), "")

    def _read(self, cells: list[str]) -> list[str | None]:
        """The numbers of a line; None for what should be one and is not."""
        first, *more = self._columns
        if first >= len(cells):
            return [None]
        text = cells[first].translate(_SEPARATORS)
        if _AREA_CODE.fullmatch(text) and first + 1 < len(cells) and _LOCAL.fullmatch(cells[first + 1]):
            return [plain_e164(text + cells[first + 1], self.region)]
        found = self._numbers_of(cells[first])
        for column in more:
            if column < len(cells) and cells[column]:
                found += self._numbers_of(cells[column])
        for cell in cells[self._titles :] if len(cells) > self._titles else ():
            if ambiguous_numbers.digits(cell) >= ambiguous_numbers.SHORTEST and self._plainly_one(cell):
                found += self._numbers_of(cell)
        return found

    def _numbers_of(self, cell: str) -> list[str | None]:
        if not _DOUBTFUL.search(cell):
            return [plain_e164(cell.translate(_SEPARATORS), self.region)]
        parts = [part for _, part in ambiguous_numbers.several(cell)] or [cell]
        return [
            None if ambiguous_numbers.doubt(part) else plain_e164(part.translate(_SEPARATORS), self.region)
            for part in parts
        ]

    def _plainly_one(self, cell: str) -> bool:
        """Whether a cell without a title is a number: a day or an amount is not one."""
        text = cell.translate(_SEPARATORS)
        pattern = _NATIONAL.get(self.region)
        return bool(
            ambiguous_numbers.several(cell) or text.startswith(("+", "00")) or (pattern and pattern.fullmatch(text))
        )

    def _too_many(self) -> str:
        told = t(
            "{unreadable} of {lines} lines are not telephone numbers of {region}; nothing was imported.",
            unreadable=self.unreadable,
            lines=self.lines,
            region=self.region,
        )
        if self._meant:
            return t(
                "{told} No column is called number, so the first was read, {quote}; the numbers seem to be in"
                " {quote2}: rename that column to number",
                told=told,
                quote=quote(self.taken),
                quote2=quote(self._meant),
            )
        return t("{told} Is this the right file, and --region the right country?", told=told)


def _has_number(text: str) -> bool:
    return ambiguous_numbers.digits(text) >= ambiguous_numbers.SHORTEST


@lru_cache
def _own_of(region: str) -> tuple[str, str]:
    """How numbers of a country begin, those of the test range, too."""
    code = phonenumbers.country_code_for_region(region)
    return f"+{code}", f"+999{code}"


def plain_e164(text: str, region: str) -> str | None:
    """Digits as a list has them (with or without country code) in E.164; None when they are no number."""
    if text.isascii() and (text.isdigit() or text[:1] == "+"):
        pattern = _NATIONAL.get(region)
        if pattern and (found := pattern.fullmatch(text)):
            return _CODE[region] + found[1]
    if any(character.isalpha() for character in text):  # phonenumbers would take FLOWERS for 3569377
        return None
    if test := phone.reserved_number(text if text.startswith("+") else f"+{text.removeprefix('00')}"):
        return test.e164
    try:
        number = phonenumbers.parse(f"+{text[2:]}" if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
