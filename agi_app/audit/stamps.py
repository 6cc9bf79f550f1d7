"""Stamps: keyed hashes that say that the program entered a fact. The key comes from the audit key; pure.

A stamp is cheap enough for each row of an import (a signature takes a hundred times as long), and the verifier has
the audit key anyway. It is bound to one database, so that a row of a sandbox does not count in another database.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agi_app.audit.entries import canonical

KEY_FOR = b"agi-app stamps"


class Stamper:
    """Stamps the facts of one database."""

    def __init__(self, key: Ed25519PrivateKey, origin: str) -> None:
        self._key = HKDF(SHA256(), 32, salt=None, info=KEY_FOR).derive(key.private_bytes_raw())
        self._consent = b"consent\0" + origin.encode() + b"\0"
        self._origin = origin

    def consent(self, number_hash: bytes, content_hash: bytes) -> bytes:
        """Of one consent: whose (keyed hash, 32 bytes), and all that it says (32 bytes)."""
        return hmac.digest(self._key, self._consent + number_hash + content_hash, sha256)

    def fact(self, what: str, values: Mapping[str, Any]) -> bytes:
        """Of a fact of another kind, named by ``what``; ``values`` as ``canonical`` takes them."""
        return hmac.digest(self._key, canonical({"fact": what, "origin": self._origin, **values}).encode(), sha256)
