"""The texts of tokens and sessions: ``agia_ID_RANDOM_CHECK``. Of each only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

ID_LENGTH, RANDOM_LENGTH, CHECK_LENGTH = 8, 32, 6
LETTERS = string.digits + string.ascii_letters


def make(prefix: str) -> tuple[str, str]:
    """A new id, and the whole text, which nobody can guess."""
    token_id = _random(ID_LENGTH)
    text = f"{prefix}_{token_id}_{_random(RANDOM_LENGTH)}"
    return token_id, f"{text}_{_check(text)}"


def id_of(text: str, prefix: str) -> str | None:
    """The id in a text of this prefix; None when it is another text, or only a part of one."""
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != prefix or not text.isascii() or _check(text.rpartition("_")[0]) != parts[3]:
        return None
    return parts[1]


def sha256_of(text: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(text.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def _check(text: str) -> str:
    """A check value, by which a scanner of secrets, or who copied a part, knows without asking anybody."""
    number, digits = zlib.crc32(text.encode()), ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        digits = LETTERS[digit] + digits
    return digits.rjust(CHECK_LENGTH, LETTERS[0])
