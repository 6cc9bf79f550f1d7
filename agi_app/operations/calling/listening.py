"""Listening to a recording: on the node at once, by the service as an ask of which a worker makes a copy for a while.

Recordings lie encrypted where the console may not enter. The look is noted, with its reason, before anything is given.
What an erasure took is sent no longer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from agi_app.errors import ConfigError, InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.recordings.copies import KEPT, Copies
from agi_app.recordings.files import RecordingFiles
from agi_app.store.calling import call_recordings
from agi_app.store.calling.call_recordings import RecordingRow
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import Ask, NewAsk, OpenAsk

KIND, VERB = "recording", "listen"
ERASED = "recording {number} was erased"


class NoSound(InputError):
    """There is nothing to be heard, and why."""


@dataclass(frozen=True, slots=True)
class ListenAsk:
    """An ask to listen; ``until``: when the copy goes; None: there is none."""

    ask: Ask
    recording: int
    until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class OpenedSound:
    """A copy as it was kept: its hash was compared, and it is read from its beginning."""

    file: IO[bytes]
    size: int
    recording: int


@noted(Scope.RECORDINGS_LISTEN, "recording listen ask", "number")
async def ask(inst: Installation, number: int, *, reason: str) -> int:
    """Ask a worker for a copy; the ask's id. Raises InputError when there is none, NoSound when erased, StoreError."""
    await _digest(inst, number)
    return await asks.add(inst.store, NewAsk(KIND, VERB, str(number), reason), inst.actor)


@reads(Scope.RECORDINGS_LISTEN)
async def asked(inst: Installation, ask_id: int) -> ListenAsk:
    """One's own ask, and how long its copy is there. Raises InputError when there is none, StoreError."""
    return await _own(inst, ask_id)


async def _own(inst: Installation, ask_id: int) -> ListenAsk:
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != KIND or found.account != inst.actor.account:
        raise InputError(t("there is no ask {number}", number=ask_id))
    until = found.answered_at + KEPT if found.state == "done" and found.answered_at is not None else None
    return ListenAsk(found, int(found.object), until)


@noted(Scope.RECORDINGS_LISTEN, "recording sound", "ask_id")
async def open_sound(inst: Installation, ask_id: int) -> OpenedSound:
    """The copy that one asked for, once it was compared with its hash, to be closed by the caller.

    Raises NoSound when it is not there, InputError when there is no such ask, StoreError.
    """
    own = await _own(inst, ask_id)
    if own.until is None:
        raise NoSound(t("the ask {number} has no recording; it is {state}", number=ask_id, state=own.ask.state))
    if own.until <= inst.clock.real_now():
        raise NoSound(t("a recording is there for a quarter of an hour; ask again"))
    digest = await _digest(inst, own.recording)
    place = Copies(inst.settings.console_folder).place(ask_id, digest)
    try:
        return await asyncio.to_thread(_opened, place, digest, own.recording)
    except OSError:
        raise NoSound(t("recording {number} is not where the console may read it", number=own.recording)) from None


def _opened(place: Path, digest: bytes, recording: int) -> OpenedSound:
    file = place.open("rb")
    try:
        if hashlib.file_digest(file, "sha256").digest() != digest:
            raise NoSound(t("the copy of recording {number} is not what was kept: ask again", number=recording))
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return OpenedSound(file, size, recording)


async def _digest(inst: Installation, number: int) -> bytes:
    row = await call_recordings.one_recording(inst.store, number)
    if row is None:
        raise InputError(t("there is no recording {number}", number=number))
    if row.sha256 is None:
        raise NoSound(t(ERASED, number=number))
    return row.sha256


@noted(Scope.RECORDINGS_LISTEN, "recording listen", "number")
async def listen(inst: Installation, number: int, *, reason: str) -> bytes:
    """The sound of a recording, for the copy of an ask. Raises InputError, ConfigError, StoreError."""
    row = await call_recordings.one_recording(inst.store, number)
    if row is None:
        raise InputError(t("there is no recording {number}", number=number))
    return await given(inst, row, f"recording listen {number}", reason)


async def given(inst: Installation, row: RecordingRow, command: str, reason: str) -> bytes:
    """The WAV file of a recording, once the look at it is noted.

    Raises NoSound when it was erased, ConfigError when its file is missing, StoreError.
    """
    if row.sha256 is None:
        raise NoSound(t(ERASED, number=row.recording_id))
    await log_access(inst.store, Access(command, 0, [row.person_id], inst.actor.account, reason.strip() or None))
    content = await asyncio.to_thread(RecordingFiles(inst.settings.data).read, row.sha256)
    if content is None:
        told = "the file of recording {number} is missing; put {hex}.enc back from a backup"
        raise ConfigError(t(told, number=row.recording_id, hex=row.sha256.hex()))
    return content


@reads(Scope.RECORDINGS_LISTEN)  # that it looks is noted
async def prepare(inst: Installation, asked_for: OpenAsk) -> Mapping[str, Any]:
    """As a worker, in the name of who asked: note the look, which is kept whatever follows, and read the sound."""
    return {"sound": await listen(inst, int(asked_for.object), reason=asked_for.reason)}


@reads(Scope.RECORDINGS_LISTEN)
async def do(inst: Installation, asked_for: OpenAsk, prepared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the copy, while no erasure can come in between. Raises NoSound, ConfigError, StoreError."""
    sound: bytes = prepared["sound"]
    digest = await call_recordings.held(inst.store, int(asked_for.object))
    if digest is None:
        raise NoSound(t(ERASED, number=asked_for.object))
    try:
        await asyncio.to_thread(Copies(inst.settings.console_folder).write, asked_for.ask_id, digest, sound)
    except OSError as error:
        told = "{file}: a recording cannot be copied there for the console: {why}"
        raise ConfigError(t(told, file=error.filename, why=error.strerror)) from error
    return {}
