"""Checkpoint files: notes one after another, each followed by an empty line, on disk when an append returns."""

from __future__ import annotations

import os
from pathlib import Path

from agi_app.atomic_files import sync_folder, write_whole
from agi_app.audit.checkpoint import split
from agi_app.errors import ConfigError
from agi_app.messages import t

CHECKPOINTS = "checkpoints"


def read(file: Path) -> list[str]:
    """The notes of a checkpoint file, none when there is no file; what a crash left half written is passed over.

    Raises ConfigError when it cannot be read.
    """
    try:
        return split(file.read_text(encoding="utf-8", errors="replace"))[0]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(
            t("{file}: the checkpoints cannot be read: {strerror}", file=file, strerror=error.strerror)
        ) from error


class Writer:
    """Adds notes to one file; the first time it takes away what a crash left half written."""

    def __init__(self, file: Path) -> None:
        """The file's folder must be there: a share that is not mounted must not become a folder of this disk."""
        self.file = file
        self._end: int | None = None

    def append(self, note: str) -> None:
        """Add a note; safe on disk when this returns. Blocks. Raises OSError."""
        new = not self.file.exists()
        fd = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(fd, "r+b") as out:
            if out.seek(0, os.SEEK_END) != self._end:  # first use, or somebody else wrote, too
                out.seek(0)
                half = split(out.read().decode("utf-8", "surrogateescape"))[1].encode("utf-8", "surrogateescape")
                out.truncate(out.seek(-len(half), os.SEEK_END))
            out.write(note.encode() + b"\n")
            out.flush()
            os.fsync(fd)
            self._end = out.tell()
        if new:
            sync_folder(self.file.parent)

    def replace(self, notes: list[str]) -> None:
        """Put these notes in place of all there are. Blocks. Raises OSError."""
        write_whole(self.file, "".join(note + "\n" for note in notes).encode(), 0o600)
        self._end = None
