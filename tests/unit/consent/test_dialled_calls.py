"""Calls are noted beside the database, for a while, and what is no note is passed over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from agi_app.consent.dialled_calls import FOLDER, KEPT, DialledCalls, read
from agi_app.errors import SafetyError
from tests.fake_clock import FakeClock
from tests.store.world import hash_number

NOW = dt.datetime(2026, 3, 3, 23, 59, 50, tzinfo=dt.UTC)


@dataclass
class Called:
    """Of a claim, what is noted."""

    contact_id: int
    attempt_id: str
    number: str


def claims(*calls: Called) -> Any:
    """As the dialer hands them over."""
    return cast(Any, list(calls))


ONE, TWO = Called(7, "a-1", "+999861380000017"), Called(8, "a-2", "+999861380000025")


def test_calls_are_noted_by_day_and_read_from_a_time_on(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    notes = DialledCalls(tmp_path, clock, hash_number)
    notes.soon(claims(ONE))
    clock.advance(20)
    notes.soon(claims(TWO))
    notes.close()
    files = sorted((tmp_path / FOLDER).iterdir())
    assert [file.name for file in files] == ["2026-03-03.log", "2026-03-04.log"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert all(ONE.number[1:] not in file.read_text() for file in files)
    found = list(read(tmp_path, NOW))
    assert [(one.contact_id, one.attempt_id) for one in found] == [(7, "a-1"), (8, "a-2")]
    assert found[0].number_hash == hash_number(ONE.number)
    assert [one.contact_id for one in read(tmp_path, NOW + dt.timedelta(seconds=1))] == [8]
    assert list(read(tmp_path / "nowhere", NOW)) == []


def test_old_notes_go(tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    notes = DialledCalls(tmp_path, clock, hash_number)
    notes.soon(claims(ONE))
    clock.advance((KEPT + dt.timedelta(days=1)).total_seconds())
    notes.soon(claims(TWO))
    notes.close()
    assert [one.contact_id for one in read(tmp_path, NOW - KEPT)] == [8]


def test_what_is_no_note_is_passed_over(tmp_path: Path) -> None:
    """A torn line of a power cut, and something of somebody else."""
    notes = DialledCalls(tmp_path, FakeClock(NOW), hash_number)
    notes.soon(claims(ONE))
    notes.close()
    with (tmp_path / FOLDER / "2026-03-03.log").open("a") as file:
        file.write("2026-03-03T23:59:50 9 a-3 00\nnonsense\n\n2026-03-03T23:59:5")
    assert [one.contact_id for one in read(tmp_path, NOW)] == [7]


def test_a_disk_that_takes_nothing_stops_no_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    notes = DialledCalls(tmp_path, FakeClock(NOW), hash_number)
    notes.soon(claims(ONE))
    notes.close()


def test_notes_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "2026-03-03.log").mkdir(parents=True)
    with pytest.raises(SafetyError, match="cannot be read"):
        list(read(tmp_path, NOW))
