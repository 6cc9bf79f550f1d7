"""The sequencer's signed sign of life: how another node knows that rows are sealed, whatever the database says."""

from __future__ import annotations

import datetime as dt

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agi_app.audit.entries import canonical


def statement(origin: str, at: dt.datetime, size: int) -> bytes:
    """What is signed: the database's tree, when, and its size."""
    time = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return canonical({"statement": "agi-app beat", "origin": origin, "at": time, "size": size}).encode()


def sign(origin: str, at: dt.datetime, size: int, key: Ed25519PrivateKey) -> bytes:
    """64 bytes."""
    return key.sign(statement(origin, at, size))


def is_signed(origin: str, at: dt.datetime, size: int, signature: bytes, public: Ed25519PublicKey) -> bool:
    """Whether the audit key signed exactly this."""
    try:
        public.verify(signature, statement(origin, at, size))
    except InvalidSignature:
        return False
    return True
