"""The suppression list's key: numbers are kept as keyed hashes, permanently, and never in clear.

The key lives in the data folder (or ``AGI_APP_SUPPRESSION_KEY``, 64 hex digits). The database keeps a
check value of it: with another key every lookup would silently miss, so a wrong key stops us.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agi_app import credentials
from agi_app.atomic_files import make_private
from agi_app.errors import ConfigError, SafetyError
from agi_app.messages import t
from agi_app.secret_keys import key_from_hex, make_key, read_key

KEY_FILE = "suppression.key"
KEY_VARIABLE = "AGI_APP_SUPPRESSION_KEY"
WHAT = "suppression key"
MADE_WITH_THE_KEY = ("refusals.jsonl", "checkpoint.json", "postgres")  # in the data folder, each later than the key
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

    def derived(self, what_for: bytes) -> bytes:
        """Another key of 32 bytes for another purpose (HKDF-SHA256, RFC 5869); tells nothing about this one."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=what_for).derive(self._key)

    @property
    def as_file(self) -> bytes:
        """What the key's file holds: the key itself, never to be shown."""
        return f"{self._key.hex()}\n".encode()

    @property
    def check_value(self) -> str:
        """What the database keeps to recognise this key; tells nothing about it."""
        return hmac.new(self._key, _CHECK_TEXT, hashlib.sha256).hexdigest()[:32]


def given_key() -> tuple[str, str] | None:
    """The key that the environment or a credential of the service gives, and its name; None: neither. ConfigError."""
    if text := os.environ.get(KEY_VARIABLE):
        return text, KEY_VARIABLE
    text = credentials.secret(credentials.SUPPRESSION_KEY)
    return None if text is None else (text, credentials.name_of((credentials.SUPPRESSION_KEY,)))


def load_key(data_folder: Path) -> SuppressionKey:
    """The key of this installation.

    ConfigError when it is damaged, SafetyError when it is gone: a stop under a new key would never be found.
    """
    if given := given_key():
        return SuppressionKey(key_from_hex(*given, WHAT))
    file = data_folder / KEY_FILE
    if (key := read_key(file, WHAT)) is None:
        raise SafetyError(
            t(
                "{file}: the {what} is gone, so people who said stop would not be recognised; nobody is called."
                " Mount its disk, or put it back from your backup, or from another node of this database (or set"
                " {key_variable})",
                file=file,
                what=t(WHAT),
                key_variable=KEY_VARIABLE,
            )
        )
    return SuppressionKey(key)


def key_beside(file: Path) -> str | None:
    """The check value of the key in a file's folder, a data folder or its copy; None when there is none. Blocks."""
    try:
        text = (file.parent / KEY_FILE).read_text(encoding="ascii")
        return SuppressionKey(key_from_hex(text, str(file), WHAT)).check_value
    except (OSError, UnicodeDecodeError, ConfigError):
        return None


def make_suppression_key(data_folder: Path) -> SuppressionKey:
    """A new project's key, readable by its owner only, or the one that is there; the data folder is made, too.

    ConfigError when it is damaged or cannot be written, SafetyError when something was made with a key that is gone.
    """
    if given_key():
        make_private(data_folder)
        return load_key(data_folder)
    file = data_folder / KEY_FILE
    if any((data_folder / name).exists() for name in MADE_WITH_THE_KEY) and not file.exists():  # the key is older
        load_key(data_folder)
    return SuppressionKey(read_key(file, WHAT) or make_key(file, WHAT))
