"""The transfer of one call, while it goes on: at most one at a time, ended with the call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi_app import log
from agi_app.calls.call_plan import CallPlan, TransferOrder
from agi_app.errors import AgiAppError
from agi_app.flow.engine.commands import StartTransfer
from agi_app.flow.syntax.names_and_limits import ABANDONED, FAILED
from agi_app.model.agents import GIVE_UP_S
from agi_app.pbx.ari.events import TransferFinished
from agi_app.pbx.channel import Channel

END_S = 5.0  # for the person to be taken back; every request of it has a time-out of its own

_log = log.get("call")


def order_of(plan: CallPlan, channel_id: str, wanted: StartTransfer) -> TransferOrder:
    """What a flow's command means in this call."""
    return TransferOrder(
        channel_id=channel_id,
        attempt_id=plan.party.attempt_id,
        caller_id=plan.party.caller_id,
        transfer=wanted.transfer,
        to=wanted.to,
        timeout_s=wanted.seconds,
        max_s=plan.max_call_s,
        patience_s=GIVE_UP_S if plan.agents == wanted.to else None,
        whisper=None if wanted.whisper is None else plan.media(wanted.language, wanted.whisper),
    )


class RunningTransfer:
    """Runs transfers beside the call and reports their end in order with the channel's events."""

    def __init__(
        self, group: asyncio.TaskGroup, run: Callable[[TransferOrder], Awaitable[str]], channel: Channel
    ) -> None:
        self._group, self._run, self._channel = group, run, channel
        self._task: asyncio.Task[None] | None = None

    async def start(self, order: TransferOrder) -> None:
        """Begin; the channel hears ``TransferFinished`` when it is over."""
        await self.end()
        self._task = self._group.create_task(self._transfer(order))

    def stop(self) -> None:
        """End it; nothing more is reported."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def end(self) -> None:
        """End it, nothing more is reported; returns when the person is ours again.

        What is played to a person who is still leaving a bridge is not heard, and holds the channel for minutes.
        """
        if (task := self._task) is not None:
            self.stop()
            await asyncio.wait((task,), timeout=END_S)

    async def _transfer(self, order: TransferOrder) -> None:
        try:
            result = await self._run(order)
        except AgiAppError as error:
            _log.warning("not transferred", destination=order.to, reason=str(error))
            result = FAILED if order.patience_s is None else ABANDONED
        self._channel.deliver(TransferFinished(order.transfer, result))
