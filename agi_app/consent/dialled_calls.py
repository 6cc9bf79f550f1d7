"""A note outside the database of each call that is about to be made, so that a restored database knows whom it called.

One line a call in a file a day, in the data folder: when, the contact, the attempt and the keyed hash of the number. A
database knows its calls itself; the notes are for one that was restored from a backup older than they are. Nothing
waits for them, and they are not synced: a power cut loses the last seconds, a lost database none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import make_private
from agi_app.clock import Clock
from agi_app.errors import SafetyError
from agi_app.messages import t
from agi_app.model.call import Claim

FOLDER = "dialled"  # below the data folder
KEPT = dt.timedelta(days=15)
_WORDS = 4

_log = log.get("journal")


@dataclass(frozen=True, slots=True)
class DialledCall:
    """One call that was made, or was about to be."""

    at: dt.datetime  # rules time
    contact_id: int
    attempt_id: str
    number_hash: bytes


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
        lines = [f"{at.isoformat()} {one} {attempt} {self._hash(number).hex()}\n" for one, attempt, number in calls]
        try:
            make_private(self._folder)
            if self._day != at.date():
                self._remove_old(at)
                self._day = at.date()
            file = self._folder / f"{at:%Y-%m-%d}.log"
            with open(file, "ab", buffering=0, opener=_private) as out:
                out.write("".join(lines).encode())
            self._broken = None
        except OSError as error:
            if self._broken != str(error):
                _log.warning("calls are not noted beside the database", error=str(error))
            self._broken = str(error)

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
            lines = file.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError as error:
            told = "{file}: the notes of calls cannot be read: {error}"
            raise SafetyError(t(told, file=file, error=error)) from error
        yield from (call for call in map(_parsed, lines) if call is not None and call.at >= since)


def _parsed(line: str) -> DialledCall | None:
    words = line.split(" ")
    with contextlib.suppress(ValueError):
        if len(words) == _WORDS:
            at = dt.datetime.fromisoformat(words[0])
            return DialledCall(at, int(words[1]), words[2], bytes.fromhex(words[3])) if at.tzinfo else None
    return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
