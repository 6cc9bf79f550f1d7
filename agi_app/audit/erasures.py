"""Signed erasures: the only excuse for a row that no longer fits its leaf.

Whoever erases signs the statement with the audit key before the row in ``erasure`` is written, so an attacker
who has the database alone cannot excuse what he deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agi_app.audit.entries import canonical


@dataclass(frozen=True, slots=True)
class Erasure:
    """One row of ``erasure`` without its signature; ``erased`` names rows by table: {"consent": [12], …}."""

    at: dt.datetime
    kind: str
    person_id: int | None
    erased: Mapping[str, Sequence[int | str]]
    reason: str
    entered_by: str


def statement(erasure: Erasure) -> bytes:
    """What is signed: the row in canonical JSON."""
    row = {
        "statement": "agi-app erasure",
        "at": erasure.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "kind": erasure.kind,
        "person_id": erasure.person_id,
        "erased": dict(erasure.erased),
        "reason": erasure.reason,
        "entered_by": erasure.entered_by,
    }
    return canonical(row).encode()


def sign(erasure: Erasure, key: Ed25519PrivateKey) -> bytes:
    """The signature to store with the row; 64 bytes."""
    return key.sign(statement(erasure))


def is_signed(erasure: Erasure, signature: bytes, public: Ed25519PublicKey) -> bool:
    """Whether the audit key signed exactly this."""
    try:
        public.verify(signature, statement(erasure))
    except InvalidSignature:
        return False
    return True
