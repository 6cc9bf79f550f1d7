"""Secret keys as small files of the data folder: made once, never replaced, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from agi_app.errors import ConfigError
from agi_app.files import make_private, sync_folder

KEY_BYTES = 32


def read_key(file: Path, what: str) -> bytes | None:
    """The key in ``file``, None when there is no such file; ``what`` names it in messages. Raises ConfigError."""
    try:
        return key_from_hex(file.read_text(encoding="ascii"), str(file), what)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the {what} cannot be read: {error}") from error


def make_key(file: Path, what: str) -> bytes:
    """A new random key in ``file``; the one that another process made meanwhile wins. Raises ConfigError."""
    key = secrets.token_bytes(KEY_BYTES)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        make_private(file.parent)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as out:
            out.write(key.hex() + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, file)  # never replaces a key
        sync_folder(file.parent)  # a key lost with the power would make all that it protects unreadable
    except FileExistsError:
        return key_from_hex(file.read_text(encoding="ascii"), str(file), what)
    except OSError as error:
        raise ConfigError(f"{file}: the {what} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return key


def key_from_hex(text: str, where: str, what: str) -> bytes:
    """The key written as hex digits; ConfigError when it is none."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{where}: the {what} must be {KEY_BYTES * 2} hex digits")
    return key
