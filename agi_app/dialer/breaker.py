"""Stops dialling through a trunk that carries no calls, and tries again later. Pure; ``now`` is monotonic seconds.

A trunk is bad when several calls in a row came to nothing on its side: congestion, silence, refusal by
Asterisk. Anything that a person or the network beyond answered (ringing, busy, declined, no such number)
shows that it works. After a pause one call probes; each failed probe doubles the pause.
"""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.model.call import Outcome

TRUNK_FAULTS = frozenset({Outcome.CONGESTION, Outcome.TRUNK_SILENT, Outcome.FAILED})
FAULTS_TO_OPEN = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 300.0


@dataclass(slots=True)
class Breaker:
    """The state of one trunk on one node."""

    faults: int = 0  # in a row
    open_until: float | None = None  # None: closed, calls may go
    last_fault: str = ""
    _pause: float = FIRST_PAUSE_S
    _probing: bool = False

    def room(self, now: float) -> int | None:
        """How many calls may start: None for no limit, 0 while paused, 1 for a probe."""
        if self.open_until is None:
            return None
        if now < self.open_until or self._probing:
            return 0
        return 1

    def started(self) -> None:
        """A call leaves through this trunk; after a pause it is the probe."""
        self._probing = self.open_until is not None

    def alive(self) -> None:
        """Something came back that shows that the trunk works: calls may go again."""
        self.faults, self.open_until, self._probing, self._pause = 0, None, False, FIRST_PAUSE_S

    def ended(self, outcome: Outcome | None, now: float) -> bool:
        """A call ended (None: it was not dialled after all); True when this opened the breaker or kept it open."""
        if outcome is None or outcome in (Outcome.CANCELLED, Outcome.INTERRUPTED):
            self._probing = False  # says nothing about the trunk
            return False
        if outcome not in TRUNK_FAULTS:
            self.alive()
            return False
        self.faults += 1
        self.last_fault = outcome.value
        if self.open_until is None and self.faults < FAULTS_TO_OPEN:
            return False
        if self.open_until is not None and not self._probing:
            return False  # a call from before the pause
        if self._probing:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        self._probing = False
        self.open_until = now + self._pause
        return True

    def reason(self, now: float) -> str | None:
        """For people: why nothing is dialled through this trunk; None while it is closed."""
        if self.open_until is None:
            return None
        again = "a call tries it now" if self._probing else f"next try in {max(0.0, self.open_until - now):.0f} s"
        return f"{self.faults} calls in a row failed on the trunk's side (last: {self.last_fault}); {again}"
