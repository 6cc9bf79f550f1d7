"""Files as people have them into tables: a private copy of the bytes, and the reader for their kind."""

from __future__ import annotations

import hashlib
import io
import itertools
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.xlsx import ZIPPED, NoWorkbook, SheetTable
from agi_app.errors import InputError
from agi_app.file_kinds import no_such_file
from agi_app.messages import t

IN_MEMORY = 4 << 20  # bytes; what is larger goes into an unnamed temporary file
LARGEST = 1 << 30  # bytes
LARGEST_WHOLE = 32 << 20  # bytes of a file that is kept in memory as a whole
MOST_WHOLE = 100_000  # rows of such a file
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent to us: its name in messages, and its bytes."""

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SentSheet(SentFile):
    """A sheet of a workbook that was sent: ``content`` has its rows as ``xlsx.rows_of`` gives them.

    ``workbook`` is the SHA-256 of the file that somebody has.
    """

    workbook: bytes


@dataclass(frozen=True, slots=True)
class MadeFile(SentFile):
    """A file of our own making, as long as it needs to be: ``file`` has it, and ``content`` is empty.

    ``columns``: ours = theirs, and only these are in it; empty: all are, under their own names.
    """

    file: IO[bytes]
    columns: Mapping[str, str] = field(default_factory=dict)


def open_table(source: IO[bytes], file: str, sheet: str | None = None) -> Table:
    """The table in ``source`` (seekable), text or workbook; ``sheet`` names a sheet of a workbook.

    Raises AuthorError for files that are neither, and for a faulty header; InputError for a sheet
    that is not there.
    """
    source.seek(0)
    if source.read(len(ZIPPED)) == ZIPPED:
        with suppress(NoWorkbook):
            return SheetTable(source, file, sheet)
    if sheet is not None:
        raise InputError(t("{file}: --sheet is for an Excel workbook (XLSX); this file is not one", file=file))
    return Table(source, file)


def open_sent(sent: SentFile, copy: IO[bytes]) -> Table:
    """The table of a file that was sent: text, or a sheet whose rows are read already. Raises AuthorError."""
    return SheetTable.of_rows(copy, sent.name) if isinstance(sent, SentSheet) else Table(copy, sent.name)


def open_made(made: MadeFile, stack: ExitStack) -> tuple[IO[bytes], Table]:
    """A file of our own making with its table, which has only the columns that it names. Raises as ``open_table``."""
    copy = private_copy(made, stack)
    table = open_table(copy, made.name)
    if made.columns:
        table.take_only(made.columns, "contacts/missing-column")
    return copy, table


def all_rows(rows: Iterable[T], file: str) -> list[T]:
    """The rows of a short list; InputError when it is not one."""
    found = list(itertools.islice(rows, MOST_WHOLE + 1))
    if len(found) > MOST_WHOLE:
        raise InputError(
            t(
                "{file}: has more than {most_whole:,} rows; split it into several files",
                file=file,
                most_whole=MOST_WHOLE,
            )
        )
    return found


def private_copy(path: Path | SentFile, stack: ExitStack, largest: int = LARGEST) -> IO[bytes]:
    """The file's bytes as they are now, so that nobody changes them between two looks; works for pipes too.

    Raises InputError when it cannot be read, or has more than ``largest`` bytes.
    """
    if isinstance(path, MadeFile):
        path.file.seek(0)
        return path.file
    if isinstance(path, SentFile):
        return stack.enter_context(io.BytesIO(path.content))
    if path.name.startswith("~$"):
        raise InputError(t("{path}: this is the lock file of an open Excel; name the file without ~$", path=path))
    copy = temporary(stack)
    try:
        with path.open("rb") as source:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
                if copy.tell() > largest:
                    raise InputError(
                        t(
                            "{path}: larger than {largest} MiB; split it into several files",
                            path=path,
                            largest=largest >> 20,
                        )
                    )
    except FileNotFoundError:
        raise InputError(no_such_file(path)) from None
    except IsADirectoryError:
        raise InputError(t("{path}: this is a folder; name the file in it", path=path)) from None
    except OSError as error:
        raise InputError(t("{path}: cannot be read: {strerror}", path=path, strerror=error.strerror)) from error
    return copy


def sha256_of_copy(copy: IO[bytes]) -> bytes:
    """Of all bytes of a private copy, whose position is at its end afterwards. Blocks."""
    copy.seek(0)
    digest = hashlib.sha256()
    while chunk := copy.read(1 << 20):
        digest.update(chunk)
    return digest.digest()


def temporary(stack: ExitStack) -> IO[bytes]:
    """A temporary file without a name; the stack closes it."""
    return stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
