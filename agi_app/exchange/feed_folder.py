"""The folder of a feed: which file is whole, where it is while it is imported, and where it goes then.

A file is taken by a rename, so whatever moment the process is killed at, it is in exactly one place: as it came, in
`taken/` with the key of its run, or in `done/` or `refused/` with the result. All of this blocks.
"""

from __future__ import annotations

import csv
import json
import os
import stat
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agi_app.atomic_files import kept_name, write_whole
from agi_app.errors import ExchangeError, ExchangeFault
from agi_app.messages import of_process, speaking, t
from agi_app.messages.retold import retold

TAKEN, DONE, REFUSED = "taken", "done", "refused"
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx")
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".swp", "~")
RESULT, REJECTS = ".result.json", ".rejects.csv"
SETTLED_S = 2.0  # without a change, a file is whole
AHEAD_S = 60.0  # what the clock of who writes files may be ahead of ours
LARGEST = 32 << 20  # bytes


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file that was taken: where it is, and its name as it came. Times are seconds since 1970."""

    path: Path
    key: uuid.UUID
    name: str
    written_at: float  # as the file says
    came_at: float  # the last change of its entry in the folder, by our clock, before it was taken

    def age_known_at(self, now: float) -> bool:
        """Whether it says when it was written, and not a time after it had come."""
        return self.written_at <= min(now, self.came_at) + AHEAD_S

    @property
    def facts_at(self) -> float:
        """Since when its facts are good: nothing is newer than when it came."""
        return min(self.written_at, self.came_at)


class FeedFolder:
    """One folder; ``now`` gives seconds since 1970 by the clock of its disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[int, int]] = {}  # name -> size and time of the last look

    def prepare(self) -> None:
        """Make the folders below it. Raises ExchangeError."""
        try:
            for name in (TAKEN, DONE, REFUSED):
                part = self._folder / name
                part.mkdir(mode=0o750, exist_ok=True)
                if part.is_symlink() or not part.is_dir():
                    raise ExchangeError(
                        t("{folder}: is no folder, and must be one", folder=part), ExchangeFault.FOLDER, placed=True
                    )
        except OSError as error:
            told = "{folder}: cannot be used ({why}): it must be there, and its files may be moved by this user"
            raise ExchangeError(
                t(told, folder=self._folder, why=error.strerror), ExchangeFault.FOLDER, placed=True
            ) from error

    def taken(self) -> TakenFile | None:
        """The file that is taken and not yet done with."""
        for path in sorted((self._folder / TAKEN).iterdir()):
            key, _, name = path.name.partition("~")
            try:
                found = uuid.UUID(key)
            except ValueError:
                continue
            return _taken(path, found, name)
        return None

    def whole(self, now: float) -> list[Path]:
        """The files that came and are whole, the newest last: not still growing, and not named as unfinished.

        One whose time is still to come for more than a minute is among them: it would never rest by it.
        """
        found, seen = [], {}
        for path in self._files(self._folder):
            there = path.lstat()
            seen[path.name] = (there.st_size, there.st_mtime_ns)
            rests = now - there.st_mtime >= SETTLED_S or there.st_mtime > now + AHEAD_S
            if self._seen.get(path.name) == seen[path.name] and rests:
                found.append((there.st_mtime_ns, path.name, path))
        self._seen = seen
        return [path for *_, path in sorted(found)]

    @property
    def came(self) -> bool:
        """Whether the last look has seen a file, whole or not."""
        return bool(self._seen)

    def take(self, path: Path) -> TakenFile:
        """Take a file: from here on it has a key."""
        key = uuid.uuid4()
        name = kept_name(path.name.partition("~")[2] if path.parent.name == TAKEN else path.name)
        target = self._folder / TAKEN / f"{key}~{name}"
        there = _taken(path, key, name)
        path.rename(target)
        return replace(there, path=target)

    def look_at(self, path: Path) -> TakenFile:
        """A file as it would be taken; it stays where it is."""
        return _taken(path, uuid.uuid4(), path.name)

    def older_than(self, taken: TakenFile) -> list[TakenFile]:
        """What is still in the folder and no newer than a file that was taken, the oldest first."""
        there = [self.look_at(path) for path in self._files(self._folder)]
        return sorted((one for one in there if one.facts_at <= taken.facts_at), key=lambda one: one.facts_at)

    def newest_taken(self) -> str | None:
        """The name of the file that was taken last, as it came."""
        found = [path for part in (TAKEN, DONE) for path in self._files(self._folder / part)]
        newest = max(found, key=lambda path: path.lstat().st_ctime_ns, default=None)
        return None if newest is None else newest.name.rpartition("~")[2]

    def newest_refused(self) -> Path | None:
        """The file that was refused last."""
        found = [(path.lstat().st_ctime_ns, path) for path in self._files(self._folder / REFUSED)]
        return max(found)[1] if found else None

    def finish(self, taken: TakenFile, result: Mapping[str, Any], *, done: bool) -> Path:
        """Put it where it belongs, after the result is written beside that place."""
        target = self._free(self._folder / (DONE if done else REFUSED), taken)
        write_whole(
            target.with_name(target.name + RESULT), json.dumps(result, ensure_ascii=False, indent=1).encode(), 0o640
        )
        if faults := result.get("faults"):
            self._write_rejects(target.with_name(target.name + REJECTS), faults)
        taken.path.rename(target)
        return target

    def forget(self, before: float) -> int:
        """Delete what was done with before that time (seconds since 1970); returns how many files."""
        gone = 0
        for part in (DONE, REFUSED):
            for path in (self._folder / part).iterdir():
                if path.is_file() and not path.is_symlink() and path.lstat().st_ctime < before:
                    path.unlink(missing_ok=True)
                    gone += 1
        return gone

    def _files(self, folder: Path) -> list[Path]:
        return [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in ENDINGS
            and not path.name.startswith((".", "~$"))
            and not path.name.lower().endswith((*UNFINISHED, REJECTS))
            and stat.S_ISREG(path.lstat().st_mode)
        ]

    def _free(self, folder: Path, taken: TakenFile) -> Path:
        """A name that nothing has there: its own, or one with the day and a part of its key."""
        target = folder / taken.name
        if not target.exists():
            return target
        day = time.strftime("%Y%m%dT%H%M%S", time.gmtime(taken.written_at))
        return folder / f"{Path(taken.name).stem}.{day}.{taken.key.hex[:8]}{Path(taken.name).suffix}"

    def _write_rejects(self, file: Path, faults: Sequence[Mapping[str, Any]]) -> None:
        """The rejected rows by their lines in the file; what a spreadsheet would run as a formula is only text.

        The reasons are in the language of this process, which people of the office read.
        """
        part = file.with_name(f".{file.name}.part")
        with speaking(of_process()), part.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("rejected_line", "rejected_column", "rejected_reason"))
            for one in faults:
                writer.writerow((one["line"], one["column"], as_text(retold(str(one["text"])))))
        part.replace(file)


def _taken(path: Path, key: uuid.UUID, name: str) -> TakenFile:
    there = path.lstat()
    return TakenFile(path, key, name, there.st_mtime, there.st_ctime)


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def content_of(path: Path) -> bytes:
    """The file's bytes. Raises ExchangeError for one that is too large or is no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            there = os.fstat(fd)
            if not stat.S_ISREG(there.st_mode) or there.st_size > LARGEST:
                told = "{file}: has more than {most} MiB, or is no file: write smaller ones"
                raise ExchangeError(t(told, file=path.name, most=LARGEST >> 20), ExchangeFault.TOO_MUCH, placed=True)
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ExchangeError(
            t("{file}: cannot be read: {why}", file=path, why=error.strerror), ExchangeFault.FOLDER, placed=True
        ) from error
