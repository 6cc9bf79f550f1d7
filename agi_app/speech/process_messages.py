"""What goes between us and a process that recognises: length-prefixed MessagePack, one message a frame."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from agi_app.flow.answers.recognition import Heard

_LENGTH = struct.Struct(">I")
LONGEST = 16 * 1024 * 1024  # bytes of a frame; a minute of sound takes one


class Job(msgspec.Struct, frozen=True, tag=True):
    """One utterance: 8 kHz, mono, signed 16 bit."""

    pcm: bytes
    language: str
    phrases: tuple[str, ...]


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The model is loaded."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The model cannot be loaded; the process ends."""

    reason: str


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What was heard in the one job that the process has; jobs are never sent ahead."""

    heard: Heard


Said = Ready | Refused | Answer
_jobs = msgspec.msgpack.Decoder(Job)
_said = msgspec.msgpack.Decoder(Said)


def frame(message: Job | Said) -> bytes:
    """The message as it goes over the pipe."""
    data = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(data)) + data


def read_job(source: BinaryIO) -> Job | None:
    """The next job; waits for it. None when nobody will send another."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = source.read(length)
    return _jobs.decode(data) if len(data) == length else None


class Frames:
    """Puts together what a process says, however the pipe cuts it."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Said]:
        """The messages that are complete now; raises ValueError on what is not one."""
        self._rest += data
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            if length > LONGEST:
                raise ValueError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._rest) < end:
                return
            message = _said.decode(bytes(self._rest[_LENGTH.size : end]))
            del self._rest[:end]
            yield message
