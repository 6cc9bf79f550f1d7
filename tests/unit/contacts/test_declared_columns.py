"""What a campaign's ``columns`` says of the contacts' own columns, and what an import takes by it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from agi_app.campaigns.campaign_file.columns_part import MOST_DIGITS
from agi_app.campaigns.campaign_file.load import load_campaign
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.contacts_file import ContactsReading
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError
from agi_app.model.campaign import ContactColumn
from agi_app.model.person import ContactRow

HEAD = "campaign: c\npurpose: survey\njurisdictions: [CN]\nflow: f\ntrunk: t\ncaller_id: '+999862155500001'\n"
BIRTHDAY = ContactColumn("birthday", (4, 4))
NUMBER = "+999861380000001"


def read(cells: str, *declared: ContactColumn, title: str = "birthday") -> Sequence[object]:
    table = Table(io.BytesIO(f"external_id,number,{title}\np1,{NUMBER},{cells}\n".encode()), "list.csv")
    return list(ContactsReading(table, None, ["en"], None, TimeColumns(), declared).rows())


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("0305", BIRTHDAY),
        (" 0305 ", BIRTHDAY),
        ("12345", ContactColumn("birthday", (4, 6))),
        ("", ContactColumn("birthday", (4, 4), optional=True)),
        ("north", ContactColumn("birthday", None, ("north", "south"))),
        ("anything", ContactColumn("birthday")),
    ],
)
def test_what_is_as_declared_is_taken_as_it_is(cell: str, column: ContactColumn) -> None:
    (found,) = read(cell, column)
    assert isinstance(found, ContactRow)
    assert found.fields["birthday"] == cell.strip()


@pytest.mark.parametrize(
    ("cell", "column", "told"),
    [
        ("305", BIRTHDAY, 'birthday "305" must be 4 digits; a spreadsheet drops zeros in front: write 0305'),
        ("03-05", BIRTHDAY, 'birthday "03-05" must be 4 digits'),
        ("０３０５", BIRTHDAY, "must be 4 digits"),
        ("²305", BIRTHDAY, "must be 4 digits"),
        ("03055", BIRTHDAY, 'birthday "03055" must be 4 digits'),
        ("123", ContactColumn("birthday", (4, 6)), "must be 4 to 6 digits"),
        ("", BIRTHDAY, "birthday is empty; it must be 4 digits"),
        ("", ContactColumn("birthday"), "birthday is empty, and must not be"),
        ("North", ContactColumn("birthday", None, ("north", "south")), 'birthday "North" must be north, south'),
    ],
)
def test_what_is_not_is_rejected_with_its_place(cell: str, column: ContactColumn, told: str) -> None:
    (found,) = read(cell, column)
    assert isinstance(found, RejectedRow)
    assert (found.line, found.column, found.field, found.rule) == (
        2,
        len(f"p1,{NUMBER},") + 1,
        "birthday",
        "contacts/column",
    )
    assert told in found.reason
    assert ("spreadsheet" in found.reason) is (cell in ("305", "123"))


def test_a_file_without_the_column_is_refused_unless_it_may_be_without() -> None:
    with pytest.raises(AuthorError, match=r"the column birthday \(the campaign's columns name it\) is missing"):
        read("x", BIRTHDAY, title="name")
    (found,) = read("x", ContactColumn("birthday", (4, 4), optional=True), title="name")
    assert isinstance(found, ContactRow)


def test_nothing_is_asked_of_other_columns_nor_without_a_declaration() -> None:
    assert isinstance(read("305")[0], ContactRow)
    assert isinstance(read("305", ContactColumn("area", optional=True, one_of=("north",)))[0], ContactRow)


def test_a_title_may_be_written_otherwise_and_stays_as_it_is() -> None:
    (found,) = read("305", BIRTHDAY, title="Birthday")
    assert isinstance(found, RejectedRow)
    (found,) = read("0305", BIRTHDAY, title="Birthday")
    assert isinstance(found, ContactRow)
    assert found.fields["Birthday"] == "0305"


def test_the_campaigns_file_says_it() -> None:
    text = (
        "columns: {birthday: {digits: 4}, code: {digits: {min: 4, max: 6}}, area: {one_of: [n, s], optional: true}}\n"
    )
    assert load_campaign(HEAD + text, "c.yaml").columns == (
        ContactColumn("area", None, ("n", "s"), optional=True),
        BIRTHDAY,
        ContactColumn("code", (4, 6)),
    )
    assert load_campaign(HEAD, "c.yaml").columns == ()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("{number: {digits: 4}}", "the column number has its own meaning"),
        ("{number_2: {digits: 4}}", "the column number_2 has its own meaning"),
        ("{'a b': {digits: 4}}", '"a b" is no column of the contacts'),
        ("{birthday: {digits: {min: 5, max: 4}}}", "min is more than max"),
        (f"{{birthday: {{digits: {MOST_DIGITS + 1}}}}}", "7:"),
        ("{birthday: {digits: 4, one_of: [a]}}", "write digits or one_of, not both"),
        ("{birthday: {optional: true}}", "that allows everything"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(columns: str, told: str) -> None:
    with pytest.raises(AuthorError) as caught:
        load_campaign(f"{HEAD}columns: {columns}\n", "c.yaml")
    assert told in str(caught.value)
    assert str(caught.value).startswith("c.yaml:7:")
