"""Which encoding a file of ops staff is in: UTF-8 (with or without BOM), GB18030, or UTF-16 with BOM.

UTF-16 is what a spreadsheet program calls "Unicode text"; without BOM it cannot be told from other bytes.

The whole file is looked at before its first row is used, so that a file which turns bad in the
middle is refused as a whole. A UTF-8 file with a damaged byte is never read as GB18030: that
would succeed, and put nonsense into names and into the wording of consents.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator
from functools import partial
from typing import IO

from agi_app.errors import AuthorError, Problem
from agi_app.file_kinds import kind_of
from agi_app.messages import t

CHUNK = 1 << 16
UTF8, GB18030, UTF16 = "utf-8-sig", "gb18030", "utf-16"  # as Python names them; -sig drops a BOM when there is one
SAVE_AS = 'open it in the program that made it and save it as "CSV UTF-8"'
COPY = 'copy its table into a spreadsheet and save it as "CSV UTF-8"'
_TEXTS = (".doc", ".docx", ".odt", ".pages", ".pdf", ".rtf", ".wps")  # whose programs save no CSV

# So many characters of three bytes, all valid UTF-8, are no accident in a GB18030 file.
_SURELY_UTF8 = 3
_CHINESE = re.compile("[\u4e00-\u9fff]")
_SURELY_CHINESE = 2  # of them in one line that is valid as a whole
LONGEST = 1 << 20  # bytes of a line that is looked at


def detect(source: IO[bytes], file: str) -> str:
    """The encoding of the whole ``source`` (seekable): ``UTF8``, ``GB18030`` or ``UTF16``.

    Raises AuthorError for an empty file, for other kinds of file, and for bytes that are no text.
    """
    if not (head := _from_start(source, 64)):
        raise AuthorError(
            Problem(file, 1, 1, "table/empty", t("the file is empty; its first line has the titles of the columns"))
        )
    if (kind := kind_of(head)) is not None:
        how = t(COPY if file.lower().endswith(_TEXTS) else SAVE_AS)
        raise AuthorError(Problem(file, 1, 1, "table/format", t("this is {kind}, not CSV; {how}", kind=kind, how=how)))
    if head.lstrip()[:1] in (b"{", b"["):
        raise AuthorError(
            Problem(file, 1, 1, "table/format", t("this is JSON, not CSV; {save_as}", save_as=t(SAVE_AS)))
        )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _check_utf16(source, file)
        return UTF16
    _refuse_nul(source, file)
    if (bad := _first_bad_byte(source, UTF8)) is None:
        return UTF8
    if (both := _two_encodings(source)) is not None:
        reason = t(
            "line {both} is UTF-8 and line {both2} is GBK: these are two files in one, and nothing is read;"
            ' open each file alone and save it as "CSV UTF-8" before you put them together',
            both=both[0],
            both2=both[1],
        )
        raise AuthorError(Problem(file, max(both), 1, "table/encoding", reason))
    if head.startswith(codecs.BOM_UTF8) or _wide_characters(source, bad) >= _SURELY_UTF8:
        reason = t(
            "a byte here is not UTF-8, though the text before it is: the file is damaged or cut off; {save_as}",
            save_as=t(SAVE_AS),
        )
    elif _first_bad_byte(source, GB18030) is None:
        return GB18030
    else:
        reason = t("from here on the text is neither UTF-8 nor GB18030; {save_as}", save_as=t(SAVE_AS))
    raise AuthorError(Problem(file, *_position(source, bad), "table/encoding", reason))


def _from_start(source: IO[bytes], size: int) -> bytes:
    source.seek(0)
    return source.read(size)


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    source.seek(0)
    return iter(partial(source.read, CHUNK), b"")


def _refuse_nul(source: IO[bytes], file: str) -> None:
    before = 0
    for chunk in _chunks(source):
        if (at := chunk.find(b"\0")) >= 0:
            reason = t("a NUL byte: this is not a text file, or it is UTF-16; {save_as}", save_as=t(SAVE_AS))
            raise AuthorError(Problem(file, *_position(source, before + at), "table/nul", reason))
        before += len(chunk)


def _check_utf16(source: IO[bytes], file: str) -> None:
    decoder = codecs.getincrementaldecoder(UTF16)()
    line = 1
    try:
        for chunk in itertools.chain(_chunks(source), [b""]):
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                line += text[: text.index("\0")].count("\n")
                raise AuthorError(
                    Problem(
                        file, line, 1, "table/nul", t("there is a NUL character here; {save_as}", save_as=t(SAVE_AS))
                    )
                )
            line += text.count("\n")
    except UnicodeDecodeError:
        reason = t("near this line the UTF-16 text is damaged or cut off; {save_as}", save_as=t(SAVE_AS))
        raise AuthorError(Problem(file, line, 1, "table/encoding", reason)) from None


def _first_bad_byte(source: IO[bytes], encoding: str) -> int | None:
    """Offset of the first byte that ``encoding`` cannot have, or None when all is well."""
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))()
    end = 0
    try:
        for chunk in _chunks(source):
            end += len(chunk)
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return end - len(error.object) + error.start
    return None


def _two_encodings(source: IO[bytes]) -> tuple[int, int] | None:
    """The first line that is certainly UTF-8 and the first that is certainly GB18030; None: not both."""
    utf8 = gbk = 0
    source.seek(0)
    for number, line in enumerate(iter(lambda: source.readline(LONGEST), b""), start=1):
        wide = _chinese(line, "utf-8")
        if _decodes(line, "utf-8"):
            utf8 = utf8 or (number if wide >= _SURELY_CHINESE else 0)
        elif not wide and _decodes(line, GB18030) and _chinese(line, GB18030) >= _SURELY_CHINESE:
            gbk = gbk or number
        if utf8 and gbk:
            return utf8, gbk
    return None


def _chinese(line: bytes, encoding: str) -> int:
    return len(_CHINESE.findall(line.decode(encoding, errors="ignore")))


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _wide_characters(source: IO[bytes], end: int) -> int:
    """How many characters of three UTF-8 bytes are in the (first 64 KiB of the) valid text before ``end``."""
    text = _from_start(source, min(end, CHUNK)).decode("utf-8", errors="ignore")
    return sum(1 for character in text if character > "\u07ff")


def _position(source: IO[bytes], offset: int) -> tuple[int, int]:
    """Line and column (in characters, both from 1) of the byte at ``offset``."""
    line, column, left, cr = 1, 0, offset, b""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in _chunks(source):
        part = cr + chunk[:left]
        left -= len(chunk[:left])
        cr = part[-1:] if part.endswith(b"\r") and left else b""  # perhaps the first half of a line end
        *ended, rest = part.removesuffix(cr).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if ended:
            line, column = line + len(ended), 0
            decoder.reset()
        column += len(decoder.decode(rest).replace("\ufeff", ""))
        if not left:
            break
    return line, column + len(decoder.decode(b"", final=True)) + 1
