"""The rejects file: rows that were not imported, as they were, with line and reason in front.

It is written beside the imported file as ``FILE.rejects.csv`` (UTF-8 with BOM, so that spreadsheets
read Chinese right), of a workbook as ``FILE.rejects.xlsx`` with cells of text, to be corrected and
imported again. Line and reason are in front because a row may have too many or too few cells. An
older rejects file is kept once, as ``FILE.rejects.csv~``: somebody may be correcting it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from agi_app.contacts.columns import REJECT_COLUMNS, RejectedRow
from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.xlsx import XLSX
from agi_app.contacts.tables.xlsx_writer import SheetWriter
from agi_app.errors import InputError
from agi_app.messages import t


class RejectsFile:
    """Collects rejected rows in a temporary file; ``keep`` makes it the rejects file, else it vanishes."""

    def __init__(self, imported: Path, header: tuple[str, ...], encoding: str) -> None:
        """Begin a rejects file for ``imported``; InputError when its folder cannot be written to."""
        self._target = rejects_path(imported, encoding)
        self._part = imported.with_name(f".{self._target.name}.part")
        self._skipped = {index for index, title in enumerate(header) if title in REJECT_COLUMNS}
        try:
            self._part.unlink(missing_ok=True)  # left by a run that was killed
            fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it holds numbers
        except OSError as error:
            raise InputError(
                t(
                    "{target}: the rejected rows cannot be written here ({strerror}), so nothing was imported; copy"
                    " the file to a folder that you may write to",
                    target=self._target,
                    strerror=error.strerror,
                )
            ) from error
        self._file: IO[bytes] = os.fdopen(fd, "wb")
        self._writer = SheetWriter(self._file) if encoding == XLSX else _CsvWriter(self._file)
        self._writer.writerow([*REJECT_COLUMNS, *(title for title in header if title not in REJECT_COLUMNS)])

    def write(self, rows: Iterable[RejectedRow]) -> None:
        """Add rows; blocks for as long as the disk needs. InputError when it does not take them."""
        try:
            for row in rows:
                cells = [cell for index, cell in enumerate(row.cells) if index not in self._skipped]
                self._writer.writerow([row.line, row.reason, *cells])
        except OSError as error:
            raise self._unwritten(error) from error

    def keep(self) -> Path:
        """Finish: the file appears under its name, an older one moves to ``…~``; InputError when it cannot."""
        try:
            self._writer.close()
            self._file.close()
            set_aside(self._target)
            self._part.replace(self._target)
        except OSError as error:
            raise self._unwritten(error) from error
        return self._target

    def _unwritten(self, error: OSError) -> InputError:
        return InputError(
            t(
                "{target}: the rejected rows could not be written ({strerror}); good rows may be imported"
                " already. Fix that and import the same file again: nothing is imported twice",
                target=self._target,
                strerror=error.strerror,
            )
        )

    def close(self) -> None:
        """Leave nothing beside the file, unless it was kept."""
        with contextlib.suppress(OSError):  # the disk is full: what was written is not wanted any more
            self._writer.close()
            self._file.close()
        self._part.unlink(missing_ok=True)


def rejects_of(table: Table, reasons: Mapping[int, str]) -> bytes:
    """The rejects file of a table that was sent: its rows with these lines (of their faults), and why. Blocks."""
    made = io.BytesIO()
    writer = SheetWriter(made) if table.encoding == XLSX else _CsvWriter(made)
    kept = [index for index, title in enumerate(table.header) if title not in REJECT_COLUMNS]
    writer.writerow([*REJECT_COLUMNS, *(table.header[index] for index in kept)])
    left = sorted(reasons)
    for row in table.rows():
        while left and left[0] < row.line:
            left.pop(0)
        if left and left[0] < row.line + max(1, len(row.raw)):
            cells = [row.cells[index] if index < len(row.cells) else "" for index in kept]
            writer.writerow([row.line, reasons[left.pop(0)], *cells, *row.cells[len(table.header) :]])
    writer.close()
    return made.getvalue()


def set_aside(rejects: Path) -> bool:
    """Move an older rejects file out of the way, so that nobody takes it for the present one's; False: it stays."""
    try:
        if rejects.exists():
            rejects.replace(rejects.with_name(rejects.name + "~"))
    except OSError:
        return False
    return True


def rejects_path(imported: Path, encoding: str) -> Path:
    """Where the rejected rows of ``imported``, which is in this encoding, go."""
    return imported.with_name(imported.name + (".rejects.xlsx" if encoding == XLSX else ".rejects.csv"))


class _CsvWriter:
    """Rows as CSV in UTF-8 with BOM."""

    def __init__(self, target: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(target, "utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text)

    def writerow(self, cells: Iterable[object], /) -> None:
        self._writer.writerow(cells)

    def close(self) -> None:
        if not self._text.closed:
            self._text.flush()
