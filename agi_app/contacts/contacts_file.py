"""From the rows of a contacts file to contacts, or to rejected rows with their reasons.

Columns (capital letters, spaces and hyphens in a title do not matter):

=============  ====================================================  =========
column         also called                                           must be
=============  ====================================================  =========
external_id    编号, 客户编号                                          there
number         phone, mobile, tel, 电话, 手机 …                         there
person_id      人员编号                                               may be
language       语言                                                   may be
anything else  becomes a field of the contact under its own title     may be
=============  ====================================================  =========

``time_columns`` has those that say when to call, in which order, and whether at all, ``number_columns`` further
numbers. ``person_id`` is the operator's own id of the person: all numbers with one id are one person.
Consent never comes from here: a column called consent… is a field like any other, and said to be.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from agi_app.authoring import shape_hints, synonyms
from agi_app.authoring.suggestions import quote, suggest
from agi_app.contacts import number_columns, time_columns
from agi_app.contacts.columns import (
    CODE_TITLE,
    LONGEST_ID,
    NUMBER_TITLES,
    Cells,
    Columns,
    RejectedRow,
    find_columns,
    read_number,
    same_title,
)
from agi_app.contacts.duplicate_ids import SeenIds
from agi_app.contacts.spoken_fields import SpokenFields
from agi_app.contacts.tables.csv_table import Row, Table
from agi_app.contacts.time_columns import EVENT, TimeColumns, TimeReader
from agi_app.flow.check.impossible_values import misspelt_columns
from agi_app.flow.language.definition import Flow
from agi_app.messages import t
from agi_app.model import phone
from agi_app.model.campaign import ContactColumn, Due
from agi_app.model.person import ContactRow

NO_FIELDS = {  # columns that are never fields of a contact
    "external_id": ("编号", "客户编号"),
    "number": NUMBER_TITLES,
    "person_id": ("人员编号",),
    "language": ("语言",),
}
ALIASES = {**NO_FIELDS, **time_columns.ALIASES}
WITH_NUMBERS = {**ALIASES, **number_columns.ALIASES}
REQUIRED = ("external_id", "number")
MOST_VALUES = 10  # of a column, in a message
_MOST_LANGUAGES = 1000  # different texts remembered
_CONSENT_WORDS = ("consent", "同意", "授权")
_TITLES = "|".join(sorted((title.replace("_", "[ _-]") for title in ("number", *NUMBER_TITLES)), key=len, reverse=True))
_SECOND_NUMBER = re.compile(
    rf"({_TITLES})[ _-]*([2-9２-９二三]|[(（][2-9二三][)）])"
    rf"|(other|second|alternative|alternate|home|work|backup|备用|第二|其他|另一|家庭|单位)[ _-]?({_TITLES})",
    re.IGNORECASE,
)
NO_CONSENT_NOTE = "contacts import never creates consent; use consent import"


_AMERICAN = re.compile(r"\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}([-.])\d{3}\1\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Called:
    """The countries that a campaign calls; ``told``: its author says of which one numbers without + are."""

    jurisdictions: Sequence[str]
    told: bool = False

    def other(self, text: str, number: phone.PhoneNumber) -> tuple[str, phone.PhoneNumber] | None:
        """Whose number a text without + may be as well: that country and the number there.

        What the author told holds, but not for a number that is written as only North Americans do.
        """
        sure = self.told and (number.e164.startswith("+1") or not _AMERICAN.fullmatch(text))
        if sure or "+" in text or len(self.jurisdictions) < 2:
            return None
        for region in self.jurisdictions:
            with contextlib.suppress(phone.NotANumber):
                if (found := read_number(text, region)).e164 != number.e164:
                    return region, found
        return None


def contact_columns(table: Table, due: Due | None = None, declared: Sequence[ContactColumn] = ()) -> Columns:
    """The columns of a contacts file; AuthorError when the header will not do, as without the one that is ``due``.

    ``declared``: those of which the campaign's file says what they must say.
    """
    own = {column.name: () for column in declared}
    told = {name: t(" (the campaign's columns name it)") for name in own}
    needed = tuple(column.name for column in declared if not column.optional)
    if due is None:
        kept = {*time_columns.ALIASES, *own}
        return find_columns(table, {**own, **WITH_NUMBERS}, (*REQUIRED, *needed), "contacts", kept, told)
    name = next(
        (n for n, also in WITH_NUMBERS.items() if any(same_title(due.column, one) for one in (n, *also))), due.column
    )
    kept = {*time_columns.ALIASES, name, *own}.difference(NO_FIELDS)
    told |= {name: t(" (the campaign's due names it)")}
    required = tuple(dict.fromkeys((*REQUIRED, name, *needed)))
    found = find_columns(table, {name: (), **own, **WITH_NUMBERS}, required, "contacts", kept, told)
    return Columns({**found.known, EVENT: found.known[name]}, found.others, found.header)


def header_notes(columns: Columns, fields: Collection[str] = ()) -> tuple[str, ...]:
    """What the user should know about columns that are not what they seem; ``fields`` are those that the flow reads."""
    consent = [title for title in columns.others if title.casefold().startswith(_CONSENT_WORDS)]
    told = (
        [
            t(
                "{no_consent_note} (kept as plain fields: {consent})",
                no_consent_note=t(NO_CONSENT_NOTE),
                consent=", ".join(consent),
            )
        ]
        if consent
        else []
    )
    if "language" not in columns.known:
        told += [
            t(
                "the column {quote} is kept as your own column; is it language? Then rename it to language",
                quote=quote(title),
            )
            for title in columns.others
            if synonyms.other_word(title, ("language",))
        ]
    told += [
        t(
            "the column {quote} is kept as your own column and never dialled; write it in front of each number",
            quote=quote(title),
        )
        for title in columns.others
        if CODE_TITLE.fullmatch(title.strip())
    ]
    told += [
        t(
            "the column {quote} is kept as your own column and never called; call it number_2 if it is to be called"
            " when the first number brings nobody",
            quote=quote(title),
        )
        for title in columns.others
        if title not in fields and _SECOND_NUMBER.fullmatch(title.strip())
    ]
    return (*told, *(message for _, message in misspelt_columns(fields, columns.others)))


def group_note(columns: Columns, group: str | None) -> tuple[str, ...]:
    """What the user should know of a file without the column ``group``, by which a quota goes."""
    if group is None or group in columns.others:
        return ()
    told = t(
        "the quota goes by contact.{group}, and this file has no such column{hint}: its contacts are in no group and"
        " are not called",
        group=group,
        hint=suggest(group, columns.others),
    )
    return (told,)


def parse_contacts(
    table: Table,
    region: str | None,
    languages: Sequence[str],
    called: Called | None = None,
    times: TimeColumns | None = None,
) -> Generator[ContactRow | RejectedRow, None, None]:
    """Each row of the file as a contact or a rejected row, in the file's order; as ``ContactsReading`` says."""
    return ContactsReading(table, region, languages, called, times).rows()


class ContactsReading:
    """One file of contacts being read: its rows, and then what is to be said of them.

    ``region`` (ISO 3166 alpha-2) reads numbers without a country code, unless they may be another person's in a country
    that is ``called``; ``languages`` are the flow's; ``times`` says how times are read, ``flow`` which columns are
    said. The first of two rows with one external id is taken; the second is rejected, and it is a row of that contact
    unless it is the same again.
    ``declared``: what columns must say.
    """

    def __init__(
        self,
        table: Table,
        region: str | None,
        languages: Sequence[str],
        called: Called | None = None,
        times: TimeColumns | None = None,
        declared: Sequence[ContactColumn] = (),
        flow: Flow | None = None,
    ) -> None:
        """AuthorError when the header will not do."""
        self._table = table
        by = times or TimeColumns()
        self._columns = columns = contact_columns(table, by.due, declared)
        self._times = TimeReader(by, columns)
        self._spoken = SpokenFields(flow, by.region, columns.header[columns.known[EVENT]] if by.due else None)
        self._reader = _Reader(columns, region, languages, called or Called(()), self._times, declared, self._spoken)

    def rows(self) -> Generator[ContactRow | RejectedRow, None, None]:
        """Each row as a contact or a rejected row. AuthorError at the end when its dates contradict each other."""
        for row in self._table.rows():
            yield self._reader.read(row)
        self._times.check(self._table)
        self._spoken.check(self._table)

    def notes(self) -> tuple[str, ...]:
        """What the user should know of the rows that were read."""
        return (*self._times.notes(), *self._spoken.notes(self._columns.others))


class _Reader:
    """Reads rows of one file; remembers the ids it has met."""

    def __init__(
        self,
        columns: Columns,
        region: str | None,
        languages: Sequence[str],
        called: Called,
        times: TimeReader,
        declared: Sequence[ContactColumn],
        spoken: SpokenFields,
    ) -> None:
        self._declared = [column for column in declared if column.name in columns.known]
        self._columns = columns
        self._spoken = spoken
        self._times = times
        self._called = called
        self._region = region
        self._languages = languages
        self._seen = SeenIds()  # external id -> line
        self._known = lru_cache(_MOST_LANGUAGES)(partial(find_language, languages=languages))

    def read(self, row: Row) -> ContactRow | RejectedRow:
        cells = Cells(row, self._columns)
        if not cells.readable:
            return cells.rejected()
        external_id = self._external_id(cells)
        number = cells.number("contacts/number", self._region, t("; or give the campaign a region"))
        if number is not None and (other := self._called.other(cells.text("number"), number)):
            more = "" if self._called.told else t("; or give the campaign a region")
            cells.fault("number", "contacts/number", _ambiguous(cells.text("number"), number, *other) + more)
        language = self._language(cells)
        person = self._id(cells, "person_id", "contacts/person-id")
        told = self._times.read(cells)
        others = number_columns.other_numbers(cells, number.e164 if number else "", self._region)
        kind = number_columns.kind_of(cells, "number")
        for column in self._declared:
            if not column.takes(found := cells.text(column.name)):
                cells.fault(column.name, "contacts/column", _not_as_declared(column, found))
        if number is None or cells.faulty:
            return replace(cells.rejected(), ids=()) if self._seen.same(external_id, row.cells) else cells.rejected()
        self._seen.add(external_id, row.line, row.cells)
        self._times.took(external_id, told)
        fields = self._fields(row, told.said)
        if not told.cancelled:
            self._spoken.took(external_id, language, fields, row.line)
        return ContactRow(
            external_id,
            number.e164,
            number.region,
            number.zones,
            language,
            fields,
            person or None,
            told.times,
            told.priority,
            told.cancelled,
            kind,
            others,
        )

    def _fields(self, row: Row, said: str) -> dict[str, str]:
        """All other columns; ``said`` is the time of `due` in the form that `say` reads, where the list has another."""
        fields = {title: row.cells[index].strip() for title, index in self._columns.others.items()}
        if said:
            fields[self._columns.header[self._columns.known[EVENT]]] = said
        self._spoken.put_in_order(fields, lambda title: row.position(self._columns.others[title]))
        return fields

    def _external_id(self, cells: Cells) -> str:
        if not (found := self._id(cells, "external_id", "contacts/external-id")):
            cells.fault("external_id", "contacts/external-id", t("is empty; each contact needs its own id"))
        elif (line := self._seen.line(found)) is not None:
            reason = t(
                "{quote} is already on line {line}; each contact needs its own id",
                quote=quote(phone.shown_text(found)),
                line=line,
            )
            cells.fault("external_id", "contacts/duplicate-id", reason)
        return found

    def _id(self, cells: Cells, name: str, rule: str) -> str:
        if not (found := cells.text(name)):
            return ""
        cells.unspoilt(name, rule)
        if len(found) > LONGEST_ID:
            cells.fault(
                name, rule, t("has {found} characters; at most {longest_id}", found=len(found), longest_id=LONGEST_ID)
            )
        elif not found.isprintable():
            cells.fault(name, rule, t("has a line break or another invisible character"))
        return found

    def _language(self, cells: Cells) -> str | None:
        if not (found := cells.text("language")):
            return None
        if (language := self._known(found)) is None:
            reason = t(
                "{quote} is not a language of the flow{meant}",
                quote=quote(phone.shown_text(found)),
                meant=_meant(found, self._languages),
            )
            cells.fault("language", "contacts/language", reason)
        return language


def _not_as_declared(column: ContactColumn, found: str) -> str:
    """Why a cell is not as the campaign's file says; it follows the column's name."""
    hint, more = "", ", …" if len(column.one_of) > MOST_VALUES else ""
    wanted = ", ".join(column.one_of[:MOST_VALUES]) + more
    if column.digits is not None:
        least, most = column.digits
        several = t("{least} to {most} digits", least=least, most=most)
        wanted = t("{least} digits", least=least) if least == most else several
        if found.isascii() and found.isdigit() and len(found) < least:
            right = found.zfill(least)
            hint = t("; a spreadsheet drops zeros in front: write {right}, in a column of text", right=right)
    if not found:
        return t("is empty; it must be {wanted}", wanted=wanted) if wanted else t("is empty, and must not be")
    return t("{found} must be {wanted}{hint}", found=quote(phone.shown_text(found)), wanted=wanted, hint=hint)


def _ambiguous(text: str, one: phone.PhoneNumber, region: str, other: phone.PhoneNumber) -> str:
    two = t(
        "{mask} ({region}) or {mask2} ({region2})",
        mask=phone.mask(one.e164),
        region=one.region,
        mask2=phone.mask(other.e164),
        region2=region,
    )
    return t("{quote} may be {two}: write it with + and country code", quote=quote(phone.shown_number(text)), two=two)


def _meant(found: str, languages: Sequence[str]) -> str:
    """The flow's language that a name means, else what there is."""
    tag = shape_hints.language(found).removeprefix(t("; write "))
    known = find_language(tag, languages) if tag else None
    return t("; write {known}", known=known) if known else suggest(found, languages)


def find_language(found: str, languages: Sequence[str]) -> str | None:
    """The flow's language that ``found`` means: itself, ``zh`` for zh-CN, or en-GB for ``en``; None when none fits."""
    asked = found.strip().replace("_", "-").lower()
    base = asked.split("-")[0]
    exact = [language for language in languages if language.lower() == asked]
    wider = [language for language in languages if language.lower() == base]
    narrower = [language for language in languages if asked == base and language.lower().split("-")[0] == base]
    return next(iter(exact + wider + narrower), None)
