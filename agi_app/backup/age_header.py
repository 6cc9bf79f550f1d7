"""Files as age encrypts them (age-encryption.org/v1): the header, and how its key is locked and found again.

Any other program that knows the format (`age`, `rage`) opens what this writes, and the other way round. A file is for
owners of keys (X25519), or for everybody who knows a passphrase (scrypt).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agi_app.backup import bech32
from agi_app.errors import InputError
from agi_app.messages import t

VERSION = b"age-encryption.org/v1\n"
FILE_KEY_BYTES = 16
SHORTEST_PASSPHRASE = 12  # characters
_PUBLIC, _SECRET = "age", "age-secret-key-"
_WORK = 17  # scrypt's N is 2 to the power of it: 128 MiB and half a second
_MOST_WORK = 20  # of a file that others made: 1 GiB
_LONGEST = 1 << 16  # bytes of a header
_COLUMNS = 64
_NO_NONCE = bytes(12)  # each key that locks is used once


@dataclass(frozen=True, slots=True)
class Locks:
    """Who can open a file: the owners of these public keys, or, without any, who knows the passphrase."""

    recipients: tuple[X25519PublicKey, ...] = ()
    passphrase: str = ""


@dataclass(frozen=True, slots=True)
class Openers:
    """What somebody has to open a file with."""

    identities: tuple[X25519PrivateKey, ...] = ()
    passphrase: str = ""


def recipient(text: str) -> X25519PublicKey:
    """A public key as `age-keygen` and `agi-app backup-key` write it. Raises InputError."""
    try:
        return X25519PublicKey.from_public_bytes(bech32.decode(_PUBLIC, text.strip()))
    except ValueError as error:
        why = t(str(error))
        raise InputError(t("{text}: is not a public key of age (age1…): {why}", text=text[:80], why=why)) from None


def new_identity() -> tuple[str, str]:
    """A new key pair: the secret one and the public one, as texts."""
    made = X25519PrivateKey.generate()
    public = made.public_key().public_bytes_raw()
    return bech32.encode(_SECRET, made.private_bytes_raw()).upper(), bech32.encode(_PUBLIC, public)


def identities(text: str, where: str) -> tuple[X25519PrivateKey, ...]:
    """The secret keys of an identity file, one a line, of which others begin with #. Raises InputError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if (word := line.strip()) and not word.startswith("#"):
            try:
                found.append(X25519PrivateKey.from_private_bytes(bech32.decode(_SECRET, word)))
            except ValueError:
                told = "{where}:{number}:1: is not a secret key of age (AGE-SECRET-KEY-1…)"
                raise InputError(t(told, where=where, number=number)) from None
    if not found:
        raise InputError(t("{where}: has no secret key of age (AGE-SECRET-KEY-1…)", where=where))
    return tuple(found)


def checked_passphrase(text: str) -> str:
    """The passphrase for a new file; InputError when it is short enough to be guessed."""
    if len(text) < SHORTEST_PASSPHRASE:
        told = "a passphrase has at least {least} characters: who has the file can try as many as they like"
        raise InputError(t(told, least=SHORTEST_PASSPHRASE))
    return text


def write_header(out: BinaryIO, key: bytes, locks: Locks) -> None:
    """Write the header of a file that is encrypted with ``key``. Blocks: scrypt takes half a second."""
    stanzas = [_for_owner(key, one) for one in locks.recipients] or [_for_passphrase(key, locks.passphrase)]
    text = VERSION + b"".join(stanzas) + b"---"
    out.write(text + b" " + _base64(_mac(key, text)) + b"\n")


def read_header(source: BinaryIO, openers: Openers, name: str) -> bytes:
    """The key of the file, of which the content is read next. InputError says why it cannot be opened."""
    damaged = InputError(t("{name}: its first lines are damaged", name=name))
    if source.readline(len(VERSION)) != VERSION:
        raise InputError(t("{name}: is not a file that age encrypted", name=name))
    text, stanzas = VERSION, []
    while (line := source.readline(_LONGEST)).startswith(b"-> "):
        body = _body(source)
        text += line + body
        if len(text) > _LONGEST or (wrapped := _unbase64(body.replace(b"\n", b""))) is None:
            raise damaged
        stanzas.append((line.decode("ascii", "replace").split()[1:], wrapped))
    if not stanzas or not line.startswith(b"--- "):
        raise damaged
    key = _found(stanzas, openers, name)
    mac = _unbase64(line[4:].strip())
    if mac is None or not hmac.compare_digest(mac, _mac(key, text + b"---")):
        raise damaged
    return key


def _body(source: BinaryIO) -> bytes:
    """The lines of a stanza: full ones, and a shorter one that ends them."""
    body = line = source.readline(_LONGEST)
    while len(line.rstrip(b"\n")) == _COLUMNS and len(body) < _LONGEST:
        line = source.readline(_LONGEST)
        body += line
    return body


def _found(stanzas: Sequence[tuple[list[str], bytes]], openers: Openers, name: str) -> bytes:
    by_passphrase = [one for one in stanzas if one[0][:1] == ["scrypt"]]
    if by_passphrase and not openers.passphrase:
        raise InputError(t("{name}: is opened by a passphrase, and none was given", name=name))
    if not by_passphrase and not openers.identities:
        raise InputError(t("{name}: is opened by a secret key: name its file with --identity", name=name))
    for words, body in stanzas:
        for opener in [openers.passphrase] if by_passphrase else openers.identities:
            locking = _by_passphrase(words, opener) if isinstance(opener, str) else _by_identity(words, opener)
            if locking is not None and (key := _unlocked(locking, body)) is not None:
                return key
    if by_passphrase:
        raise InputError(t("{name}: the passphrase is wrong, or the first lines of the file are damaged", name=name))
    raise InputError(t("{name}: was made for other keys than this one, or its first lines are damaged", name=name))


def _by_passphrase(words: Sequence[str], passphrase: str) -> bytes | None:
    if len(words) != 3 or words[0] != "scrypt" or not re.fullmatch("[1-9][0-9]?", words[2]):
        return None
    salt = _unbase64(words[1].encode())
    return None if salt is None or int(words[2]) > _MOST_WORK else _stretched(passphrase, salt, int(words[2]))


def _by_identity(words: Sequence[str], identity: X25519PrivateKey) -> bytes | None:
    if len(words) != 2 or words[0] != "X25519" or len(share := _unbase64(words[1].encode()) or b"") != 32:
        return None
    return _agreed(identity, share, share, identity.public_key().public_bytes_raw())


def _unlocked(locking: bytes, body: bytes) -> bytes | None:
    try:
        key = ChaCha20Poly1305(locking).decrypt(_NO_NONCE, body, None)
    except InvalidTag:
        return None
    return key if len(key) == FILE_KEY_BYTES else None


def _for_owner(key: bytes, owner: X25519PublicKey) -> bytes:
    ours, public = X25519PrivateKey.generate(), owner.public_bytes_raw()
    share = ours.public_key().public_bytes_raw()
    return _stanza(b"X25519 " + _base64(share), key, _agreed(ours, public, share, public))


def _for_passphrase(key: bytes, passphrase: str) -> bytes:
    salt = os.urandom(16)
    return _stanza(b"scrypt " + _base64(salt) + b" %d" % _WORK, key, _stretched(passphrase, salt, _WORK))


def _stanza(words: bytes, key: bytes, locking: bytes) -> bytes:
    body = _base64(ChaCha20Poly1305(locking).encrypt(_NO_NONCE, key, None))  # 43 characters: one line
    return b"-> " + words + b"\n" + body + b"\n"


def _agreed(private: X25519PrivateKey, public: bytes, share: bytes, owner: bytes) -> bytes:
    shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    return derived(shared, b"age-encryption.org/v1/X25519", share + owner)


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    salted = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salt=salted, length=32, n=1 << work, r=8, p=1).derive(passphrase.encode())


def derived(key: bytes, what_for: bytes, salt: bytes | None = None) -> bytes:
    """A key of 32 bytes made of another one (HKDF-SHA256)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=what_for).derive(key)


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(derived(key, b"header"), text, "sha256")


def _base64(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")


def _unbase64(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None
