"""One `agi-app asterisk setup` or `agi-app trunk` at a time for an Asterisk. Blocks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from agi_app.errors import ConfigError
from agi_app.file_kinds import why
from agi_app.messages import t

PATIENCE_S = 60.0


@contextlib.contextmanager
def alone(folder: Path, patience: float = PATIENCE_S) -> Iterator[None]:
    """Nothing else of agi-app changes Asterisk's folder meanwhile. Waits ``patience`` seconds. Raises ConfigError.

    The folder itself is locked, so that nothing is left in it; a process that ends gives the lock back.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {why}", file=folder, why=why(error))) from error
    try:
        end = time.monotonic() + patience
        while not _locked(handle):
            if time.monotonic() > end:
                told = "{folder}: another `agi-app asterisk setup` or `agi-app trunk` is at work there: let it end"
                raise ConfigError(t(told, folder=folder))
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
