"""What one call waits for, and until when."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.clock import Clock


class Timers:
    """Named deadlines; monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._lasting: set[str] = set()

    def start(self, name: str, seconds: float, *, lasting: bool = False) -> None:
        """Wait for this, too; ``lasting``: whatever else begins."""
        self._ends[name] = self._clock.monotonic() + seconds
        if lasting:
            self._lasting.add(name)

    def only(self, name: str, seconds: float) -> None:
        """From now on wait for this alone, and what lasts."""
        self._ends = {n: at for n, at in self._ends.items() if n in self._lasting}
        self.start(name, seconds)

    def cancel(self, name: str) -> None:
        """Stop waiting for this."""
        self._ends.pop(name, None)

    def fired(self) -> Iterator[str]:
        """Those that are over, each once; one that is cancelled meanwhile does not come."""
        now = self._clock.monotonic()
        for name in [n for n, at in self._ends.items() if at <= now]:
            if self._ends.pop(name, None) is not None:
                yield name

    @property
    def until_next(self) -> float:
        """Seconds; 0 when nothing is waited for."""
        return max(0.0, min(self._ends.values(), default=0.0) - self._clock.monotonic())
