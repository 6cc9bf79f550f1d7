"""Each key that is lost is told of by the command that needs it, and works again when it is taken from a backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.backup.age_header import Openers
from agi_app.backup.archive import Member, SealedArchive
from agi_app.config.settings import load_settings
from agi_app.consent.evidence import KeptFiles
from tests.store.test_backup import PASSPHRASE, Home, home, secret

__all__ = ["home", "secret"]  # its fixtures
pytestmark = pytest.mark.postgres

LOST = {  # file of the data folder: a command that needs it, and what that says without it
    "suppression.key": (("stop", "+999861380000033"), "is gone, so people who said stop would not be recognised"),
    "audit/key.pem": (("audit", "checkpoint"), "the audit key is gone, but"),
    "evidence.key": (("rotate-key", "evidence"), "holds files that only it opens"),
    "recordings.key": (("rotate-key", "recordings"), "holds files that only it opens"),
}


def taken(backup: Path, name: str) -> bytes:
    """One file of a backup, as `age --decrypt` and `tar` take it out."""
    found: list[bytes] = []

    def take(member: Member) -> None:
        if member.name == f"data/{name}":
            found.append(member.content.read())

    SealedArchive.open(backup, lambda: Openers(passphrase=PASSPHRASE)).read(take)
    return found[0]


def test_a_lost_key_is_told_and_comes_back_from_a_backup(home: Home, secret: Path, tmp_path: Path) -> None:
    """No new one is made in its place, which would hide the loss."""
    data = load_settings(home.project).data
    kept = KeptFiles.of(data)
    for files in (kept.evidence, kept.recordings):
        files.keep(b"a letter")
    backup = tmp_path / "all.backup.age"
    home.ask("backup", "--output", str(backup), "--passphrase-file", str(secret))
    for name, (command, words) in LOST.items():
        key = (data / name).read_bytes()
        (data / name).unlink()
        told = home.ask(*command, code=2)
        assert words in told, name
        assert not (data / name).exists(), name
        (data / name).write_bytes(taken(backup, name))
        (data / name).chmod(0o600)
        assert (data / name).read_bytes() == key
        home.ask(*command)
