"""Writes a file whole or not at all, and safe on disk: a crash or a full disk leaves the old one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.printable import named, one_line, unfit

LONGEST_ENDING = 16  # bytes, with its dot
_SHOWN = 120  # characters
LONGEST_NAME = (
    200  # bytes of a name that is kept: what is put in front of it when it is written out again must fit, too
)


def name_fault(name: str) -> str | None:
    """Why a file name is not kept, said behind it; None: it is."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return t("has bytes in its name that are not UTF-8; rename the file")
    if size > LONGEST_NAME:
        return t(
            "has a name of {size} bytes; at most {longest_name}: rename the file", size=size, longest_name=LONGEST_NAME
        )
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        last = re.split(r"[/\\\\]", name)[-1].strip(".")
        return t("is not a file name; write {last} alone, without folders", last=last or t("the name"))
    if found := re.search("[\t\n\r]", name) or unfit(name):
        return t(
            "has {named} in its name, as character {start}; rename the file",
            named=named(found[0]),
            start=found.start() + 1,
        )
    return None


def cannot_be_written(file: Path, error: OSError, what: str = "") -> InputError:
    """The error for a result that no disk takes; names the folder that is not there."""
    folder = file.resolve().parent
    missing = isinstance(error, FileNotFoundError) and not folder.exists()
    why = t("there is no folder {parent}; make it first", parent=file.parent) if missing else error.strerror
    return InputError(t("{file}: {what}cannot be written: {why}", file=file, what=what, why=why))


def shortened(file: Path) -> str:
    """For a message about a name that may have hundreds of characters."""
    text = str(file)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 2 :]}"


def kept_name(name: str) -> str:
    """A name from the records, which may be older than ``name_fault``, as one that a file can have."""
    plain = re.sub(r"[/\\\t\n\r\x00]", "_", one_line(name.encode(errors="replace").decode()))
    if len(plain.encode()) > LONGEST_NAME:
        ending = Path(plain).suffix if len(Path(plain).suffix.encode()) <= LONGEST_ENDING else ""
        plain = plain.encode()[: LONGEST_NAME - len(ending.encode())].decode(errors="ignore") + ending
    return plain if plain not in ("", ".", "..") else "evidence"


def write_whole(file: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace ``file`` by ``content``; on disk, with its name, when this returns. Blocks. Raises OSError.

    ``mode`` is narrowed by the umask. What is no plain file (a pipe, /dev/stdout) is written straight into.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    file = file.resolve()  # a link stays a link
    temporary = file.with_name(f".{secrets.token_hex(8)}.part")  # fits wherever the name does
    try:
        write_new(temporary, content, mode)
        temporary.replace(file)
        sync_folder(file.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def replacing(file: Path, mode: int = 0o600) -> Iterator[Path]:
    """A new file beside ``file`` that takes its place, safe on disk, when the block ends well; else it is gone.

    Until then nothing has that name that was not there before. Blocks. Raises OSError.
    """
    file = file.resolve()
    temporary = file.with_name(f".{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield temporary
        sync_file(temporary)
        temporary.replace(file)
        sync_folder(file.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_new(file: Path, content: bytes, mode: int) -> None:
    """A file that was not there; its content is on disk when this returns, its name perhaps not. Raises OSError."""
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(fd)


def write_whole_new(file: Path, content: bytes, mode: int = 0o666) -> None:
    """As ``write_whole``, of a file that is not there: FileExistsError when somebody has made it meanwhile.

    Where the file system has no second names for a file, one that was made in that very moment is replaced.
    """
    temporary = file.with_name(f".{secrets.token_hex(8)}.part")
    try:
        write_new(temporary, content, mode)
        try:
            os.link(temporary, file)
        except FileExistsError:
            raise
        except OSError:
            if file.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
            temporary.replace(file)
        sync_folder(file.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def make_private(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, for the owner only; ``mkdir(parents=True)`` opens those above.

    Raises OSError.
    """
    for part in reversed([folder, *folder.parents]):
        if not part.is_dir():
            part.mkdir(exist_ok=True, mode=0o700)


def share_as(part: Path, folder: Path) -> None:
    """Let the group of ``folder`` read what is in it, if that group may read ``folder``. Raises OSError."""
    group = folder.stat()
    if not group.st_mode & 0o050:
        return
    os.chown(part, -1, group.st_gid)
    part.chmod(0o750 if part.is_dir() else 0o640)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` safe on disk. Raises OSError."""
    sync_file(folder)


def sync_file(file: Path) -> None:
    """Make what was written into ``file`` safe on disk. Raises OSError."""
    fd = os.open(file, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
