"""The refusal journal: a stop that was acknowledged is on disk, whatever happens to the file or the disk."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.consent import opt_out_journal as module
from agi_app.consent.journal_end import END_NAME
from agi_app.consent.opt_out_journal import FILE_NAME, Journal, JournalEntry
from agi_app.errors import SafetyError
from tests.fake_clock import FakeClock
from tests.unit.gate_cases import NOW

pytestmark = pytest.mark.slow  # syncs to a real disk: not part of the fast unit tests

ONE, TWO, THREE = (bytes([n]) * 32 for n in (1, 2, 3))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data", FakeClock(NOW))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


def hashes(journal: Journal, position: int = 0) -> list[bytes]:
    return [entry.number_hash for entry in journal.unflushed(position)]


def appended(journal: Journal, number_hash: bytes) -> JournalEntry:
    """One stop more, as it is read back."""
    journal.append(number_hash, "key")
    return list(journal.unflushed(0))[-1]


def test_a_stop_is_read_back_as_it_was_written(journal: Journal) -> None:
    written = appended(journal, ONE)
    assert (written.number_hash, written.at, written.via) == (ONE, NOW.isoformat(), "key")


def test_without_a_journal_there_is_nothing_to_replay(journal: Journal) -> None:
    assert hashes(journal) == []


def test_only_what_is_behind_the_position_is_replayed(journal: Journal) -> None:
    first = appended(journal, ONE)
    second = appended(journal, TWO)
    assert hashes(journal, first.end) == [TWO]
    assert hashes(journal, second.end) == []


def test_no_telephone_number_and_nothing_for_other_users_is_in_the_file(journal: Journal, file: Path) -> None:
    journal.append(ONE, "key")
    assert set(json.loads(file.read_text())) == {"hash", "at", "real_at", "via", "after", "crc"}
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_stop_is_synced_before_it_is_acknowledged_and_a_new_file_with_its_folder(
    journal: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []

    def fsync(fd: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{fd}"), os.fstat(fd).st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    first = appended(journal, ONE)
    assert synced[0][0] == str(file.with_name(END_NAME))  # so that a crash never leaves the journal without it
    assert synced[1][0] == str(file.parent)
    assert synced[2] == (str(file), first.end)
    assert synced[3][0] == str(file.parent)
    second = appended(journal, TWO)
    assert synced[4:] == [(str(file), second.end)]


@pytest.mark.parametrize("kept", [1, 20, 100, -2, -1])
def test_a_line_torn_by_a_crash_costs_no_other_stop(journal: Journal, file: Path, kept: int) -> None:
    journal.append(ONE, "key")
    whole = file.read_bytes()
    file.write_bytes(whole + whole.replace(b"01", b"02")[:kept])
    third = appended(journal, THREE)
    found = hashes(journal)
    assert found[0] == ONE
    assert found[-1] == THREE
    assert third.end == file.stat().st_size
    assert hashes(journal, third.end) == []


def test_a_line_that_another_process_is_writing_is_read_once_it_is_whole(journal: Journal, file: Path) -> None:
    first = appended(journal, ONE)
    line = file.read_bytes().replace(b"01" * 32, b"02" * 32)
    with file.open("ab") as other:
        other.write(line[:50])
        other.flush()
        assert hashes(journal) == [ONE]
        other.write(line[50:])
    assert hashes(journal, first.end) == [TWO]


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"\xff\xfe\n",
        b"{}\n",
        b"[]\n",
        b"17\n",
        b"null\n",
        b'{"hash": "zz", "at": "2026-03-04T02:00:00+00:00", "real_at": "x", "via": "key"}\n',
        b'{"hash": "01", "at": "2026-03-04T02:00:00+00:00", "real_at": "x", "via": "key"}\n',
        b'{"hash": 1, "at": "2026-03-04T02:00:00+00:00", "real_at": "x", "via": "key"}\n',
        b'{"hash": "%s", "at": "yesterday", "real_at": "x", "via": "key"}\n' % (b"01" * 32),
        b'{"hash": "%s", "at": null, "real_at": "x", "via": "key"}\n' % (b"01" * 32),
    ],
)
def test_a_foreign_line_neither_stops_the_replay_nor_becomes_a_stop(
    journal: Journal, file: Path, damage: bytes
) -> None:
    journal.append(ONE, "key")
    with file.open("ab") as other:
        other.write(damage)
    journal.append(TWO, "key")
    assert hashes(journal) == [ONE, TWO]


def test_a_damaged_line_is_told_because_it_may_have_been_a_stop(
    journal: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    class Told:
        def warning(self, event: str, **_: Any) -> None:
            said.append(event)

    monkeypatch.setattr(module, "_log", Told())
    journal.append(ONE, "key")
    with file.open("ab") as other:
        other.write(b"garbage\n")
    assert hashes(journal) == [ONE]
    assert said == ["a damaged line in the refusal journal"]


def test_a_shorter_journal_than_the_database_knows_is_replayed_whole(journal: Journal) -> None:
    """The file was restored from a backup or replaced: replaying twice does no harm, missing one does."""
    end = appended(journal, ONE).end
    assert hashes(journal, end + 1) == [ONE]


# ---- damage


def damaged(journal: Journal) -> list[tuple[str, bool]]:
    """Each place, without the folder, and whether a stop may be lost there."""
    return [(one.text.rpartition("/")[2], one.lost) for one in journal.damages()]


def test_every_damaged_place_is_named(journal: Journal, file: Path) -> None:
    """One hex digit of a hash, a line cut in the middle, the end cut, the file emptied or gone."""
    journal.append_all([ONE, TWO], "key")
    journal.append(THREE, "key")
    whole = file.read_bytes()
    assert damaged(journal) == []
    file.write_bytes(whole.replace(b"02020202", b"02020203", 1))
    assert damaged(journal) == [("refusals.jsonl:2: is damaged", True)]
    assert len(hashes(journal)) == 3  # a stop too many hurts nobody
    first, second, third = whole.splitlines(keepends=True)
    file.write_bytes(first + second[:40] + b"\n" + third)
    assert ("refusals.jsonl:2: is damaged", True) in damaged(journal)
    file.write_bytes(whole[:-60])
    assert [text for text, lost in damaged(journal) if lost] == [
        "refusals.jsonl:3: is cut off",
        "refusals.jsonl:3: ends here, and 60 bytes that were written are gone",
    ]
    file.write_bytes(b"")
    assert damaged(journal) == [
        (f"refusals.jsonl:1: ends here, and {len(whole)} bytes that were written are gone", True)
    ]
    file.unlink()
    assert damaged(journal) == [("refusals.jsonl: is missing", True)]


@pytest.mark.parametrize("kept", [1, 20, 100])
def test_a_line_that_a_crash_left_half_written_is_named_and_no_stop_is_lost(
    journal: Journal, file: Path, kept: int
) -> None:
    """It was never acknowledged; also when another stop came after it."""
    journal.append(ONE, "key")
    half = file.read_bytes()[:kept]
    with file.open("ab") as out:
        out.write(half)
    for _ in range(2):
        ((text, lost),) = damaged(journal)
        assert text.startswith("refusals.jsonl:2: was being written")
        assert not lost
        journal.append(TWO, "key")


def test_a_journal_of_an_older_version_stays_readable(journal: Journal, file: Path) -> None:
    """And what is added to it is checked; the line before that, too."""
    old = json.dumps({"hash": ONE.hex(), "at": NOW.isoformat(), "real_at": NOW.isoformat(), "via": "key"}).encode()
    file.parent.mkdir()
    file.write_bytes(old + b"\n")
    assert damaged(journal) == []
    journal.append(TWO, "key")
    assert damaged(journal) == []
    assert hashes(journal) == [ONE, TWO]
    file.write_bytes(file.read_bytes().replace(b"01010101", b"01010102", 1))
    assert damaged(journal) == [("refusals.jsonl:1: is damaged", True)]


def _cut(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


def _with_its_end(spoil: Callable[[Path], object]) -> Callable[[Path], None]:
    """The last stop is gone, and so is what would say it."""

    def spoilt(file: Path) -> None:
        _cut(file)
        spoil(file.with_name(END_NAME))

    return spoilt


UNKNOWN = "refusals.jsonl: how far it was written is not known, for refusals.end beside it is missing or damaged"
LOST_ENDS = [
    (_with_its_end(lambda end: end.unlink()), UNKNOWN),
    (_with_its_end(lambda end: end.write_text("")), UNKNOWN),
    (_with_its_end(lambda end: end.write_text("9\n")), UNKNOWN),
    (_cut, "refusals.jsonl: has "),
    (lambda file: file.unlink(), "refusals.jsonl: has 0 bytes, but "),
]


@pytest.mark.parametrize(("spoil", "why"), LOST_ENDS)
def test_a_lost_end_is_doubted_until_an_admin_accepts_it(
    journal: Journal, file: Path, spoil: Callable[[Path], None], why: str
) -> None:
    """Also when stops come after it; and no whole line is lost."""
    journal.append_all([ONE, TWO], "key")
    assert (journal.doubt(), damaged(journal)) == (None, [])
    spoil(file)
    kept = hashes(journal)
    told = str(journal.doubt()).rpartition("/")[2]
    assert told.startswith(why), told
    assert [lost for _, lost in damaged(journal)] == [True]
    for _ in range(2):  # together longer than it was
        journal.append(THREE, "key")
    assert "may be gone: its end was lost there" in str(journal.doubt())
    assert [lost for _, lost in damaged(journal)] == [True]
    journal.accept_end()
    assert (journal.doubt(), damaged(journal)) == (None, [])
    assert hashes(journal) == [*kept, THREE, THREE]
    journal.append(TWO, "key")
    assert journal.doubt() is None


def test_a_half_written_line_of_a_power_cut_is_not_doubted(journal: Journal, file: Path) -> None:
    """Nor a journal of an older version, nor one that never began."""
    assert journal.doubt() is None
    journal.append(ONE, "key")
    with file.open("ab") as out:
        out.write(file.read_bytes()[:40])
    assert journal.doubt() is None
    journal.append(TWO, "key")
    assert journal.doubt() is None
    assert hashes(journal) == [ONE, TWO]
    old = json.dumps({"hash": ONE.hex(), "at": NOW.isoformat(), "real_at": NOW.isoformat(), "via": "key"})
    file.write_text(old + "\n")
    file.with_name(END_NAME).unlink()
    assert journal.doubt() is None


# ---- the disk


def changed(file: Path, number_hash: bytes, into: str = "f") -> None:
    """The line of this stop, as long as before, with another number in it."""
    line = number_hash.hex()
    file.write_bytes(file.read_bytes().replace(line.encode(), (line[:-1] + into).encode()))


def test_a_changed_last_line_is_doubted_and_the_next_stop_does_not_hide_it(journal: Journal, file: Path) -> None:
    journal.append_all([ONE, TWO], "key")
    assert journal.doubt() is None
    changed(file, TWO)
    assert "its last line is damaged" in (journal.doubt() or "")
    journal.append(THREE, "key")
    assert "may be gone" in (journal.doubt() or "")
    assert hashes(journal)[-1] == THREE
    journal.accept_end()
    assert journal.doubt() is None


def test_a_changed_last_line_that_was_accepted_is_doubted_no_longer(journal: Journal, file: Path) -> None:
    journal.append_all([ONE, TWO], "key")
    changed(file, TWO)
    journal.accept_end()
    journal.hold_for_damage(0)
    assert journal.doubt() is None


def test_a_changed_line_before_others_holds_the_calls(journal: Journal, file: Path) -> None:
    """Also for a worker that starts anew, but not once an admin has accepted it."""
    journal.append_all([ONE, TWO, THREE], "key")
    changed(file, TWO)
    journal.hold_for_damage(0)
    assert "may be gone" in (journal.doubt() or "")
    journal.accept_end()
    journal.append(ONE, "key")
    again = Journal(file.parent, FakeClock(NOW))
    again.hold_for_damage(0)
    assert again.doubt() is None
    changed(file, THREE, "e")
    again.append(TWO, "key")
    again.hold_for_damage(0)
    assert again.doubt() is None, "what was accepted is known"
    changed(file, ONE, "e")
    again.hold_for_damage(0)
    assert "may be gone" in (again.doubt() or "")


def test_a_half_written_line_among_others_holds_nobody(journal: Journal, file: Path) -> None:
    journal.append_all([ONE, TWO], "key")
    with file.open("ab") as torn:
        torn.write(b'{"hash": "03')
    journal.append(THREE, "key")
    journal.hold_for_damage(0)
    assert journal.doubt() is None
    assert hashes(journal) == [ONE, TWO, THREE]


def test_a_full_disk_is_an_error_not_a_silent_loss(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_fd: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(SafetyError, match=r"refusals\.jsonl: the stop could not be written: No space left"):
        journal.append(ONE, "key")


def test_a_half_written_stop_is_taken_back_and_the_next_one_is_whole(
    journal: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(ONE, "key")
    before = file.read_bytes()
    real_write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real_write(fd, data[:10]))
        with pytest.raises(SafetyError, match="No space left"):
            journal.append(TWO, "key")
    assert file.read_bytes() == before
    journal.append(THREE, "key")
    assert hashes(journal) == [ONE, THREE]


def test_a_disk_that_cannot_sync_is_an_error(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SafetyError, match="Input/output error"):
        journal.append(ONE, "key")


def test_a_journal_that_cannot_be_read_is_an_error_not_an_empty_one(journal: Journal, file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(SafetyError, match="cannot be read"):
        hashes(journal)
    with pytest.raises(SafetyError, match="could not be written"):
        journal.append(ONE, "key")


# ---- several writers


def test_a_writer_waits_for_the_one_who_holds_the_lock(journal: Journal, file: Path) -> None:
    journal.append(ONE, "key")
    with file.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        writer = threading.Thread(target=journal.append, args=(TWO, "key"))
        writer.start()
        writer.join(0.05)
        assert writer.is_alive()
        assert hashes(journal) == [ONE]
    writer.join(5)
    assert hashes(journal) == [ONE, TWO]


def test_two_processes_lose_no_stop(journal: Journal, file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from agi_app.clock import Clock;"
        "from agi_app.consent.opt_out_journal import Journal; journal = Journal(Path(sys.argv[1]), Clock());"
        "print('ready', flush=True); sys.stdin.readline();"
        "[journal.append(bytes([n]) * 32, 'key') for n in range(100, 130)]"
    )
    command = [sys.executable, "-c", program, str(file.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        for n in range(30):
            journal.append(bytes([n]) * 32, "key")
    assert sorted(found[0] for found in hashes(journal)) == [*range(30), *range(100, 130)]


@settings(max_examples=15)
@given(st.lists(st.binary(min_size=32, max_size=32) | st.just(None), max_size=12))
def test_whatever_is_torn_in_between_every_acknowledged_stop_is_replayed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[bytes | None]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder, FakeClock(NOW))
    acknowledged = []
    for step in steps:
        if step is not None:
            journal.append(step, "key")
            acknowledged.append(step)
        else:
            with (folder / FILE_NAME).open("ab") as torn:
                torn.write(b'{"hash": "0102')
    assert hashes(journal) == acknowledged
