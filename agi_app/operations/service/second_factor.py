"""The second factor of a sign-in: codes of six digits that change each half minute (TOTP, RFC 6238; HOTP, RFC 4226).

Beside it recovery codes, each good once, for who has lost the telephone; of each only its SHA-256 is kept.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20  # RFC 4226 R6: as long as the hash
RECOVERY_CODES = 10
RECOVERY_GROUPS = 4  # of four letters: 80 bits, which nobody guesses from a hash
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LIKE = str.maketrans("018", "OIB")  # what is read for a letter, and is none of a code
AROUND = (0, -1, 1)  # steps: clocks differ, and typing takes time (RFC 6238, 5.2)


def new_secret() -> bytes:
    """A new random secret, to be kept and shown once."""
    return secrets.token_bytes(SECRET_BYTES)


def code_of(secret: bytes, step: int) -> str:
    """The code of one step of time."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, now: dt.datetime) -> int:
    """The step whose code this is around ``now`` (real time); 0: of none."""
    current = int(now.timestamp()) // STEP_S
    typed = code.replace(" ", "").encode()
    return next((current + n for n in AROUND if hmac.compare_digest(code_of(secret, current + n).encode(), typed)), 0)


def address_of(secret: bytes, account: str, issuer: str) -> str:
    """What an authenticator app reads from the picture (otpauth, as Google's Key URI format has it)."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?secret={text}&issuer={quote(issuer)}"


def new_recovery_codes() -> list[str]:
    """New random ones, to be shown once."""
    return ["-".join(_group() for _ in range(RECOVERY_GROUPS)) for _ in range(RECOVERY_CODES)]


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def recovery_sha256(typed: str) -> bytes:
    """What is kept of a recovery code, however it is typed: small letters, without hyphens."""
    plain = "".join(one for one in typed.upper().translate(_LIKE) if one in _LETTERS)
    return hashlib.sha256(f"agi-app recovery {plain}".encode()).digest()
