"""The suppression list's key: numbers are kept as keyed hashes, for ever, and never in clear.

The key lives in the data folder (or ``AGI_APP_SUPPRESSION_KEY``, 64 hex digits). The database keeps a
check value of it: with another key every lookup would silently miss, so a wrong key stops us.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from agi_app.errors import ConfigError, SafetyError

KEY_FILE = "suppression.key"
KEY_VARIABLE = "AGI_APP_SUPPRESSION_KEY"
KEY_BYTES = 32
_E164 = re.compile(r"\+[1-9][0-9]{4,14}")
_CHECK_TEXT = b"agi-app suppression key check"


class SuppressionKey:
    """Turns a number into what the suppression list holds of it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash_number(self, e164: str) -> bytes:
        """HMAC-SHA256 of the number; 32 bytes. ValueError unless it is E.164: another spelling would never be found."""
        if not _E164.fullmatch(e164):
            raise ValueError("only a number in E.164 has a suppression hash")
        return hmac.digest(self._key, e164.encode(), "sha256")

    @property
    def check_value(self) -> str:
        """What the database keeps to recognise this key; tells nothing about it."""
        return hmac.new(self._key, _CHECK_TEXT, hashlib.sha256).hexdigest()[:32]

    def verify(self, stored: str | None) -> None:
        """Compare with the database's check value; SafetyError when the key is another one."""
        if stored is not None and not hmac.compare_digest(stored, self.check_value):
            raise SafetyError(
                "the suppression key is not the one this database was filled with: nobody's stop would be found."
                f" Put the right {KEY_FILE} back into the data folder (or set {KEY_VARIABLE})"
            )


def load_key(data_folder: Path) -> SuppressionKey:
    """The key of this installation; made on first use, readable by its owner only."""
    if text := os.environ.get(KEY_VARIABLE):
        return SuppressionKey(_from_hex(text, KEY_VARIABLE))
    file = data_folder / KEY_FILE
    try:
        return SuppressionKey(_from_hex(file.read_text(encoding="ascii"), str(file)))
    except FileNotFoundError:
        return SuppressionKey(_make(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the suppression key cannot be read: {error}") from error


def _make(file: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as out:
            out.write(key.hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, file)  # never replaces a key that another process made meanwhile
        _sync_folder(file.parent)  # a key lost with the power would make every stop unreadable
    except FileExistsError:
        return _from_hex(file.read_text(encoding="ascii"), str(file))
    except OSError as error:
        raise ConfigError(f"{file}: the suppression key cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return key


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _from_hex(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{where}: the suppression key must be {KEY_BYTES * 2} hex digits")
    return key
