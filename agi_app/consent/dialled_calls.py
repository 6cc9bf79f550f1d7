"""A note outside the database of each call that is about to be made, so that a restored database knows whom it called.

One line a call in a file a day, in the data folder: when, the contact, the attempt, the keyed hash of the number, and
two check values. A file beside the folder says how long each is, so that ``damages`` tells what is changed or gone; its
loss is noted in the next one for as long as notes are kept, so that later notes do not hide it. A database knows its
calls itself; the notes are for one that was restored from a backup older than they are. Nothing waits for them, and
they are not synced: a power cut loses the last seconds, a lost database none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import make_private
from agi_app.clock import Clock
from agi_app.consent.checked_lines import Damage, Read, check_of, last_check
from agi_app.consent.checked_lines import damages as lines_damaged
from agi_app.errors import SafetyError
from agi_app.messages import t
from agi_app.model.call import Claim

FOLDER = "dialled"  # below the data folder
ENDS_NAME = "dialled.ends"  # each file of the folder, and how many bytes were written into it
GAP = "gap"  # before the time at which notes, or that file, were found gone
KEPT = dt.timedelta(days=15)
_WORDS = 4
_HASH_BYTES = 32
_MARKS = re.compile(rb" ([0-9a-f]{8}) ([0-9a-f]{8})\Z")
_CHECKS = 2  # more, of 8 hex digits: of the line before, and of this one

_log = log.get("journal")


@dataclass(frozen=True, slots=True)
class DialledCall:
    """One call that was made, or was about to be."""

    at: dt.datetime  # rules time
    contact_id: int
    attempt_id: str
    number_hash: bytes
    sound: bool = True  # False: the line is not as it was written


class DialledCalls:
    """The notes of one node."""

    def __init__(self, data_folder: Path, clock: Clock, hash_number: Callable[[str], bytes]) -> None:
        self._folder, self._clock, self._hash = data_folder / FOLDER, clock, hash_number
        self._writer = ThreadPoolExecutor(1, "dialled")
        self._day: dt.date | None = None  # of the file that was written last
        self._broken: str | None = None

    def soon(self, claims: Sequence[Claim]) -> None:
        """Note these, in a separate thread; what fails is logged."""
        at = self._clock.now()
        self._writer.submit(self._note, at, [(one.contact_id, one.attempt_id, one.number) for one in claims])

    def close(self) -> None:
        """Wait until all is noted."""
        self._writer.shutdown()

    def _note(self, at: dt.datetime, calls: Sequence[tuple[int, str, str]]) -> None:
        texts = [f"{at.isoformat()} {one} {attempt} {self._hash(number).hex()}" for one, attempt, number in calls]
        try:
            make_private(self._folder)
            gap = self._gap(at)
            if self._day != at.date():
                self._remove_old(at)
                self._day = at.date()
            file = self._folder / f"{at:%Y-%m-%d}.log"
            with open(file, "a+b", buffering=0, opener=_private) as out:
                size = out.seek(0, os.SEEK_END)
                out.write(_joined(texts, last_check(out.fileno(), size), torn=_is_torn(out.fileno(), size)))
            self._note_ends(gap)
            self._broken = None
        except OSError as error:
            if self._broken != str(error):
                _log.warning("calls are not noted beside the database", error=str(error))
            self._broken = str(error)

    def _gap(self, at: dt.datetime) -> dt.datetime | None:
        """When notes were last found gone; what is too old to be kept counts no longer. Raises OSError."""
        file = self._folder.with_name(ENDS_NAME)
        first, sizes = f"{at - KEPT:%Y-%m-%d}.log", {one.name: one.stat().st_size for one in self._folder.glob("*.log")}
        ends = _ends(file)
        gone = any(size > sizes.get(name, 0) for name, size in (ends or {}).items() if name >= first)
        if gone or (not ends and any(_has_checks(one) for one in self._folder.glob("*.log") if one.name >= first)):
            return at
        noted = _noted_gap(file)
        return None if noted is None or at - noted > KEPT else noted

    def _note_ends(self, gap: dt.datetime | None) -> None:
        """Not synced, as the notes are not. Raises OSError."""
        ends = [f"{file.name} {file.stat().st_size}\n" for file in sorted(self._folder.glob("*.log"))]
        ends += [] if gap is None else [f"{GAP} {gap.isoformat()}\n"]
        part = self._folder.with_name(f".{ENDS_NAME}.part")
        with open(part, "wb", opener=_private) as out:
            out.write("".join(ends).encode())
        part.replace(self._folder.with_name(ENDS_NAME))

    def _remove_old(self, at: dt.datetime) -> None:
        first = f"{at - KEPT:%Y-%m-%d}.log"
        for file in self._folder.glob("*.log"):
            if file.name < first:
                file.unlink(missing_ok=True)


def read(data_folder: Path, since: dt.datetime) -> Iterator[DialledCall]:
    """The calls noted in a data folder, or a copy of it, from ``since`` (rules time) on. Blocks. Raises SafetyError.

    What is no note is passed over.
    """
    first = f"{since.astimezone(dt.UTC):%Y-%m-%d}.log"
    for file in sorted((data_folder / FOLDER).glob("*.log")):
        if file.name < first:
            continue
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            told = "{file}: the notes of calls cannot be read: {error}"
            raise SafetyError(t(told, file=file, error=error)) from error
        for line in lines:
            if (call := _parsed(line.decode("ascii", "replace"))) is not None and call.at >= since:
                yield replace(call, sound=_checked(line) is not None)


def damages(data_folder: Path, *, wanted: bool) -> list[Damage]:
    """Places of the notes where calls may be lost, or were being noted in a crash. Blocks. Raises SafetyError.

    ``wanted``: this worker has called people, so that there must be notes.
    """
    folder, ends = data_folder / FOLDER, _ends(data_folder / ENDS_NAME)
    there = {file.name for file in folder.glob("*.log")}
    gap = _noted_gap(data_folder / ENDS_NAME)
    if not there and ends is None:
        return [Damage(t("{folder}: has no notes of calls", folder=folder))] if wanted else []
    found = []
    for name in sorted(there | set(ends or ())):
        if name not in there:
            found.append(Damage(t("{file}: is missing", file=folder / name)))
            continue
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            told = "{file}: the notes of calls cannot be read: {error}"
            raise SafetyError(t(told, file=folder / name, error=error)) from error
        found += lines_damaged(folder / name, data, None if ends is None else ends.get(name, 0), _checked)
    if gap is not None:
        told = "{folder}: notes before {at:%Y-%m-%d %H:%M} UTC may be gone: their end was lost, or {file} beside it"
        found.append(Damage(t(told, folder=folder, at=gap.astimezone(dt.UTC), file=ENDS_NAME)))
    elif not ends and any(_has_checks(folder / name) for name in there):
        told = (
            "{folder}: how far it was written is not known, for {file} beside it is missing or damaged: calls may be"
            " gone"
        )
        found.append(Damage(t(told, folder=folder, file=ENDS_NAME)))
    return found


def _has_checks(file: Path) -> bool:
    """Whether a note in it is of a version that keeps the file of ends. Raises OSError."""
    lines = (_checked(line) for line in file.read_bytes().splitlines())
    return any(one is not None and one.after is not None for one in lines)


def _noted_gap(file: Path) -> dt.datetime | None:
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{GAP} "):
                return dt.datetime.fromisoformat(line.removeprefix(f"{GAP} "))
    return None


def _ends(file: Path) -> dict[str, int] | None:
    """None when it is not known: of an older agi-app. What a crash left of it counts for what it says."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    words = [line.split(" ") for line in text.splitlines()]
    return {name: int(size) for name, size in (two for two in words if len(two) == _CHECKS) if size.isdecimal()}


def _joined(texts: Sequence[str], after: int, *, torn: bool) -> bytes:
    """New lines behind the one with this check value; one that a crash left half written is ended first."""
    lines = []
    for text in texts:
        line = f"{text} {after:08x}".encode()
        lines.append(line + b" %08x" % check_of(line))
        after = check_of(lines[-1])
    return b"\n" * torn + b"\n".join(lines) + b"\n"


def _is_torn(fd: int, size: int) -> bool:
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"


def _checked(line: bytes) -> Read | None:
    text = line.decode("ascii", "replace")
    if _parsed(text) is None:
        return None
    if len(text.split(" ")) == _WORDS:
        return Read(None)
    if (marks := _MARKS.search(line)) is None or check_of(line[: marks.start(2) - 1]) != int(marks[2], 16):
        return None
    return Read(int(marks[1], 16))


def _parsed(line: str) -> DialledCall | None:
    words = line.split(" ")
    with contextlib.suppress(ValueError):
        if len(words) in (_WORDS, _WORDS + _CHECKS):
            call = DialledCall(dt.datetime.fromisoformat(words[0]), int(words[1]), words[2], bytes.fromhex(words[3]))
            return call if call.at.tzinfo and len(call.number_hash) == _HASH_BYTES else None
    return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
