"""Proof by a call: we ring the number, and the person who answers keys the code that the command line shows.

The code is six random digits, good for one call. It is shown once, on the terminal; what is stored until the
call is over is a salted scrypt hash, and nothing of it is logged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets

from agi_app.consent.caller_id_proof import LONGEST
from agi_app.gate.rehearsal import LONGEST_PHONE_PROOF
from agi_app.store.people.caller_ids import CallerIdProof

CODE_LENGTH = 6
PHONE_PROOF = LONGEST_PHONE_PROOF
_SALT = 16


def proof_by_call(number: str, entered_by: str, now: dt.datetime) -> CallerIdProof:
    """What the right code brings: a proof for a year from ``now`` (rules time); house rule."""
    return CallerIdProof(number, "call", None, None, entered_by, now, now + LONGEST)


def hash_code(code: str) -> bytes:
    """A new salt and the scrypt hash of the code. Takes some 50 ms."""
    salt = secrets.token_bytes(_SALT)
    return salt + _scrypt(code, salt)


def is_code(code_hash: bytes, keyed: str) -> bool:
    """Whether these keys are the code of ``code_hash``. Takes some 50 ms."""
    return hmac.compare_digest(code_hash[_SALT:], _scrypt(keyed, code_hash[:_SALT]))


def _scrypt(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1)
