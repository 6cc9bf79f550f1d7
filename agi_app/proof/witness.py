"""The witness copy of the checkpoints: another disk or a mounted share, written by a thread that may hang.

It gets the newest checkpoint once a minute, and the last one when we end. Without it calls go on: the log, and
`agi-app doctor`, say that it is missing (docs/decisions/0013).
"""

from __future__ import annotations

import threading
from pathlib import Path

from agi_app import log
from agi_app.audit import checkpoint_files
from agi_app.clock import Clock
from agi_app.messages import t

EVERY_S = 60.0
PATIENCE_S = 10.0  # how long the last write may take when we end

_log = log.get("audit")


class Witness:
    """Writes to one file; ``offer`` never waits."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._writer, self._clock = checkpoint_files.Writer(file), clock
        self._waiting: str | None = None
        self._thread: threading.Thread | None = None
        self._began_at: float | None = None
        self._waits_since: float | None = None
        self._trouble: str | None = None

    @property
    def waited_s(self) -> float:
        """Seconds for which a note waits that is newer than the copy; 0: none does. Up to a minute is usual."""
        since = self._waits_since
        return 0.0 if since is None else self._clock.monotonic() - since

    def offer(self, note: str) -> None:
        """Keep the newest note, and have it written when a minute has passed since the last time."""
        self._waiting = note
        now = self._clock.monotonic()
        if self._waits_since is None:
            self._waits_since = now
        if self._began_at is not None and now - self._began_at < EVERY_S:
            return
        if self._thread and self._thread.is_alive():
            self._fails(t("it has hung for {every_s:.0f} s", every_s=EVERY_S))
            return
        self._began_at = now
        self._start(note)

    def flush(self) -> None:
        """Write the newest note now and wait for it, but not without end. Blocks."""
        if self._thread:
            self._thread.join(PATIENCE_S)
        if self._waiting is not None and not (self._thread and self._thread.is_alive()):
            self._start(self._waiting).join(PATIENCE_S)
        if self._thread and self._thread.is_alive():
            self._fails(t("it hangs"))

    def _start(self, note: str) -> threading.Thread:
        self._thread = threading.Thread(target=self._write, args=(note,), name="audit witness", daemon=True)
        self._thread.start()
        return self._thread

    def _write(self, note: str) -> None:
        began = self._clock.monotonic()
        try:
            self._writer.append(note)
        except OSError as error:
            self._fails(error.strerror or str(error))
            return
        if self._waiting == note:  # no newer one came meanwhile
            self._waiting = self._waits_since = None
        else:
            self._waits_since = began
        if self._trouble:
            _log.info("the witness copy of the checkpoints is written again")
        self._trouble = None

    def _fails(self, reason: str) -> None:
        if reason != self._trouble:
            file = str(self._writer.file)
            _log.warning("the witness copy of the checkpoints cannot be written", file=file, reason=reason)
        self._trouble = reason
