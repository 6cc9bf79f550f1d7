"""The content of a file that age encrypts: pieces of 64 KiB, each with its own tag, the last one marked as the last."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from agi_app.backup.age_header import derived
from agi_app.errors import InputError
from agi_app.messages import t

PIECE = 1 << 16  # bytes
_TAG = 16
_NONCE = 16


class AgeWriter(io.RawIOBase):
    """Encrypts what is written into it; ``close`` makes the file whole. The header is there already."""

    def __init__(self, out: BinaryIO, key: bytes) -> None:
        nonce = os.urandom(_NONCE)
        self._out, self._cipher = out, ChaCha20Poly1305(derived(key, b"payload", nonce))
        self._waiting, self._count = bytearray(), 0
        self._given_up = False
        out.write(nonce)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: object) -> int:
        """Take all of it. Raises OSError."""
        given = bytes(content)  # type: ignore[call-overload]
        self._waiting += given
        while len(self._waiting) > PIECE:  # one piece at least is left for the end
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(given)

    def close(self) -> None:
        """Write the last piece; a file without it is cut short. Raises OSError."""
        if not self.closed:
            super().close()
            if not self._given_up:
                self._put(bytes(self._waiting), last=True)

    def give_up(self) -> None:
        """Close it without the last piece: the disk is full, or what is there is not wanted."""
        self._given_up = True
        self.close()

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last), piece, None))
        self._count += 1


class AgeReader(io.RawIOBase):
    """What such a file holds. InputError at the piece that is not as it was written, or is not there."""

    def __init__(self, source: BinaryIO, key: bytes, name: str) -> None:
        nonce = source.read(_NONCE)
        self._source, self._name = source, name
        self._cipher = ChaCha20Poly1305(derived(key, b"payload", nonce))
        self._ready, self._count, self._next = b"", 0, source.read(PIECE + _TAG)
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer; 0 at the end."""
        while not self._ready and not self._ended:
            self._ready = self._piece()
        view = memoryview(buffer)  # type: ignore[arg-type]
        taken = min(len(view), len(self._ready))
        view[:taken] = self._ready[:taken]
        self._ready = self._ready[taken:]
        return taken

    def _piece(self) -> bytes:
        sealed, self._next = self._next, self._source.read(PIECE + _TAG)
        self._ended = not self._next
        try:
            piece = self._cipher.decrypt(_nonce(self._count, self._ended), sealed, None)
        except InvalidTag:
            told = "{name}: is damaged or cut short behind its first {kib} KiB; take another backup"
            raise InputError(t(told, name=self._name, kib=self._count * PIECE // 1024)) from None
        self._count += 1
        return piece


def _nonce(count: int, last: bool) -> bytes:
    return count.to_bytes(11, "big") + (b"\1" if last else b"\0")
