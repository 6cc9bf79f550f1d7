"""Reads one sheet of a workbook in its own process, which may have so much memory and time and no more.

``python -m agi_app.contacts.tables.xlsx_child PARENT MEMORY SECONDS [SHEET]``, the workbook on standard input (a file).
Standard output gets messages, each behind its length: first a ``Head``, then rows, or a ``Refusal``. The library that
reads workbooks keeps all of one in memory and aborts when there is no more; here that ends only this process.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import IO

import msgspec
import python_calamine as calamine

from agi_app.contacts.tables.xlsx_messages import Head, Refusal, SentRow
from agi_app.contacts.tables.xlsx_size import TooLarge, check_size, is_workbook
from agi_app.messages import t

MOST_DIGITS = 15  # what a spreadsheet keeps of a number
ROWS_AT_ONCE = 1000
WORKBOOK = "/proc/self/fd/0"  # standard input, opened again
Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
_CHANGED = "the spreadsheet has changed it: format that column as text and enter it again"
_DIE_WITH_PARENT = 1  # prctl(2): PR_SET_PDEATHSIG


def main() -> int:
    """Write what was found to standard output."""
    parent, memory, seconds, *sheets = sys.argv[1:]
    wanted = sheets[0] if sheets else None
    if not _ends_with(int(parent)):
        return 1
    _limit(int(memory), int(seconds))
    gc.disable()  # nothing here refers to itself
    out = sys.stdout.buffer
    try:
        with open(WORKBOOK, "rb") as source:
            if not is_workbook(source):
                _send(out, Refusal("other", ""))
                return 0
            check_size(source)
        _read(out, wanted)
    except TooLarge as error:
        _send(out, Refusal("large", str(error)))
    except calamine.PasswordError:
        _send(out, Refusal("damaged", t("is protected by a password: remove it in the spreadsheet program")))
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError) as error:
        _send(
            out,
            Refusal(
                "damaged", t("is damaged ({error}); open it in the spreadsheet program and save it again", error=error)
            ),
        )
    out.flush()
    return 0


def _ends_with(parent: int) -> bool:
    """Let the kernel end us when the parent dies; False when it had died before we asked for that."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    return os.getppid() == parent


def _limit(memory: int, seconds: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _read(out: IO[bytes], wanted: str | None) -> None:
    book = calamine.load_workbook(WORKBOOK)
    sheets = [s for s in book.sheets_metadata if s.typ == calamine.SheetTypeEnum.WorkSheet]
    names = [s.name for s in sheets]
    if wanted is not None and wanted not in names:
        _send(out, Refusal("sheet", ", ".join(names)))
        return
    if not (visible := [s.name for s in sheets if s.visible == calamine.SheetVisibleEnum.Visible] or names):
        _send(out, Refusal("damaged", t("has no sheet with a table")))
        return
    sheet = book.get_sheet_by_name(wanted if wanted is not None else visible[0])
    left = (sheet.start or (0, 0))[1]
    _send(out, Head(sheet.name, visible[1:] if wanted is None else [], left, sheet.total_height))
    batch: list[SentRow] = []
    weight = 0
    for row in _rows(sheet, left):
        batch.append(row)
        weight += sum(map(len, row.cells)) + len(row.cells)
        if len(batch) == ROWS_AT_ONCE or weight > 1 << 20:
            _send(out, batch)
            batch, weight = [], 0
    if batch:
        _send(out, batch)


def _rows(sheet: calamine.CalamineSheet, left: int) -> Iterator[SentRow]:
    skipped = _banners(sheet, left)
    for line, values in enumerate(sheet.iter_rows() if sheet.start else (), start=1):
        if line > skipped and values.count("") < len(values):
            row = _row(line, values)
            if row.cells:
                yield row


def _banners(sheet: calamine.CalamineSheet, left: int) -> int:
    """The last of the rows above the header that hold only one text over several merged columns."""
    wide = {(row, column) for (row, column), (_, right) in sheet.merged_cell_ranges or [] if right > column}
    last = 0
    for line, values in enumerate(sheet.iter_rows() if sheet.start else (), start=1):
        filled = [index for index, value in enumerate(values) if str(value).strip()]
        if len(filled) > 1 or (filled and (line - 1, left + filled[0]) not in wide):
            break
        last = line if filled else last
    return last


def _row(line: int, values: list[Value]) -> SentRow:
    cells, odd = [], {}
    for index, value in enumerate(values):
        text, why = (value, None) if isinstance(value, str) else _as_text(value)
        cells.append(text)
        if why:
            odd[index] = why
    while cells and not cells[-1].strip():
        del cells[-1]
    return SentRow(line, cells, odd)


def _as_text(value: Value) -> tuple[str, str | None]:
    """What a person would have typed, and why it may not be what was meant."""
    if isinstance(value, bool):
        return str(value).upper(), t("is TRUE or FALSE; {changed}", changed=t(_CHANGED))
    if isinstance(value, int | float):
        if isinstance(value, float) and not value.is_integer():
            return repr(value), t("is a number with a fraction; {changed}", changed=t(_CHANGED))
        text = str(int(value))
        rounded = len(text.lstrip("-")) > MOST_DIGITS
        return text, t(
            "has more than {most_digits} digits; {changed}", most_digits=MOST_DIGITS, changed=t(_CHANGED)
        ) if rounded else None
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ", "seconds" if value.second else "minutes")
        return text, t("is a date; {changed}", changed=t(_CHANGED))
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes"), t(
            "is a time of day; {changed}", changed=t(_CHANGED)
        )
    return str(value), t("is a date or a time span; {changed}", changed=t(_CHANGED))


def _send(out: IO[bytes], message: object) -> None:
    encoded = msgspec.msgpack.encode(message)
    out.write(len(encoded).to_bytes(8, "big") + encoded)


if __name__ == "__main__":
    status = main()
    sys.stdout.buffer.flush()
    os._exit(status)  # a large heap is not worth the time to give it back piece by piece
