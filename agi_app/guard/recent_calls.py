"""The calls of the last day, in memory, and how a caller is in them. No clock: every event brings its time.

One ``CallHistory`` a PBX. ``ring`` when a call comes in gives what the guard has to know of it; ``end`` and
``challenge_failed`` tell what happened to it. After a restart the stored calls of the last day are played in again in
the order of their times. It costs some microseconds a call and at most ``MOST_CALLS`` records, whatever callers do.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agi_app.guard.facts import Recent

MINUTE, HOUR, DAY = (dt.timedelta(seconds=s) for s in (60, 3600, 86400))
MOST_CALLS = 200_000  # of a day
MOST_OF_ONE = 400  # of one caller; counts go no further
ABORTED_S = 5.0  # of ringing
# Between two calls of one sweep; a slow one is so often chance that it must be one call longer to count the same.
SWEEP_GAP, SLOW_GAP = dt.timedelta(minutes=3), dt.timedelta(minutes=15)
LINE_TIMES = 8  # of strangers' calls to a line that are kept
MOST_LINES = 20_000
LONGEST_RUN = 50
LOST_AFTER = dt.timedelta(hours=4)  # a call whose end was never told


@dataclass(slots=True)
class _Call:
    at: dt.datetime
    line: str
    number: int | None  # the line's digits, for neighbours; None when it is a name
    stranger: bool
    open: bool = True
    answered: bool = False
    aborted: bool = False
    failed: bool = False


class CallHistory:
    """What happened here in the last 24 hours."""

    def __init__(self, decoys: Collection[str] = ()) -> None:
        self.decoys = frozenset(decoys)  # numbers of ours that nobody has
        self._by_caller: dict[str, deque[_Call]] = {}
        self._open: dict[str, tuple[str, _Call]] = {}  # call id -> its caller and record
        self._order: deque[tuple[dt.datetime, str, str]] = deque()  # oldest first: when, caller, call id
        self._strangers: dict[int, deque[dt.datetime]] = {}  # line -> when strangers called it last

    def ring(self, call_id: str, caller: str | None, called: str, at: dt.datetime, stranger: bool = True) -> Recent:
        """A call comes in. ``stranger``: nobody here ever dialled the number or talked with it.

        A caller without a number is judged by this call and the sweep alone: those without a number are many.
        """
        self._forget(at)
        digits = called.removeprefix("+")
        call = _Call(at, called, int(digits) if digits.isdecimal() else None, stranger)
        sweep = self._sweep(call.number, at) if stranger and call.number is not None else 1
        if caller is None:
            decoy = int(called in self.decoys)
            return Recent(sweep=sweep, decoys_1d=decoy, decoy_lines_1d=decoy)
        calls = self._by_caller.setdefault(caller, deque(maxlen=MOST_OF_ONE))
        calls.append(call)
        self._open[call_id] = caller, call
        self._order.append((at, caller, call_id))
        return self._recent(calls, call, sweep)

    def end(self, call_id: str, answered: bool, rang_s: float = 0.0, by_caller: bool = True) -> None:
        """A call is over. Unknown ids and second ends change nothing."""
        _, call = self._open.pop(call_id, (None, None))
        if call is not None:
            call.open = False
            call.answered = answered
            call.aborted = not answered and by_caller and rang_s < ABORTED_S

    def challenge_failed(self, call_id: str) -> None:
        """The caller of an open call was asked for a digit and did not press it; told before its ``end``."""
        _, call = self._open.get(call_id, (None, None))
        if call is not None:
            call.failed = True

    def __len__(self) -> int:
        return len(self._order)

    def _recent(self, calls: deque[_Call], call: _Call, sweep: int) -> Recent:
        now = call.at
        day = [c for c in calls if now - c.at < DAY]
        hour = [c for c in day if now - c.at < HOUR]
        minute = [c for c in hour if now - c.at < MINUTE]
        decoys = [c.line for c in day if c.line in self.decoys]
        return Recent(
            calls_1m=len(minute),
            calls_1h=len(hour),
            calls_1d=len(day),
            lines_1m=len({c.line for c in minute}),
            lines_1h=len({c.line for c in hour}),
            lines_1d=len({c.line for c in day}),
            run=_run(hour),
            sweep=sweep,
            at_once=sum(c.open and now - c.at < LOST_AFTER for c in day),
            decoys_1d=len(decoys),
            decoy_lines_1d=len(set(decoys)),
            aborted_1d=sum(c.aborted for c in day),
            answered_1d=sum(c.answered for c in day),
            quick_retries_1d=sum(
                b.line == a.line and not a.answered and b.at - a.at < MINUTE for a, b in pairwise(day)
            ),
            calls_to_line_1d=sum(c.line == call.line for c in day),
            challenges_failed_1d=sum(c.failed for c in day),
        )

    def _sweep(self, number: int, at: dt.datetime) -> int:
        """How many strangers' calls went through our numbers up to this one, each soon after the one before."""
        if len(self._strangers) >= MOST_LINES:
            self._strangers = {n: times for n, times in self._strangers.items() if at - times[-1] <= SLOW_GAP}
        fast = max(self._chain(number, step, at, SWEEP_GAP) for step in (1, -1))
        slow = max(self._chain(number, step, at, SLOW_GAP) for step in (1, -1))
        self._strangers.setdefault(number, deque(maxlen=LINE_TIMES)).append(at)
        return max(fast, slow - 1)

    def _chain(self, number: int, step: int, at: dt.datetime, gap: dt.timedelta) -> int:
        for length in range(1, LONGEST_RUN):
            number -= step
            earlier = next((t for t in reversed(self._strangers.get(number, ())) if t <= at), None)
            if earlier is None or at - earlier > gap:
                return length
            at = earlier
        return LONGEST_RUN

    def _forget(self, now: dt.datetime) -> None:
        while self._order and (now - self._order[0][0] >= DAY or len(self._order) > MOST_CALLS):
            at, caller, call_id = self._order.popleft()
            self._open.pop(call_id, None)
            calls = self._by_caller.get(caller, deque())
            while calls and calls[0].at <= at:  # a busy caller's oldest records are gone already
                calls.popleft()
            if not calls:
                self._by_caller.pop(caller, None)


def _run(calls: Sequence[_Call]) -> int:
    """How many of the last lines called, in any order, are numbers next to each other."""
    lines: list[int] = []
    for call in reversed(calls):
        if call.number is None or len(lines) == LONGEST_RUN:
            break
        if call.number not in lines:
            lines.append(call.number)
    if not lines:
        return 1
    longest, low, high = 1, lines[0], lines[0]
    for count, number in enumerate(lines[1:], start=2):
        low, high = min(low, number), max(high, number)
        if high - low == count - 1:
            longest = count
    return longest
