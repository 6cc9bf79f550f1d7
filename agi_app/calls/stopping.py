"""The stops that are said in one call: each on disk before the flow hears that it is."""

from __future__ import annotations

import dataclasses

from agi_app import log
from agi_app.calls.plan import CallPlan
from agi_app.errors import SafetyError
from agi_app.flow.commands import StoreOptOut, StoreStop
from agi_app.flow.events import Event, OptOutStored, StopStored

KEYED = "keyed"  # how a stop for a number that was keyed in was said

_log = log.get("call")


class Stopping:
    """Takes them; ``fault`` says why one is not kept."""

    def __init__(self, plan: CallPlan) -> None:
        self._plan = plan
        self.opted_out = False  # the person of the call said stop, kept or not
        self.fault: str | None = None

    async def take(self, command: StoreOptOut | StoreStop) -> Event | None:
        """Returns what the flow is told once the stop is on disk; None when it is not."""
        claim, how = self._plan.claim, KEYED
        if isinstance(command, StoreOptOut):
            self.opted_out, how = True, command.how
        else:
            claim = dataclasses.replace(claim, number=command.number)
        try:
            await self._plan.store_opt_out(claim, how)
        except SafetyError as error:
            self.fault = f"the stop could not be stored: {error}"
            _log.critical("stop not stored", error=str(error))
            return None
        return OptOutStored() if isinstance(command, StoreOptOut) else StopStored()
