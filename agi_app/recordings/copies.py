"""Clear copies of recordings that somebody hears by the console: in its folder, for a quarter of an hour."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from agi_app import log
from agi_app.atomic_files import make_private, replacing, share_as
from agi_app.clock import Clock

FOLDER = "recordings"  # below the console's folder
KEPT = dt.timedelta(minutes=15)
LOOK_EVERY_S = 20.0
_log = log.get("recordings")


class Copies:
    """The copies of one installation, each of one ask and named by its recording's SHA-256, too."""

    def __init__(self, console: Path) -> None:
        self._console = console
        self._folder = console / FOLDER

    def place(self, ask: int, digest: bytes) -> Path:
        """Where the copy for an ask lies, if there is one."""
        return self._folder / f"{ask}-{digest.hex()}.wav"

    def write(self, ask: int, digest: bytes, content: bytes) -> None:
        """Write a copy that the console's group may read. Blocks. Raises OSError, also when there is no console."""
        if not self._console.is_dir():
            raise FileNotFoundError(2, "No such file or directory", str(self._console))
        make_private(self._folder)
        share_as(self._folder, self._console)
        with replacing(self.place(ask, digest)) as part:
            part.write_bytes(content)
            share_as(part, self._console)

    def forget(self, digest: bytes) -> None:
        """Remove all copies of a recording. Blocks. Raises OSError."""
        for copy in self._folder.glob(f"*-{digest.hex()}.wav"):
            copy.unlink(missing_ok=True)

    def remove_old(self, now: dt.datetime) -> None:
        """Remove what was written a quarter of an hour ago, or is half a file of then. Blocks. Raises OSError."""
        for file in [*self._folder.glob("*.wav"), *self._folder.glob(".*.part")]:
            if file.stat().st_mtime <= (now - KEPT).timestamp():
                file.unlink(missing_ok=True)

    async def run(self, clock: Clock) -> None:
        """Remove old ones until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.remove_old, clock.real_now())
            except OSError as error:
                _log.warning("old copies of recordings could not be removed", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)
