"""What the rows of a list lack for a call: columns that the flow says, and those that it compares with keyed digits.

Such a row is imported, since the next list may correct its column, and told: until then the person is not called,
or can never show who they are. Dates in the order of the region, such as 5/3/2026, become 2026-03-05, as what is said
has no region.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache

from agi_app.authoring.written_clock import NotATime
from agi_app.authoring.written_times import WrongOrder, read_local
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.time_columns import NIGHT_ENDS, mixed_orders
from agi_app.flow.check.impossible_values import keyed_columns
from agi_app.flow.engine.call_language import choose_language
from agi_app.flow.engine.say_texts import column_fault, must_be_said, said_as
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.say_step import Say
from agi_app.flow.saying.numbers_and_dates import hour_of
from agi_app.messages import t
from agi_app.model.phone import shown_text
from agi_app.printable import count_of

SHOWN_LINES = 3
Place = tuple[int, int]  # line and column
_MOST = 10_000  # different texts remembered
_DATES, _TIMES = frozenset({"date", "day"}), frozenset({"time", "time24"})
_NUMBERS_ALONE = re.compile(r"[^0-9]*[0-9]{1,2} ?[-/] ?[0-9]{1,2} ?[-/] ?[0-9]{4}(?![0-9])")


class Lack(StrEnum):
    """What is wrong with a column of a row."""

    EMPTY = "empty"  # or not in the list at all
    UNSAID = "unsaid"  # no value of its kind
    UNKEYED = "unkeyed"  # nothing that keys can match


class SpokenFields:
    """Looks at the fields of each contact of one file; afterwards it knows what is to be said of all of them."""

    def __init__(self, flow: Flow | None, region: str | None, due: str | None = None) -> None:
        """``region`` (ISO 3166 alpha-2) tells the order of 5/3/2026; ``due`` is the column that the list is read by."""
        self._flow, self._region = flow, region
        self._kinds = {} if flow is None else {c: kinds for c, kinds in said_as(flow).items() if c != due}
        self._keyed = {} if flow is None else keyed_columns(flow)
        self._lines: dict[tuple[str, Lack], list[int]] = {}  # the first of them
        self._counts: Counter[tuple[str, Lack]] = Counter()
        self._faults: dict[tuple[str, Lack], str] = {}
        self._nights: Counter[str] = Counter()
        self._first_night: dict[str, str] = {}  # column -> a contact
        self._by_order: dict[str, Place] = {}  # column -> a date whose order only the region told
        self._other_order: dict[str, Place] = {}  # column -> one in the other order
        self._must: dict[str, list[tuple[int, tuple[Say, str]]]] = {}  # of a language
        self._known: dict[tuple[str, int, str], str | None] = {}  # what is wrong with a text, for the number of a say
        self._local = lru_cache(_MOST)(read_local)

    def put_in_order(self, fields: dict[str, str], place: Callable[[str], Place]) -> None:
        """Write dates whose order only the region tells as ISO 8601; ``place`` says where a column's cell is."""
        for column, kinds in self._kinds.items():
            if kinds & (_DATES | _TIMES) and _NUMBERS_ALONE.match(text := fields.get(column, "")):
                fields[column] = self._in_order(column, text, place)

    def _in_order(self, column: str, text: str, place: Callable[[str], Place]) -> str:
        try:
            found = self._local(text, self._region)
        except NotATime as error:
            if isinstance(error, WrongOrder):
                self._other_order.setdefault(column, place(column))
            return text
        if found.told_by[0]:
            self._by_order.setdefault(column, place(column))
        if found.offset is not None:
            return text
        return f"{found.day}" if found.time is None else f"{found.day} {found.time:%H:%M}"

    def took(self, external_id: str, language: str | None, fields: Mapping[str, str], line: int) -> None:
        """The row became a contact that is to be called: count what the import has to tell."""
        if self._flow is None:
            return
        for column, fault in self._faults_of(self._flow, language, fields).items():
            self._count(column, Lack.UNSAID if fields.get(column, "").strip() else Lack.EMPTY, fault, line)
        for column, (least, most) in self._keyed.items():
            if not re.fullmatch(f"[0-9]{{{least},{most}}}", fields.get(column, "").strip()):
                self._count(column, Lack.UNKEYED, f"{least}" if least == most else f"{least}–{most}", line)
        for column, kinds in self._kinds.items():
            hour = hour_of(fields.get(column, "")) if kinds & _TIMES else None
            if hour is not None and hour < NIGHT_ENDS:
                self._nights[column] += 1
                self._first_night.setdefault(column, shown_text(external_id))

    def _count(self, column: str, why: Lack, fault: str, line: int) -> None:
        self._counts[column, why] += 1
        lines = self._lines.setdefault((column, why), [])
        if len(lines) < SHOWN_LINES:
            lines.append(line)
        self._faults.setdefault((column, why), fault)

    def _faults_of(self, flow: Flow, language: str | None, fields: Mapping[str, str]) -> dict[str, str]:
        spoken_in = choose_language(flow.languages, language, fields)
        if (must := self._must.get(spoken_in)) is None:
            must = self._must[spoken_in] = list(enumerate(must_be_said(flow, spoken_in)))
        faults = dict[str, str]()
        for number, (say, column) in must:
            text = fields.get(column, "")
            if say.value is None and text.strip():
                continue
            if (key := (spoken_in, number, text)) not in self._known:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[key] = column_fault(say, column, spoken_in, text)
            if (fault := self._known[key]) is not None:
                faults.setdefault(column, fault)
        return faults

    def check(self, table: Table) -> None:
        """After the last row: AuthorError when the dates of a column contradict each other in their order."""
        for column, place in self._other_order.items():
            if column in self._by_order:
                raise mixed_orders(table, place, self._by_order[column])

    def notes(self, titles: Collection[str]) -> tuple[str, ...]:
        """What the user should know of the contacts; ``titles`` are the columns that the list has."""
        return (*(self._lacking(*which, titles) for which in sorted(self._counts)), *self._told_nights())

    def _lacking(self, column: str, why: Lack, titles: Collection[str]) -> str:
        many = self._counts[column, why]
        if why is Lack.UNKEYED:
            return t(
                "{column}: {who} no {digits} digits, with which the flow compares what is keyed ({lines}): what these"
                " people key is never right",
                column=column,
                who=count_of(many, "contact has", "contacts have"),
                digits=self._faults[column, why],
                lines=self._places(column, why, titles),
            )
        return t(
            "{column}: {who} not called (column_missing) until a list brings what the flow says ({lines}): {fault}",
            column=column,
            who=count_of(many, "contact is", "contacts are"),
            lines=self._places(column, why, titles),
            fault=self._faults[column, why],
        )

    def _places(self, column: str, why: Lack, titles: Collection[str]) -> str:
        if column not in titles:
            return t("the list has no such column")
        lines, many = self._lines[column, why], self._counts[column, why]
        more = ", …" if many > len(lines) else ""
        where = t("line {line}", line=lines[0]) if many == 1 else t("lines {lines}", lines=", ".join(map(str, lines)))
        return f"{where}{more}"

    def _told_nights(self) -> Iterator[str]:
        for column, many in self._nights.items():
            yield t(
                "{column}: {who}, before 06:00 ({first} is the first): is the time of day, or PM, missing?",
                column=column,
                who=count_of(many, "contact has a time at night", "contacts have times at night"),
                first=self._first_night[column],
            )
