"""A file of list entries: every fault with its place, or what it says."""

from __future__ import annotations

import datetime as dt
import io

import pytest

from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.guard_file import CellFormats, ListRow, parse_guard_list
from agi_app.contacts.tables.csv_table import Table
from agi_app.guard.number_patterns import NotAPattern, new_pattern

SHANGHAI = CellFormats("CN", "Asia/Shanghai")


def read(text: str, *, shared: bool = False) -> list[ListRow | RejectedRow]:
    return list(parse_guard_list(Table(io.BytesIO(text.encode()), "list.csv"), SHANGHAI, shared=shared))


def faults(text: str, *, shared: bool = False) -> list[str]:
    return [str(row.problem("list.csv")) for row in read(text, shared=shared) if isinstance(row, RejectedRow)]


def test_entries_are_read_as_ops_staff_write_them() -> None:
    rows = read(
        "号码,名单,原因,有效期至,线路\n"
        "+8695*,黑名单,贷款,2026-12-31,\n"
        "withheld,block,,2026-12-31T12:00:00+08:00,7001\n"
        " 0086 (10) 8888 0000 ,白名单,,,\n"
        "+861000-+861999,Allow,,,\n"
    )
    midnight = dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)
    assert rows == [
        ListRow(2, "+8695*", False, "贷款", midnight, ""),
        ListRow(3, "withheld", False, "", dt.datetime(2026, 12, 31, 4, tzinfo=dt.UTC), "7001"),
        ListRow(4, "+861088880000", True, "", None, ""),
        ListRow(5, "+861000-+861999", True, "", None, ""),
    ]


def test_all_faults_are_told_with_their_places() -> None:
    found = faults(
        "number,what,until\n12x,block,\n+8695*,maybe,soon\n+8696*,block,2026-02-30\n+8697*,block,\n+8697*,allow,\n"
    )
    assert [fault.split(" ", 1)[0] for fault in found] == [
        "list.csv:2:1:",
        "list.csv:3:14:",
        "list.csv:4:14:",
        "list.csv:6:1:",
    ]
    assert "guard/number" in found[0]
    assert "neither allow nor block" in found[1]
    assert "is not a day" in found[2]
    assert "is also in line 5" in found[3]


@pytest.mark.parametrize(
    ("typed", "region", "meant"),
    [
        *(("95", region, "95*") for region in ("CN", "GB", "")),
        *(("+8695", "CN", "+8695*"), ("+86170", "", "+86170*"), ("+1212", "US", "+1212*"), ("+44 20", "", "+4420*")),
        *(("021", "CN", "+8621*"), ("0551", "", "0551*"), ("170", "CN", "+86170*"), ("1380013", "CN", "+861380013*")),
    ],
)
def test_how_numbers_begin_is_no_number_by_itself(typed: str, region: str, meant: str) -> None:
    """It would block nobody: nobody can have it."""
    with pytest.raises(
        NotAPattern, match=r"is too short for a number: to mean all numbers that begin with it, write"
    ) as found:
        new_pattern(typed, region)
    assert str(found.value).endswith(f" write '{meant}'")
    assert new_pattern(meant, region) == meant


@pytest.mark.parametrize("number", ["110", "10086", "95588", "12345", "201", "+8610086", "+8695588", "+864008001234"])
def test_a_short_number_that_somebody_has_is_one(number: str) -> None:
    assert new_pattern(number, "CN") == number


def test_a_file_says_it_with_its_place_and_full_width_signs_are_named() -> None:
    told = faults("number,what\n95,block\n＋8613800138000,block\n")
    assert told[0].startswith("list.csv:2:1: guard/number number '95' is too short for a number")
    with pytest.raises(NotAPattern, match=r"＋ \(U\+FF0B\) is full-width; type the ASCII \+"):
        new_pattern("＋8613800138000", "CN")


def test_a_number_that_a_spreadsheet_rounded_is_none() -> None:
    (fault,) = faults("number,what\n8.61388E+12,block\n")
    assert "list.csv:2:1: guard/number" in fault


def test_a_list_of_others_lets_nobody_through() -> None:
    assert [fault.split(" ")[0] for fault in faults("number,what\n+8695*,allow\n+8696*,block\n", shared=True)] == [
        "list.csv:2:8:"
    ]
