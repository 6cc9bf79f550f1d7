"""The second copy of the checkpoints: the newest note, at most once a minute, and never an error."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from agi_app.proof.witness import EVERY_S, Witness
from tests.fake_clock import FakeClock

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


def test_the_newest_note_is_on_the_other_disk_in_the_end(tmp_path: Path) -> None:
    file, clock = tmp_path / "copy", FakeClock(NOW)
    witness = Witness(file, clock)
    witness.offer("first\n")
    witness.flush()
    witness.offer("second\n")
    witness.offer("third\n")
    witness.flush()
    text = file.read_text(encoding="utf-8")
    assert "first" in text
    assert "third" in text
    assert "second" not in text
    clock.advance(EVERY_S)
    witness.offer("fourth\n")
    witness.flush()
    assert "fourth" in file.read_text(encoding="utf-8")


def test_it_is_known_how_long_a_note_waits(tmp_path: Path) -> None:
    folder, clock = tmp_path / "share", FakeClock(NOW)
    witness = Witness(folder / "copy", clock)
    assert witness.waited_s == 0
    witness.offer("first\n")  # the share is not mounted
    witness.flush()
    clock.advance(EVERY_S)
    assert witness.waited_s == EVERY_S
    folder.mkdir()
    witness.offer("second\n")
    witness.flush()
    assert witness.waited_s == 0
    witness.offer("third\n")
    clock.advance(5)
    assert witness.waited_s == 5, "it is written once a minute"


def test_a_share_that_is_away_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    witness = Witness(tmp_path / "file" / "copy", FakeClock(NOW))
    witness.offer("note\n")
    witness.flush()
