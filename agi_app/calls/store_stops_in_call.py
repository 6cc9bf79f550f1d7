"""The stops that are said in one call: each on disk before the flow hears that it is.

The opt-out key counts from the moment it goes down, also where no flow hears it: while the phone still rings (early
media), between the flow's end and the hangup, and when its start is heard of after the call's end.
"""

from __future__ import annotations

from agi_app import log
from agi_app.calls.call_plan import CallPlan
from agi_app.errors import SafetyError
from agi_app.flow.engine.commands import StoreOptOut, StoreStop, StoreWrongNumber
from agi_app.flow.engine.events import Event, OptOutStored, StopStored
from agi_app.flow.engine.session import Session
from agi_app.messages import t, template
from agi_app.model.person import WRONG_NUMBER

SAID_STOP = template("the person said stop")
KEYED = "keyed"  # how a stop for a number that was keyed in was said
Stop = StoreOptOut | StoreStop | StoreWrongNumber

_log = log.get("call")


class Stopping:
    """Takes them; ``fault`` says why one is not kept."""

    def __init__(self, plan: CallPlan) -> None:
        self._plan = plan
        self.opted_out = False  # the person of the call said stop, kept or not
        self.wrong_number = False  # the person who answered said that it is the wrong number
        self.fault: str | None = None

    @property
    def said_here(self) -> bool:
        """This very call has ended what allowed it: it ends on its own."""
        return self.opted_out or self.wrong_number

    async def take(self, command: Stop) -> Event | None:
        """Returns what the flow is told once the stop is on disk; None when it is not."""
        number, how = self._plan.party.number, KEYED
        if isinstance(command, StoreOptOut):
            self.opted_out, how = True, command.how
        elif isinstance(command, StoreWrongNumber):
            self.wrong_number, how = True, WRONG_NUMBER
        else:
            number = command.number
        try:
            await self._plan.store_opt_out(number, how)
        except SafetyError as error:
            self.fault = t("the stop could not be stored: {error}", error=error)
            _log.critical("stop not stored", error=str(error))
            return None
        return OptOutStored() if isinstance(command, StoreOptOut) else StopStored()

    def means(self, key: str, session: Session | None) -> bool:
        """Whether a key that the flow does not hear (``session`` is over, or None: not begun) says stop."""
        nameless = self._plan.caller is not None and not self._plan.caller.shown  # there is no number to stop
        if self.opted_out or nameless:
            return False
        return key == self._plan.flow.opt_out.key if session is None else session.means_stop(key)

    async def late(self, key: str, session: Session | None) -> None:
        """A key went down before the call's end and was heard of after it."""
        if self.means(key, session):
            _log.info("a stop is heard of after the end of its call")
            await self.take(StoreOptOut("key"))
