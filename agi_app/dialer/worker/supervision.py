"""What the manager of services is told of a worker: whether it is ready, whether it dials, and why it does not.

It runs in the event loop that dials, so a loop that stands still no longer says that it is alive, and the manager ends
the process: people on its calls hear nothing meanwhile, and the small process beside it then hangs up.
"""

from __future__ import annotations

import asyncio

from agi_app.clock import Clock
from agi_app.dialer.loop import Dialer
from agi_app.dialer.worker.health import Worker
from agi_app.messages import t
from agi_app.model.waiting_reason import WaitingReason
from agi_app.printable import count_of
from agi_app.service_manager import STARTING, ServiceManager

LOOK_S = 0.2
PATIENCE_S = 15.0  # a worker that has its Asterisk, its database and its lines, and may not dial yet, is ready then
NAMED = 3  # campaigns that are held back; the others are counted


class Supervision:
    """Of one worker."""

    def __init__(self, manager: ServiceManager, worker: Worker, dialer: Dialer, clock: Clock) -> None:
        self._manager, self._worker, self._dialer, self._clock = manager, worker, dialer, clock

    async def run(self) -> None:
        """Tell until cancelled."""
        patient_until = self._clock.monotonic() + PATIENCE_S
        while not self._is_ready(patient_until):
            reason = self._dialer.waiting_reason or ""
            self._manager.tell(t("starting: {reason}", reason=reason) if reason != STARTING else reason)
            self._manager.notify()
            await asyncio.sleep(LOOK_S)
        self._manager.begin(self.status())
        await self._manager.keep_told(self.status)

    def _is_ready(self, patient_until: float) -> bool:
        """It dials; or it has all that it needs for that, and something else, such as a pause, holds it."""
        waits = self._dialer.waiting_reason is not None
        return not waits or (self._worker.holds_its_own() and self._clock.monotonic() >= patient_until)

    def status(self) -> str:
        """One line of what goes on."""
        calls = count_of(self._worker.calls, "call now", "calls now")
        if self._worker.is_ending:
            return t("ending: {calls}", calls=calls)
        if (reason := self._dialer.waiting_reason) is not None:
            return t("nobody is dialled: {reason}", reason=reason)
        held = self._dialer.waiting_reasons()
        names = sorted({*self._dialer.lines.running, *held})
        if not names:
            return t("dialling: no campaign has anybody to call now, {calls}", calls=calls)
        campaigns = count_of(len(names), "campaign")
        words = t("dialling: {campaigns}, {calls}", campaigns=campaigns, calls=calls)
        return f"{words}; {_held(held)}" if held else words


def _held(held: dict[str, WaitingReason]) -> str:
    told = [f"{name}: {why.text}" for name, why in sorted(held.items())[:NAMED]]
    more = len(held) - len(told)
    if more:
        told.append(count_of(more, "more campaign"))
    return "; ".join(told)
