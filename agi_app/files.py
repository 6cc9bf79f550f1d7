"""Writes a file whole or not at all, and safe on disk: a crash or a full disk leaves the old one."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(file: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace ``file`` by ``content``; on disk, with its name, when this returns. Blocks. Raises OSError.

    ``mode`` is narrowed by the umask. What is no plain file (a pipe, /dev/stdout) is written straight into.
    """
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    file = file.resolve()  # a link stays a link
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(fd, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(fd)
        temporary.replace(file)
        sync_folder(file.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_private(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, for the owner only; ``mkdir(parents=True)`` opens those above.

    Raises OSError.
    """
    for part in reversed([folder, *folder.parents]):
        if not part.is_dir():
            part.mkdir(exist_ok=True, mode=0o700)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` safe on disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
