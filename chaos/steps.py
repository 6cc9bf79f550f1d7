"""The steps of an attempt's life as they pass by on the wires, and a trap that springs at one of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

# noted: the mark of an attempt, or of several, is in the database; marked: its channel is being made; made: its dial is
# on the way to Asterisk; up: it was answered, and is still in the bridge in which it was dialled
STEPS = ("claimed", "noted", "marked", "made", "ringing", "up", "key", "finishing", "stored")


class Steps:
    """Counts what the proxies see. ``arm`` sets one trap; it springs in the proxy's thread, before the bytes go on."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.sprung = threading.Event()
        self._lock = threading.Lock()
        self._trap: tuple[str, int, Callable[[], None]] | None = None

    def arm(self, step: str, nth: int, action: Callable[[], None]) -> None:
        """Call ``action`` (quick, any thread) the ``nth`` time from now that ``step`` passes by."""
        with self._lock:
            self._trap = (step, self.seen[step] + nth, action)

    def passed(self, step: str) -> None:
        """A proxy has seen ``step``; it forwards the bytes when this returns."""
        with self._lock:
            self.seen[step] += 1
            trap = self._trap
            if trap is None or trap[0] != step or self.seen[step] < trap[1]:
                return
            self._trap = None
        trap[2]()
        self.sprung.set()
