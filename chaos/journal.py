"""Watches a refusal journal grow and notes by the harness's own clock when each stop was in the file."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

LOOK_EVERY_S = 0.02


class JournalWatch:
    """``seen``: keyed hash (hex) -> seconds since the epoch, at most LOOK_EVERY_S late."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen: dict[str, float] = {}
        self.real_at: dict[str, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="chaos-journal", daemon=True)
        self._at = 0

    def _watch(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(OSError):
            if self.file.stat().st_size == self._at:
                return
            now = time.time()
            with self.file.open("rb") as file:
                file.seek(self._at)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._at += len(whole)
            for line in whole.splitlines():
                with contextlib.suppress(ValueError, KeyError):
                    entry = json.loads(line)
                    self.seen.setdefault(entry["hash"], now)
                    self.real_at.setdefault(entry["hash"], entry["real_at"])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(5.0)
        self._look()
