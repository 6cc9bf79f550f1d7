"""Evidence is on disk in cipher only, opens with its own key only, and says when it was touched."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from agi_app.consent.evidence import KEY_FILE, EvidenceFiles, read_evidence
from agi_app.errors import ConfigError, InputError

SCAN = b"a scan of a signed form with the name Zhang Wei" * 3


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFiles:
    return EvidenceFiles(tmp_path)


def test_what_is_kept_is_read_again_and_is_not_on_disk_in_clear(files: EvidenceFiles, tmp_path: Path) -> None:
    digest = files.keep(SCAN)
    assert digest == hashlib.sha256(SCAN).digest()
    assert files.read(digest) == SCAN
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"Zhang Wei" not in file.read_bytes()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(list(files.folder.rglob("*.enc"))) == 1


def test_the_same_file_is_kept_once(files: EvidenceFiles) -> None:
    files.keep(SCAN)
    files.keep(SCAN)
    assert [digest for digest, _ in files.digests()] == [hashlib.sha256(SCAN).digest()]


def test_what_is_not_here_is_none(files: EvidenceFiles) -> None:
    digest = files.keep(SCAN)
    assert files.remove(digest)
    assert not files.remove(digest)
    assert files.read(digest) is None


def test_another_key_is_named_as_such(files: EvidenceFiles, tmp_path: Path) -> None:
    digest = files.keep(SCAN)
    (tmp_path / KEY_FILE).write_text("ab" * 32)
    with pytest.raises(ConfigError, match="is not the key that the evidence was encrypted with"):
        files.read(digest)


def test_a_lost_key_is_not_made_anew_over_evidence(files: EvidenceFiles, tmp_path: Path) -> None:
    """A new one would hide that the old files cannot be read any more."""
    digest = files.keep(SCAN)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(ConfigError, match="put the key back from your backup"):
        files.read(digest)
    with pytest.raises(ConfigError, match="put the key back from your backup"):
        files.keep(b"something new")
    files.prepare()
    assert not (tmp_path / KEY_FILE).exists()


def test_the_key_is_made_before_the_first_file(files: EvidenceFiles, tmp_path: Path) -> None:
    """So that a backup of the first day has it."""
    files.prepare()
    key = (tmp_path / KEY_FILE).read_text()
    files.prepare()
    files.keep(SCAN)
    assert (tmp_path / KEY_FILE).read_text() == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_others_can_read_is_refused(files: EvidenceFiles, tmp_path: Path) -> None:
    digest = files.keep(SCAN)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        files.read(digest)


@pytest.mark.parametrize("place", [0, 20, 30, -1])
def test_a_changed_byte_is_noticed(files: EvidenceFiles, place: int) -> None:
    digest = files.keep(SCAN)
    (kept,) = files.folder.rglob("*.enc")
    content = bytearray(kept.read_bytes())
    content[place] ^= 1
    kept.write_bytes(content)
    with pytest.raises(ConfigError):
        files.read(digest)


def test_a_file_under_another_name_is_noticed(files: EvidenceFiles) -> None:
    """The name is the hash of what it holds."""
    other = files.keep(b"another form")
    digest = files.keep(SCAN)
    paths = {path.name[:8]: path for path in files.folder.rglob("*.enc")}
    paths[digest.hex()[:8]].write_bytes(paths[other.hex()[:8]].read_bytes())
    with pytest.raises(ConfigError, match="damaged, or was changed"):
        files.read(digest)


def test_only_a_file_with_something_in_it_is_evidence(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    for file in (tmp_path / "empty.pdf", tmp_path / "missing.pdf", tmp_path):
        with pytest.raises(InputError, match=str(file)):
            read_evidence(file)


def test_a_new_key_opens_what_the_old_one_did(files: EvidenceFiles, tmp_path: Path) -> None:
    """And the old one nothing any longer; the age of a file, by which it is purged, stays."""
    digests = [files.keep(SCAN + bytes([n])) for n in range(3)]
    ages = dict(files.digests())
    key = (tmp_path / KEY_FILE).read_bytes()
    assert files.rotate() == 3
    assert (tmp_path / KEY_FILE).read_bytes() != key
    assert not (tmp_path / f"{KEY_FILE}.old").exists()
    assert [files.read(digest) for digest in digests] == [SCAN + bytes([n]) for n in range(3)]
    assert dict(files.digests()) == ages
    (tmp_path / KEY_FILE).write_bytes(key)
    with pytest.raises(ConfigError, match="is not the key"):
        files.read(digests[0])


def test_a_change_of_the_key_that_was_killed_goes_on(
    files: EvidenceFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle each file can be read, and new ones are kept; run again, it ends, with one new key."""
    digests = [files.keep(SCAN + bytes([n])) for n in range(4)]
    seal = EvidenceFiles._seal_again
    done: list[bytes] = []

    def dies(self: EvidenceFiles, digest: bytes) -> bool:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(digest)
        return seal(self, digest)

    monkeypatch.setattr(EvidenceFiles, "_seal_again", dies)
    with pytest.raises(KeyboardInterrupt):
        files.rotate()
    monkeypatch.undo()
    between = (tmp_path / KEY_FILE).read_bytes()
    assert (tmp_path / f"{KEY_FILE}.old").stat().st_mode & 0o777 == 0o600
    digests.append(files.keep(SCAN + b"meanwhile"))
    assert all(files.read(digest) is not None for digest in digests)
    assert files.rotate() == 2
    assert (tmp_path / KEY_FILE).read_bytes() == between
    assert not (tmp_path / f"{KEY_FILE}.old").exists()
    assert all(files.read(digest) is not None for digest in digests)
