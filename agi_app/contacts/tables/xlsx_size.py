"""Whether a workbook can be read within reasonable memory, found out before it is read.

A workbook is a ZIP archive: a small one can hold much, and one stray cell far to the right makes a
huge rectangle of empty ones, all of which the reader would keep. So its parts are counted first.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO

from agi_app.messages import t

LARGEST = 2 << 30  # bytes, unpacked
SMALL = 8 << 20  # bytes, unpacked, that any workbook may have: read in a second
MOST_RATIO = 100  # of the unpacked size to the file's; tables have 5 to 30
MOST_CELLS = 30_000_000  # of the rectangle that holds all cells of a sheet: about 1 GB
NARROW = 26  # columns A to Z need no search
_CHUNK = 1 << 20
_OVERLAP = 64  # bytes, longer than what is searched for
_WIDE = re.compile(rb"""\br=["']([A-Z]{2,3})\d{1,7}["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row\s[^<>]*?\br=["'](\d{1,7})["']""")


def is_workbook(source: IO[bytes]) -> bool:
    """Whether a ZIP archive is an Excel workbook (XLSX)."""
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


class TooLarge(Exception):
    """The workbook is not read; the message goes on after "this workbook"."""


def check_size(source: IO[bytes]) -> None:
    """TooLarge when this workbook is too large to be read, ValueError or OSError when it is damaged."""
    size = source.seek(0, io.SEEK_END)
    most = min(LARGEST, SMALL + MOST_RATIO * size)
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > most:
                raise TooLarge(t("unpacks to more than {most} MiB", most=most >> 20))
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _check_sheet(archive, part, most)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ValueError(str(error)) from None


def _check_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> None:
    columns, rows, rest, read = NARROW, 1, b"", 0
    with archive.open(part) as sheet:
        while chunk := sheet.read(_CHUNK):
            read += len(chunk)
            if read > most:  # whatever its archive says
                raise TooLarge(t("unpacks to more than {most} MiB", most=most >> 20))
            text = rest + chunk
            columns = max([columns, *map(_number, set(_WIDE.findall(text)))])
            rows = max([rows, *map(int, _ROW.findall(text))])
            rest = text[-_OVERLAP:]
    if rows * columns > MOST_CELLS:
        raise TooLarge(
            t("has a sheet of {rows} rows and {columns} columns: delete the empty ones", rows=rows, columns=columns)
        )


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
