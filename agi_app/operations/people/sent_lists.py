"""Lists of contacts that somebody sends by a page: text as it is, of a workbook the rows; and the rows to be corrected.

A workbook is read here, apart and with limits, so that a worker, which has the keys, opens none that comes over the
network. What the spreadsheet has spoilt is told as of a file on the node, by row and cell.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import IO, Any

from agi_app.atomic_files import kept_name
from agi_app.contacts.rejects import rejects_of
from agi_app.contacts.tables.opening import SentFile, SentSheet, open_sent
from agi_app.contacts.tables.xlsx import ZIPPED, rows_of
from agi_app.errors import AuthorError, InputError
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads

LARGEST = 2 << 20  # bytes of a file
MOST_TEXT = 4 << 20  # bytes of the rows of a workbook, which is packed
MOST_ROWS = 10_000  # that one import takes


@reads(Scope.CONTACTS_IMPORT)
async def read_sent(_inst: Installation, name: str, content: IO[bytes], sheet: str = "") -> SentFile:
    """What an import takes of a file that was sent; ``sheet`` names one of a workbook.

    Raises AuthorError for a workbook that cannot be read, InputError for an empty or a too large file and a sheet that
    is not there.
    """
    return await in_background(_read, without_numbers(kept_name(name)), content, sheet.strip() or None)


def _read(name: str, content: IO[bytes], sheet: str | None) -> SentFile:
    content.seek(0)
    found = content.read(LARGEST + 1)
    if not found:
        raise InputError(t("{file}: is empty; choose another one", file=name))
    if len(found) > LARGEST:
        told = "{file}: a page takes at most {most} MiB; split it, or run `agi-app contacts import` on the node"
        raise InputError(t(told, file=name, most=LARGEST >> 20))
    if found.startswith(ZIPPED):
        rows = rows_of(io.BytesIO(found), name, sheet, MOST_TEXT)
        if rows is None:
            raise InputError(t("{file}: is a packed file and no workbook: send CSV or XLSX", file=name))
        return SentSheet(name, rows, hashlib.sha256(found).digest())
    if sheet is not None:
        raise InputError(t("{file}: has no sheets: it is no workbook (XLSX)", file=name))
    return SentFile(name, found)


@reads(Scope.CONTACTS_IMPORT)
async def rejected_rows(_inst: Installation, sent: SentFile, faults: Sequence[Mapping[str, Any]]) -> tuple[str, bytes]:
    """The name and content of a file with the rejected rows as they were sent, each with its reason.

    It can be corrected and sent again. ``faults`` are those of the ask that rejected them. Raises AuthorError.
    """
    ending = "xlsx" if isinstance(sent, SentSheet) else "csv"
    reasons = {int(one["line"]): str(one["text"]) for one in faults}
    return f"rejected.{ending}", await in_background(_rejects, sent, reasons)


def _rejects(sent: SentFile, reasons: Mapping[int, str]) -> bytes:
    try:
        return rejects_of(open_sent(sent, io.BytesIO(sent.content)), reasons)
    except AuthorError as error:
        raise InputError(str(error)) from error
