"""A database server for a trial, in the folder for temporary files; what a killed trial left there is taken away."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from agi_app.clock import Clock
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.embedded import stop_left_behind
from agi_app.store.database.pool import Store

_PREFIX = "agi-app-trial-"
_IN_USE = "in-use"


@asynccontextmanager
async def scratch_database(hash_number: Callable[[str], bytes]) -> AsyncIterator[tuple[Store, Path]]:
    """An empty database of our own server, and a folder beside it; both are gone at the end.

    Raises StoreError, also when there is no room (TMPDIR names another folder).
    """
    with _folder() as folder:
        store = await Store.open(
            None, folder / "database", clock=Clock(), hash_number=hash_number, fast=True, check_schema=False
        )
        try:
            yield store, folder
        finally:
            await store.close()


async def tidy() -> None:
    """Take away what trials that were killed left in the folder for temporary files."""
    await asyncio.to_thread(_tidy)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (folder / _IN_USE).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    except OSError as error:
        told = "{folder}: no room for a trial ({error}); set TMPDIR to a folder of another disk"
        raise StoreError(t(told, folder=tempfile.gettempdir(), error=error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tidy() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            with (folder / _IN_USE).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it is used, or is not one of ours
            continue
        stop_left_behind(folder / "database")
        shutil.rmtree(folder, ignore_errors=True)
