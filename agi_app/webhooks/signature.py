"""Signs webhooks as Standard Webhooks 1.0.0 has it: HMAC-SHA256 of id, time and body, one for each secret in force."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
LEAST, MOST = 24, 64  # bytes of a secret


def shown(secret: bytes) -> str:
    """The secret as its receiver wants it."""
    return PREFIX + base64.b64encode(secret).decode()


def secret_of(text: str) -> bytes:
    """The secret in ``whsec_…``; ValueError, which says why, for anything else."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith(PREFIX) or not LEAST <= len(secret) <= MOST:
        raise ValueError(f"a secret is {PREFIX} and the base64 of {LEAST} to {MOST} bytes")
    return secret


def headers(event: str, timestamp: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of one try at ``timestamp`` (seconds since 1970), signed with each secret."""
    signed = b".".join((event.encode(), str(timestamp).encode(), body))
    each = (base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{one}" for one in each),
    }
