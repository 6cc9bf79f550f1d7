"""Links by which somebody who cannot telephone says stop: sealed, for this alone, and good for some time.

What is in one nobody can read or make without the installation's key: the keyed hash of the number, and until when.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agi_app.consent.number_hashes import SuppressionKey
from agi_app.errors import InputError
from agi_app.messages import t

_FOR, _NONCE, _HASH, _TIME = b"agi-app stop link 1", 12, 32, 8
LONGEST = 200  # characters; one has 91


@dataclass(frozen=True, slots=True)
class StopLink:
    """Whose calls a link stops, and until when it does."""

    number_hash: bytes
    until: dt.datetime


def sealed(key: SuppressionKey, link: StopLink) -> str:
    """The text of a link, for a URL: letters, digits, - and _."""
    nonce = os.urandom(_NONCE)
    said = link.number_hash + int(link.until.timestamp()).to_bytes(_TIME, "big")
    return base64.urlsafe_b64encode(nonce + _cipher(key).encrypt(nonce, said, _FOR)).decode().rstrip("=")


def opened(key: SuppressionKey, text: str, now: dt.datetime) -> StopLink:
    """What the text says; InputError unless this installation made it and it is still good at ``now``."""
    try:
        raw = base64.urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text) % 4))
        said = _cipher(key).decrypt(raw[:_NONCE], raw[_NONCE:], _FOR)
    except (InvalidTag, ValueError, binascii.Error):
        raise InputError(t("this is no link of ours, or a part of it is missing")) from None
    link = StopLink(said[:_HASH], dt.datetime.fromtimestamp(int.from_bytes(said[_HASH:], "big"), dt.UTC))
    if link.until <= now:
        raise InputError(t("this link was good until {until}; ask for a new one", until=f"{link.until:%Y-%m-%d}"))
    return link


def _cipher(key: SuppressionKey) -> AESGCM:
    return AESGCM(key.derived(_FOR))
