"""Signed erasures: the only excuse for a row that no longer fits its leaf.

An erasure signs its statement with the audit key before the row in ``erasure`` is written, so an attacker
who has the database alone cannot excuse what he deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agi_app.audit.entries import canonical

LEFT = "left of "  # before a kind, in `erased`: the hash of what each of its rows says since, in the order of their ids


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
    return canonical(
        {
            "statement": "agi-app erasure",
            "at": erasure.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "kind": erasure.kind,
            "person_id": erasure.person_id,
            "erased": dict(erasure.erased),
            "reason": erasure.reason,
            "entered_by": erasure.entered_by,
        }
    ).encode()


def sign(erasure: Erasure, key: Ed25519PrivateKey) -> bytes:
    """The signature to store with the row; 64 bytes."""
    return key.sign(statement(erasure))


def is_signed(erasure: Erasure, signature: bytes, public: Ed25519PublicKey) -> bool:
    """Whether the audit key signed exactly this."""
    try:
        public.verify(signature, statement(erasure))
    except (InvalidSignature, TypeError, ValueError):  # also what has no canonical form
        return False
    return True


def left(payload: str) -> str:
    """The hash of what an emptied row still says; ``payload`` as in the tree."""
    return sha256(payload.encode()).hexdigest()


def excuses(erased: Mapping[str, Sequence[int | str]]) -> dict[tuple[str, int | str], int | str | None]:
    """Each row that a signed erasure names, by kind, with the hash of what it left; None: older ones do not say."""
    found: dict[tuple[str, int | str], int | str | None] = {}
    for kind, ids in erased.items():
        if not kind.startswith(LEFT):
            hashes: Sequence[int | str | None] = erased.get(LEFT + kind, [None] * len(ids))
            found |= {(kind, row_id): made for row_id, made in zip(ids, hashes, strict=True)}
    return found
