"""Files that only this installation can read: evidence of consents, recordings of people.

A file is named by the SHA-256 of what it holds, so that a hash in the database finds it, the same content is
kept once, and a changed file is noticed. AES-256-GCM with its own key file for each kind. Layout of a
kept file: ``AGI-EVIDENCE-1\\n`` (its kind), 8 bytes that recognise the key, 12 bytes nonce, ciphertext with tag;
the SHA-256 of the clear text is the associated data.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from time import sleep

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agi_app.atomic_files import make_private, sync_folder, write_whole
from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.secret_keys import KEY_BYTES, make_key, read_key, write_once

SUFFIX = ".enc"
LAST_LOOK_S = 2.0  # a file is written within that
MOST_TRIED = 5  # files that are opened to try a key: one may be damaged itself
_KEY_ID_BYTES, _NONCE_BYTES = 8, 12


class SealedFiles:
    """Files of one kind, for example "evidence"; every method blocks, so call it in a thread."""

    def __init__(self, folder: Path, key_file: Path, what: str) -> None:
        self.folder = folder
        self._key_file = key_file
        self._what = what
        self._magic = f"AGI-{what.upper()}-1\n".encode()
        self._head = len(self._magic) + _KEY_ID_BYTES

    @property
    def _key_name(self) -> str:
        return t("{what} key", what=t(self._what))

    def keep(self, content: bytes) -> bytes:
        """Encrypt and store; returns the SHA-256 of ``content`` once it is safe on disk. Raises ConfigError."""
        digest = hashlib.sha256(content).digest()
        target = self._path(digest)
        if target.is_file():
            return digest
        self._write(target, digest, content)
        return digest

    def _write(self, target: Path, digest: bytes, content: bytes) -> None:
        key = self._key()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._magic + self._key_id(key) + nonce + AESGCM(key).encrypt(nonce, content, digest)
        try:
            make_private(target.parent)
            write_whole(target, sealed, 0o600)
        except OSError as error:
            raise ConfigError(
                t(
                    "{parent}: the {what} cannot be kept: {strerror}",
                    parent=target.parent,
                    what=t(self._what),
                    strerror=error.strerror,
                )
            ) from error

    def read(self, digest: bytes) -> bytes | None:
        """What was kept under this hash, verified; None when it is not here. Raises ConfigError."""
        target = self._path(digest)
        try:
            sealed = target.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                t(
                    "{target}: the {what} cannot be read: {strerror}",
                    target=target,
                    what=t(self._what),
                    strerror=error.strerror,
                )
            ) from error
        if not sealed.startswith(self._magic) or len(sealed) < self._head + _NONCE_BYTES:
            raise ConfigError(t("{target}: is damaged; replace it with the file of a backup", target=target))
        if (key := self._key_of(sealed)) is None:
            raise ConfigError(
                t(
                    "{key_file}: is not the key that the {what} was encrypted with; put the right one back",
                    key_file=self._key_file,
                    what=t(self._what),
                )
            )
        nonce, ciphertext = sealed[self._head : self._head + _NONCE_BYTES], sealed[self._head + _NONCE_BYTES :]
        try:
            content = AESGCM(key).decrypt(nonce, ciphertext, digest)
        except InvalidTag:
            raise ConfigError(
                t(
                    "{target}: is damaged, or was changed since it was kept; replace it with the file of a backup",
                    target=target,
                )
            ) from None
        if hashlib.sha256(content).digest() != digest:
            raise ConfigError(
                t("{target}: does not hold what its name says; replace it with the file of a backup", target=target)
            )
        return content

    def rotate(self, told: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Encrypt all files again with a new key; how many. Others may read and write meanwhile. Blocks.

        The old key is kept beside the new one until no file needs it: after an end in the middle, call it again. Raises
        ConfigError.
        """
        old = read_key(self._old_key_file, self._key_name)
        if old is None:
            self._replace_key()
        done = 0
        for wait in (
            0.0,
            LAST_LOOK_S,
        ):  # a file that was being written when the key changed is found by the second look
            sleep(wait)
            found = self.digests()
            for number, (digest, _) in enumerate(found, 1):
                done += self._seal_again(digest)
                told(number, len(found))
        self._old_key_file.unlink(missing_ok=True)
        sync_folder(self._old_key_file.parent)
        return done

    def _replace_key(self) -> None:
        """The old key first goes where it is looked for, too; then the new one takes its place."""
        old, new = self._key(), secrets.token_bytes(KEY_BYTES)
        write_once(self._old_key_file, f"{old.hex()}\n".encode(), self._key_name)
        try:
            write_whole(self._key_file, f"{new.hex()}\n".encode(), 0o600)
        except OSError as error:
            raise ConfigError(
                t(
                    "{file}: the {what} cannot be written: {strerror}",
                    file=self._key_file,
                    what=self._key_name,
                    strerror=error.strerror,
                )
            ) from error

    def _seal_again(self, digest: bytes) -> bool:
        """Whether the file was encrypted with an older key, and now is with the one in use."""
        target = self._path(digest)
        with contextlib.suppress(FileNotFoundError):
            before = target.stat()
            with target.open("rb") as file:
                head = file.read(self._head)
            if hmac.compare_digest(head[len(self._magic) :], self._key_id(self._key())):
                return False
            if (content := self.read(digest)) is not None:
                self._write(target, digest, content)
                os.utime(target, (before.st_atime, before.st_mtime))  # how long it is kept counts from then
                return True
        return False

    def has(self, digest: bytes) -> bool:
        """Whether a file is kept under this hash."""
        return self._path(digest).is_file()

    def remove(self, digest: bytes) -> bool:
        """Delete what is kept under this hash; False when there was nothing. Raises ConfigError."""
        target = self._path(digest)
        try:
            self._forget_copies(digest)
            target.unlink()
            sync_folder(target.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ConfigError(
                t(
                    "{target}: the {what} cannot be deleted: {strerror}",
                    target=target,
                    what=t(self._what),
                    strerror=error.strerror,
                )
            ) from error
        return True

    def _forget_copies(self, digest: bytes) -> None:
        """Where a kind has clear copies. Raises OSError."""

    def prepare(self) -> None:
        """Make the key while there is nothing yet that needs an old one, so that every backup has it.

        ConfigError when others can read the key that is there, or it is damaged.
        """
        if read_key(self._key_file, self._key_name) is None and not self._any():
            make_key(self._key_file, self._key_name)

    def fault(self) -> str | None:
        """Why the key here opens nothing of what is kept; None: it does, or nothing is kept. Blocks: a few files."""
        first: str | None = None
        try:
            read_key(self._key_file, self._key_name)
        except ConfigError as error:
            return str(error)
        for file in itertools.islice(self.folder.rglob(f"*{SUFFIX}"), MOST_TRIED):
            try:
                if self.read(bytes.fromhex(file.name.removesuffix(SUFFIX))) is not None:
                    return None
            except ValueError:  # none of ours
                continue
            except ConfigError as error:
                first = first or str(error)
        return first

    def digests(self) -> list[tuple[bytes, float]]:
        """The hash of every kept file and when it was written (seconds since 1970)."""
        found = []
        for file in self.folder.rglob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError, ValueError):  # gone meanwhile, or none of ours
                found.append((bytes.fromhex(file.name.removesuffix(SUFFIX)), file.stat().st_mtime))
        return found

    def _any(self) -> bool:
        return next(self.folder.rglob(f"*{SUFFIX}"), None) is not None

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self.folder / name[:2] / f"{name}{SUFFIX}"

    @property
    def _old_key_file(self) -> Path:
        return self._key_file.with_name(f"{self._key_file.name}.old")

    def _key_of(self, sealed: bytes) -> bytes | None:
        """The key that a file was encrypted with: that in use, or the one before it while that is replaced."""
        wanted = sealed[len(self._magic) : self._head]
        if hmac.compare_digest(wanted, self._key_id(key := self._key())):
            return key
        old = read_key(self._old_key_file, self._key_name)
        if old is not None and hmac.compare_digest(wanted, self._key_id(old)):
            return old
        again = self._key()  # it may have been replaced between the two looks
        return again if hmac.compare_digest(wanted, self._key_id(again)) else None

    def _key(self) -> bytes:
        """The key; made on first use, but never again while there is evidence that needs the old one."""
        if (key := read_key(self._key_file, self._key_name)) is None and self._any():
            raise ConfigError(
                t(
                    "{key_file}: the {key_name} is missing, and {folder} holds files that only it opens; put the key"
                    " back from your backup",
                    key_file=self._key_file,
                    key_name=self._key_name,
                    folder=self.folder,
                )
            )
        return key or make_key(self._key_file, self._key_name)

    def _key_id(self, key: bytes) -> bytes:
        return hmac.digest(key, f"agi-app {self._what} key id".encode(), "sha256")[:_KEY_ID_BYTES]
