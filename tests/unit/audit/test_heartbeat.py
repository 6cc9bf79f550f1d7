"""The signed sign of life: nobody without the key makes it, and none is good for another time or size."""

from __future__ import annotations

import datetime as dt

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.heartbeat import is_signed, sign

NOW = dt.datetime(2026, 3, 4, tzinfo=dt.UTC)


def test_a_beat_is_good_for_its_moment_and_size_alone() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signature, public = sign("origin", NOW, 7, key), key.public_key()
    assert is_signed("origin", NOW, 7, signature, public)
    for origin, at, size in (("else", NOW, 7), ("origin", NOW + dt.timedelta(seconds=1), 7), ("origin", NOW, 8)):
        assert not is_signed(origin, at, size, signature, public)
    assert not is_signed("origin", NOW, 7, sign("origin", NOW, 7, other), public)
