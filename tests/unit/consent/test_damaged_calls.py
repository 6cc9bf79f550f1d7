"""A changed, missing or cut note of a call is named by its place; one that a crash left half written is told apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.consent.dialled_calls import ENDS_NAME, FOLDER, KEPT, DialledCalls, damages, read
from tests.fake_clock import FakeClock
from tests.store.world import hash_number

NOW = dt.datetime(2026, 3, 3, 9, 0, tzinfo=dt.UTC)
NUMBERS = ("+999861380000017", "+999861380000025", "+999861380000033")
DAY = "2026-03-03.log"


def note(folder: Path, *contacts: int) -> None:
    """Notes of calls, each by a worker that was started again."""
    for one in contacts:
        notes = DialledCalls(folder, FakeClock(NOW), hash_number)
        number = NUMBERS[one % len(NUMBERS)]
        notes.soon(cast(Any, [SimpleNamespace(contact_id=one, attempt_id=f"a-{one}", number=number)]))
        notes.close()


def told(folder: Path, *, wanted: bool = False) -> list[tuple[str, bool]]:
    """What is damaged, without the folder."""
    return [(one.text.removeprefix(f"{folder}/"), one.lost) for one in damages(folder, wanted=wanted)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four notes."""
    note(tmp_path, 1, 2, 3, 4)
    return tmp_path / FOLDER / DAY


def test_what_is_whole_is_not_named(tmp_path: Path, file: Path) -> None:
    assert told(tmp_path, wanted=True) == []
    assert all(one.sound for one in read(tmp_path, NOW))


def test_each_flipped_byte_is_named(tmp_path: Path, file: Path) -> None:
    """Also in the check values, and in what parts the lines."""
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        found = told(tmp_path)
        line = whole[:place].count(b"\n") + 1
        assert any(lost and text.startswith(f"dialled/{DAY}:{line}:") for text, lost in found), (place, found)


def test_each_cut_is_named(tmp_path: Path, file: Path) -> None:
    whole = file.read_bytes()
    for length in range(len(whole) - 1):
        file.write_bytes(whole[:length])
        assert any(lost and "are gone" in text for text, lost in told(tmp_path)), length


def test_lines_that_were_taken_out_are_named(tmp_path: Path, file: Path) -> None:
    first, second, third, fourth = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + third + fourth + second)
    assert (f"dialled/{DAY}:2: lines before this one are gone", True) in told(tmp_path)
    file.write_bytes(second + third + fourth)
    assert (f"dialled/{DAY}:1: lines before this one are gone", True) in told(tmp_path)


def test_what_a_crash_left_half_written_is_named_and_not_lost(tmp_path: Path, file: Path) -> None:
    """At the end, and later in the middle."""
    with file.open("ab") as out:
        out.write(b"2026-03-03T09:00:00+00:00 5 a-5 00")
    half = f"dialled/{DAY}:5: was being written when a crash came, and nobody was told that it is kept"
    assert told(tmp_path) == [(half, False)]
    note(tmp_path, 6)
    assert told(tmp_path) == [(half, False)]


def test_notes_that_are_gone_are_named(tmp_path: Path, file: Path) -> None:
    file.unlink()
    assert told(tmp_path) == [(f"dialled/{DAY}: is missing", True)]
    (tmp_path / ENDS_NAME).unlink()
    assert told(tmp_path, wanted=True) == [("dialled: has no notes of calls", True)]
    assert told(tmp_path) == []


@pytest.mark.parametrize("spoil", [lambda end: end.unlink(), lambda end: end.write_text("")])
def test_a_lost_end_is_doubted_and_later_notes_do_not_hide_it(
    tmp_path: Path, file: Path, spoil: Callable[[Path], object]
) -> None:
    """Until notes as old as it are not kept any longer."""
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    spoil(tmp_path / ENDS_NAME)
    unknown = "dialled: how far it was written is not known, for dialled.ends beside it is missing or damaged"
    ((text, lost),) = told(tmp_path)
    assert (text.startswith(unknown), lost) == (True, True)
    for contact in (5, 6):
        note(tmp_path, contact)
        ((text, lost),) = told(tmp_path)
        assert text.startswith("dialled: notes before 2026-03-03 09:00 UTC may be gone")
        assert lost
    clock = FakeClock(NOW + KEPT + dt.timedelta(days=1))
    notes = DialledCalls(tmp_path, clock, hash_number)
    notes.soon(cast(Any, [SimpleNamespace(contact_id=7, attempt_id="a-7", number=NUMBERS[0])]))
    notes.close()
    assert told(tmp_path) == []


def test_a_cut_that_later_notes_make_longer_again_is_told(tmp_path: Path, file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    note(tmp_path, 5, 6)
    ((text, lost),) = told(tmp_path)
    assert (text.startswith("dialled: notes before"), lost) == (True, True)


def test_notes_of_an_older_version_stay_readable(tmp_path: Path, file: Path) -> None:
    """They have no check values; after one that has, none may lack them."""
    old = [b" ".join(line.split(b" ")[:4]) for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(line + b"\n" for line in old))
    (tmp_path / ENDS_NAME).unlink()
    assert told(tmp_path, wanted=True) == []
    assert [one.contact_id for one in read(tmp_path, NOW)] == [1, 2, 3, 4]
    note(tmp_path, 5)
    assert told(tmp_path) == []
    with file.open("ab") as out:
        out.write(old[0] + b"\n")
    assert told(tmp_path) == [(f"dialled/{DAY}:6: is damaged", True)]
