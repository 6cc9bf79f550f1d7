"""What a file really is, by its first bytes, whatever its name says; and which file was meant by a name.

Files are chosen by their names, and names are changed without changing files: a picture as a recording, a workbook
as a list, a letter of a word processor as YAML.
"""

from __future__ import annotations

import codecs
import difflib
from pathlib import Path

from agi_app.messages import current, spoken, t, template

_KINDS = (
    (b"PK\x03\x04", template("a workbook or document of Office (XLSX, DOCX, ODS) or a ZIP archive")),
    (b"\xd0\xcf\x11\xe0", template("an old file of Office (XLS, DOC), or one with a password")),
    (b"%PDF", template("a PDF")),
    (b"\x1f\x8b", template("a compressed file (gzip)")),
    (b"Rar!", template("an archive (RAR)")),
    (b"7z\xbc\xaf", template("an archive (7z)")),
    (b"{\\rtf", template("a text with formats (RTF)")),
    (b"\xff\xd8\xff", template("a picture (JPEG)")),
    (b"\x89PNG", template("a picture (PNG)")),
    (b"GIF8", template("a picture (GIF)")),
    (b"BM", template("a picture (BMP)")),
    (b"ID3", template("an MP3")),
    (b"\xff\xfb", template("an MP3")),
    (b"\xff\xf3", template("an MP3")),
    (b"\xff\xf1", template("an AAC recording")),
    (b"\xff\xf9", template("an AAC recording")),
    (b"OggS", template("an Ogg recording")),
    (b"fLaC", template("a FLAC recording")),
    (b"#!AMR", template("an AMR recording")),
    (b"0&\xb2u", template("a WMA recording")),
    (b"RIFF", template("a WAV recording")),
    (b"SQLite format", template("a database")),
    (b"\x7fELF", template("a program")),
    (b"MZ", template("a program")),
)
SOUNDS = {
    "an MP3": ".mp3",
    "an AAC recording": ".aac",
    "an Ogg recording": ".ogg",
    "a FLAC recording": ".flac",
    "an AMR recording": ".amr",
    "a WMA recording": ".wma",
    "an M4A or MP4 recording": ".m4a",
}
_MARKUP = (
    (b"<!doctype html", template("a page (HTML)")),
    (b"<html", template("a page (HTML)")),
    (b"<table", template("a page (HTML)")),
)
_TOO_SHORT = {b"BM", b"MZ", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9"}  # a text may begin so
_NUL_WITHIN = 256  # bytes

_WHY = {  # words of the operating system
    "No such file or directory": template("there is no such file or folder"),
    "Permission denied": template("permission denied"),
    "Is a directory": template("it is a folder"),
    "Not a directory": template("it is no folder"),
    "No space left on device": template("the disk is full"),
    "Read-only file system": template("the disk is read-only"),
}


def why(error: OSError) -> str:
    """The words of the operating system, in the language of who reads as far as they are known."""
    words = error.strerror or str(error)
    return words if current() == "en" else spoken(_WHY.get(words, words))


def kind_of(head: bytes) -> str | None:
    """``a picture (JPEG)``; None for text, and for what is not known."""
    if head[4:8] == b"ftyp":
        return template("an M4A or MP4 recording")
    for magic, what in _KINDS:
        if head.startswith(magic) and not (magic in _TOO_SHORT and b"\0" not in head[:_NUL_WITHIN]):
            return what
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:20].lower()
    return next((what for mark, what in (*_MARKUP, (b"<?xml", template("XML"))) if start.startswith(mark)), None)


def not_utf8(content: bytes) -> str:
    """Why bytes are no UTF-8, and what to do."""
    if (kind := kind_of(content)) is not None:
        return t("this is {kind}, despite its name; save it as plain text, in UTF-8", kind=spoken(kind))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:_NUL_WITHIN]:
        return t('the file is UTF-16 (some editors say "Unicode"); save it as UTF-8')
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return t("the file is not UTF-8 from here on; save it as UTF-8")
    return t('the file is not UTF-8 from here on (GBK or another old code, some editors say "ANSI"); save it as UTF-8')


def no_such_file(path: Path) -> str:
    """What is said of a file that is not there: the nearest name in its folder, or the folder that is not there."""
    folder = path.parent
    if not folder.is_dir():
        return t("{path}: there is no folder {folder}", path=path, folder=folder)
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[:1000]
    except OSError:
        names = []
    same = [name for name in names if name.casefold() == path.name.casefold() or Path(name).stem == path.name]
    if near := same or difflib.get_close_matches(path.name[:100], names, n=1, cutoff=0.7):
        return t('{path}: there is no such file; did you mean "{near}"?', path=path, near=folder / near[0])
    return t("{path}: there is no such file; check its name and folder", path=path)
