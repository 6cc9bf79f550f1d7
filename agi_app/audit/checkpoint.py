"""Signed checkpoints: how large the tree is and what its root is, in the form of C2SP tlog-checkpoint.

A checkpoint is a C2SP signed note: origin, size, root, then two lines of ours (when, by which
installation), a blank line, and one Ed25519 signature line. A *restart* has a line more: somebody accepted a restored
database, and what the tree had beyond ``size`` until then is lost.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agi_app.messages import t

ED25519 = b"\x01"  # signature type of the signed-note format
HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of one database at one moment (real time, UTC)."""

    origin: str
    size: int
    root: bytes
    at: dt.datetime
    by: str  # which data folder made it
    lost: int | None = None  # a restart: how many entries the tree had before the restored database was accepted


def origin_of(database_id: str) -> str:
    """The name of a database's tree and of its key."""
    return f"agi-app/{database_id}"


def key_id(name: str, public: bytes) -> bytes:
    """The first four bytes of the hash of a key, as the signed-note format wants it."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def public_line(name: str, public: Ed25519PublicKey) -> str:
    """A public key as the signed-note format writes it: ``name+id+key``."""
    raw = public.public_bytes_raw()
    return f"{name}+{key_id(name, raw).hex()}+{base64.b64encode(ED25519 + raw).decode()}"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a signed note."""
    return sign_note(_text(checkpoint), checkpoint.origin, key)


def sign_note(text: str, origin: str, key: Ed25519PrivateKey) -> str:
    """Lines, each ended by a newline, as a signed note of C2SP."""
    signed = key_id(origin, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n— {origin} {base64.b64encode(signed).decode()}\n"


def verify(note: str, origin: str, public: Ed25519PublicKey) -> Checkpoint:
    """Read a signed note; ValueError says why it is not one of this key and tree."""
    text, blank, signature = note.rpartition("\n\n")
    if not blank:
        raise ValueError(t("is not a signed note"))
    text += "\n"
    mark, name, encoded = [*signature.rstrip("\n").split(" "), "", ""][:3]
    try:
        signed = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        signed = b""
    if mark != "—" or name != origin or not text.startswith(origin + "\n"):
        raise ValueError(t("is not a checkpoint of {origin}", origin=origin))
    if signed[:4] != key_id(origin, public.public_bytes_raw()):
        raise ValueError(t("is signed with another key"))
    try:
        public.verify(signed[4:], text.encode())
    except InvalidSignature:
        raise ValueError(t("has a wrong signature")) from None
    return _read(text)


def split(text: str) -> tuple[list[str], str]:
    """The notes of a checkpoint file, each followed by an empty line, and what was half written at its end."""
    notes: list[str] = []
    rest = text
    while True:
        body, blank, after = rest.partition("\n\n")
        signature, end, after = after.partition("\n\n")
        if not (blank and end):
            return notes, rest
        notes.append(f"{body}\n\n{signature}\n")
        rest = after


def newest(checkpoints: Iterable[Checkpoint]) -> Checkpoint | None:
    """The one made last."""
    return max(checkpoints, key=lambda c: (c.at, c.size), default=None)


def thinned(checkpoints: list[tuple[Checkpoint, str]], today: dt.date) -> list[str]:
    """The notes to keep of a checkpoint file: all of today and restarts, of earlier days the last of each hour."""
    kept: dict[object, str] = {}
    for place, (found, note) in enumerate(checkpoints):
        always = found.lost is not None or found.at.date() >= today
        key: object = place if always else found.at.replace(minute=0, second=0, microsecond=0)
        kept.pop(key, None)
        kept[key] = note
    return list(kept.values())


def _text(checkpoint: Checkpoint) -> str:
    lines = [
        checkpoint.origin,
        str(checkpoint.size),
        base64.b64encode(checkpoint.root).decode(),
        f"time {checkpoint.at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        f"by {checkpoint.by}",
    ]
    if checkpoint.lost is not None:
        lines.append(f"restart {checkpoint.lost}")
    return "\n".join(lines) + "\n"


def _read(text: str) -> Checkpoint:
    origin, size, root, *more = text.removesuffix("\n").split("\n")
    about = dict(line.split(" ", 1) for line in more)
    raw = base64.b64decode(root, validate=True)
    if not size.isdecimal() or len(raw) != HASH_BYTES or not {"time", "by"} <= set(about):
        raise ValueError(t("lacks its size, root, time or maker"))
    at = dt.datetime.fromisoformat(about["time"])
    return Checkpoint(origin, int(size), raw, at, about["by"], int(about["restart"]) if "restart" in about else None)
