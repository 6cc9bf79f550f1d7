"""A restored old database, another database and a damaged note are recognised; the note never goes back by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.consent.restored_backup import FILE_NAME, LastSeenDatabase, advance, compare, read, write
from agi_app.errors import SafetyError
from agi_app.store.database.progress import DatabaseProgress
from tests.unit.gate_cases import DAY, NOW


def at(decisions: int, database: str = "one") -> DatabaseProgress:
    """A database that has come so far."""
    return DatabaseProgress(database, decisions, None)


def test_a_node_that_never_dialled_has_no_note(tmp_path: Path) -> None:
    assert read(tmp_path / "absent") is None
    compare(None, at(0))


def test_a_note_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "data", at(7), NOW)
    assert read(tmp_path / "data") == LastSeenDatabase("one", 7, NOW)
    assert [p.name for p in (tmp_path / "data").iterdir()] == [FILE_NAME]


def test_a_database_that_is_as_far_or_further_is_well() -> None:
    for decisions in (7, 8):
        compare(LastSeenDatabase("one", 7, NOW), at(decisions))


def test_a_database_that_is_behind_is_refused_with_the_way_out() -> None:
    with pytest.raises(SafetyError, match=r"ends at decision 6, but had 7 .*Nobody is dialled.*agi-app recover"):
        compare(LastSeenDatabase("one", 7, NOW), at(6))


def test_another_database_is_refused_with_the_way_out() -> None:
    with pytest.raises(SafetyError, match=r"another database.*database_url.*agi-app recover"):
        compare(LastSeenDatabase("one", 7, NOW), at(9, "two"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"database_id": "one"}', '{"database_id": "one", "decisions": "x"}'])
def test_a_damaged_note_is_no_permission_to_dial(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(SafetyError, match="agi-app recover"):
        read(tmp_path)


def test_a_running_worker_does_not_forget_how_far_the_database_had_come(tmp_path: Path) -> None:
    """A backup restored under a running worker must not lower the note."""
    advance(tmp_path, at(7), NOW)
    with pytest.raises(SafetyError, match="decision 3"):
        advance(tmp_path, at(3), NOW)
    assert read(tmp_path) == LastSeenDatabase("one", 7, NOW)
    advance(tmp_path, at(8), NOW + DAY)
    assert read(tmp_path) == LastSeenDatabase("one", 8, NOW + DAY)


def test_the_note_says_since_when_nothing_changed(tmp_path: Path) -> None:
    """A hold counts from the last decision, not from the last look."""
    advance(tmp_path, at(7), NOW)
    advance(tmp_path, at(7), NOW + DAY)
    assert read(tmp_path) == LastSeenDatabase("one", 7, NOW)


def test_a_disk_that_takes_nothing_keeps_the_old_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, at(7), NOW)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SafetyError, match="No space left on device"):
        write(tmp_path, at(8), NOW)
    assert read(tmp_path) == LastSeenDatabase("one", 7, NOW)
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]
