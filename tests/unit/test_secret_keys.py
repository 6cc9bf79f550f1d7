"""Keys, and what is kept under them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from agi_app.errors import ConfigError
from agi_app.sealed_files import SealedFiles
from agi_app.secret_keys import key_from_hex, make_key, read_key


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read_key(file, "the key") is None
    key = make_key(file, "the key")
    assert make_key(file, "the key") == key == read_key(file, "the key")
    assert file.stat().st_mode & 0o077 == 0
    assert key_from_hex(key.hex(), "here", "the key") == key
    with pytest.raises(ConfigError):
        key_from_hex("no key", "here", "the key")


def test_what_is_kept_is_not_readable_on_disk_and_comes_back_whole(tmp_path: Path) -> None:
    files = SealedFiles(tmp_path / "kept", tmp_path / "key", "recordings")
    digest = files.keep(b"what somebody said")
    assert digest == hashlib.sha256(b"what somebody said").digest()
    (stored,) = (path for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert b"somebody" not in stored.read_bytes()
    assert files.read(digest) == b"what somebody said"
    assert [found for found, _ in files.digests()] == [digest]
    assert files.remove(digest)
    assert not files.remove(digest)
    assert (files.read(digest), files.has(digest)) == (None, False)
