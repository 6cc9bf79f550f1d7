"""A file of new times: what it must have, and what of it is refused at its place."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from agi_app.contacts.changes_file import read_changes
from agi_app.contacts.tables.opening import SentFile
from agi_app.contacts.time_columns import TimeColumns
from agi_app.errors import AuthorError
from agi_app.model.campaign import Due

SHANGHAI = ZoneInfo("Asia/Shanghai")
BY = TimeColumns(SHANGHAI, "CN", Due("appointment", (dt.timedelta(hours=3),)), dt.datetime(2026, 3, 2, tzinfo=SHANGHAI))


def file(*lines: str) -> SentFile:
    """A file of these lines."""
    return SentFile("moved.csv", ("\n".join(lines) + "\n").encode())


def test_new_times_are_read_and_an_old_end_is_not_kept() -> None:
    lines = ("编号,appointment,最晚时间", "a,2026-03-12 15:00,", "b,2026年3月12日 上午9点,2026-03-12")
    read = read_changes(file(*lines), BY)
    assert [(row.external_id, row.line, row.text) for row in read.rows] == [
        ("a", 2, "2026-03-12 15:00"),
        ("b", 3, "2026-03-12 09:00"),
    ]
    first, second = (row.times for row in read.rows)
    assert (first.event, first.not_after) == (dt.datetime(2026, 3, 12, 15, tzinfo=SHANGHAI), None)
    assert second.not_after == dt.datetime(2026, 3, 13, tzinfo=SHANGHAI), "to the end of that day"
    assert read.problems == ()


def test_rows_that_cannot_be_read_are_told_with_their_places() -> None:
    read = read_changes(file("external_id,appointment", "a,soon", ",2026-03-12 15:00", "b,2026-03-12", "c,"), BY)
    assert read.rows == ()
    assert [(one.line, one.rule) for one in read.problems] == [
        (2, "contacts/time"),
        (3, "contacts/external-id"),
        (4, "contacts/time"),
        (5, "contacts/time"),
    ]


@pytest.mark.parametrize("header", ["external_id,name", "appointment,not_after"])
def test_a_file_without_ids_or_times_is_refused(header: str) -> None:
    with pytest.raises(AuthorError, match="contacts/missing-column"):
        read_changes(file(header, "x,y"), BY)
