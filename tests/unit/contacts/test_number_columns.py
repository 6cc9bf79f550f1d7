"""Further numbers of a row: their order and kinds, what is refused, and that none of them becomes a field."""

from __future__ import annotations

import pytest

from agi_app.contacts import number_columns
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.contacts_file import parse_contacts
from agi_app.model.person import ContactRow
from tests.unit.contacts_helpers import table

FIRST, SECOND, THIRD = "+999861380000001", "+999861380000002", "+999861380000003"


def read(header: str, row: str) -> ContactRow | RejectedRow:
    """The one row of a file."""
    (found,) = parse_contacts(table(f"{header}\n{row}\n"), None, ())
    return found


@pytest.mark.parametrize(
    "header",
    [
        "external_id,number,number_2,number_3",
        "编号,电话,电话2,电话3",
        "external_id,phone,Phone 2,phone-3",
        "编号,手机,备用电话,第三电话",
    ],
)
def test_numbers_are_taken_in_their_order_and_are_no_fields(header: str) -> None:
    found = read(header, f"A1,{FIRST},{SECOND},{THIRD}")
    assert isinstance(found, ContactRow)
    assert (found.number, [one.number for one in found.others]) == (FIRST, [SECOND, THIRD])
    assert found.fields == {}


def test_kinds_are_kept_with_their_numbers() -> None:
    header = "external_id,number,number_kind,number_2,number_2_kind"
    found = read(header, f"A1,{FIRST},mobile,{SECOND},home")
    assert isinstance(found, ContactRow)
    assert (found.kind, [one.kind for one in found.others]) == ("mobile", ["home"])
    long = read(header, f"A1,{FIRST},mobile,{SECOND},{'x' * (number_columns.LONGEST_KIND + 1)}")
    assert isinstance(long, RejectedRow)
    assert long.rule == "contacts/number-kind"


@pytest.mark.parametrize(("cells", "others"), [((FIRST, ""), []), (("", THIRD), [THIRD]), ((THIRD, THIRD), [THIRD])])
def test_an_empty_cell_is_no_number_and_one_that_stands_twice_counts_once(
    cells: tuple[str, str], others: list[str]
) -> None:
    found = read("external_id,number,number_2,number_3", f"A1,{FIRST},{','.join(cells)}")
    assert isinstance(found, ContactRow)
    assert [one.number for one in found.others] == others


def test_a_number_that_cannot_be_read_rejects_the_row_at_its_place() -> None:
    found = read("external_id,number,number_2", f"A1,{FIRST},12")
    assert isinstance(found, RejectedRow)
    assert (found.rule, found.column, found.field) == ("contacts/number", len(f"A1,{FIRST},") + 1, "number_2")
