"""Secret keys as small files of the data folder: made once, never replaced, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from agi_app.atomic_files import make_private, sync_folder, write_new
from agi_app.errors import ConfigError
from agi_app.messages import t

KEY_BYTES = 32
OTHERS = 0o077  # the rights of anybody but the owner
MOST_TEXT = 1000  # characters that are read of a key file


def read_key(file: Path, what: str) -> bytes | None:
    """The key in ``file``, None when there is no such file; ``what`` names it in messages.

    ConfigError when it cannot be read, is damaged, or can be read by anybody but its owner.
    """
    try:
        with file.open(encoding="ascii") as source:
            mode = os.fstat(source.fileno()).st_mode
            text = source.read(MOST_TEXT)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            t("{file}: the {what} cannot be read: {error}", file=file, what=t(what), error=error)
        ) from error
    if mode & OTHERS:
        raise ConfigError(
            t(
                "{file}: other users can read the {what} (mode {mode:o}); run: chmod 600 {file} - and if"
                " somebody may have read it, note that in your files",
                file=file,
                what=t(what),
                mode=mode & 0o777,
            )
        )
    return key_from_hex(text, str(file), what)


def make_key(file: Path, what: str) -> bytes:
    """A new random key in ``file``; the one that another process made meanwhile wins. Raises ConfigError."""
    key = secrets.token_bytes(KEY_BYTES)
    return key if write_once(file, f"{key.hex()}\n".encode(), what) else read_key(file, what) or key


def write_once(file: Path, content: bytes, what: str) -> bool:
    """A new key's file, on disk when this returns; False: another process made it meanwhile. Raises ConfigError."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        make_private(file.parent)
        write_new(temporary, content, 0o600)
        os.link(temporary, file)  # never replaces a key
        sync_folder(file.parent)  # a key lost with the power would make all that it protects unreadable
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(
            t("{file}: the {what} cannot be written: {strerror}", file=file, what=t(what), strerror=error.strerror)
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def key_from_hex(text: str, where: str, what: str) -> bytes:
    """The key written as hex digits; ConfigError when it is not one."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        how = t("unset this variable, and that key is used") if where.isupper() else t("put it back from your backup")
        told = t(
            "the {what} must be the {digits} hex digits that `agi-app init` made in the data folder",
            what=t(what),
            digits=KEY_BYTES * 2,
        )
        raise ConfigError(f"{where}: {told}; {how}")
    return key
