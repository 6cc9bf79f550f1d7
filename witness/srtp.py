"""SRTP (RFC 3711) with keys from the SDP (RFC 4568): AES_CM_128_HMAC_SHA1_80, without key renewal and without SRTCP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

SUITE = "AES_CM_128_HMAC_SHA1_80"
_TAG = 10


def _stream(key: bytes, start: int, data: bytes) -> bytes:
    return Cipher(AES(key), CTR(start.to_bytes(16, "big"))).encryptor().update(data)


class _Way:
    """One direction: its session keys (RFC 3711, 4.3) and the packets seen."""

    def __init__(self, inline: str) -> None:
        master = base64.b64decode(inline + "=" * (-len(inline) % 4))
        key, salt = master[:16], int.from_bytes(master[16:30], "big")

        def derived(label: int, size: int) -> bytes:
            return _stream(key, (salt ^ (label << 48)) << 16, bytes(size))

        self.key, self.auth, self.salt = derived(0, 16), derived(1, 20), int.from_bytes(derived(2, 14), "big")
        self.rollovers, self.last = 0, -1

    def crypt(self, head: bytes, payload: bytes) -> bytes:
        sequence, ssrc = int.from_bytes(head[2:4], "big"), int.from_bytes(head[8:12], "big")
        if self.last > 0xF000 and sequence < 0x1000:
            self.rollovers += 1
        self.last = sequence
        index = (self.rollovers << 16) | sequence
        return _stream(self.key, (self.salt << 16) ^ (ssrc << 64) ^ (index << 16), payload)

    def tag(self, packet: bytes) -> bytes:
        return hmac.new(self.auth, packet + self.rollovers.to_bytes(4, "big"), hashlib.sha1).digest()[:_TAG]


class Secure:
    """Both directions of one call. ``line`` is what our SDP says of our own key."""

    def __init__(self, theirs: str) -> None:
        found = re.search(rf"crypto:(\d+) {SUITE} inline:([A-Za-z0-9+/=]+)", theirs)
        if found is None:
            raise ValueError(f"no {SUITE} is offered: {theirs}")
        own = base64.b64encode(secrets.token_bytes(30)).decode()
        self.line = f"crypto:{found[1]} {SUITE} inline:{own}"
        self._out, self._in = _Way(own.rstrip("=")), _Way(found[2].rstrip("="))

    def protect(self, packet: bytes) -> bytes:
        sealed = packet[:12] + self._out.crypt(packet[:12], packet[12:])
        return sealed + self._out.tag(sealed)

    def open(self, packet: bytes) -> bytes | None:
        """None when the tag does not fit."""
        sealed, tag = packet[:-_TAG], packet[-_TAG:]
        plain = sealed[:12] + self._in.crypt(sealed[:12], sealed[12:])
        return plain if hmac.compare_digest(self._in.tag(sealed), tag) else None
