"""Takes the calls that agents ask for, on one node: looks for requests, runs each, stores how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from agi_app import log
from agi_app.dialer.loop import Dialer
from agi_app.dialer.node import Node
from agi_app.dialer.originator import Placer
from agi_app.dialer.requested_calls.agent_first import AgentCall, AgentFirstServices, Over
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import AgiAppError, StoreError
from agi_app.model.call import Outcome
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AgentCallRequest

LOOK_EVERY_S = 0.5
CLOSE_S = 8.0

_log = log.get("agent_first")


class AgentCalls:
    """The calls of one node that agents ask for."""

    def __init__(
        self,
        node: Node,
        dialer: Dialer,
        placer: Placer,
        *,
        hold: Callable[[], str | None],
    ) -> None:
        """``hold`` says why nobody may be dialled now."""
        self._node, self._dialer = node, dialer
        self._hold = hold
        self._means = AgentFirstServices(node, dialer, placer, self._reason)
        self._live: dict[int, AgentCall] = {}
        self._quiet = asyncio.Event()  # set while there is none
        self._quiet.set()
        self._closing = False

    async def run(self) -> None:
        """Make the calls that are asked for, until cancelled."""
        node = self._node
        await until_stored("the end of an earlier call", lambda: agent_calls.end_left(node.store, node.entityid))
        async with asyncio.TaskGroup() as calls:
            while True:
                asked = await self._look() if self._reason() is None else None
                if asked is None:
                    await asyncio.sleep(LOOK_EVERY_S)
                    continue
                call = AgentCall(self._means, asked)
                self._live[asked.agent_call_id] = call
                self._quiet.clear()
                calls.create_task(self._one(asked, call))

    def close(self) -> None:
        """Make no new call; an agent who does not talk with the person yet is hung up."""
        self._closing = True
        for call in self._live.values():
            call.end_unless_talking()

    async def ended(self) -> None:
        """Wait until all are over and stored, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._quiet.wait()

    def _reason(self) -> str | None:
        return "the worker is shutting down" if self._closing else self._hold()

    async def _look(self) -> AgentCallRequest | None:
        try:
            known, campaigns = self._dialer.agents.destinations.keys(), self._dialer.lines.running.keys()
            return await agent_calls.take(self._node.store, self._node.entityid, known, campaigns)
        except StoreError as error:
            _log.warning("could not look for calls that agents ask for", error=str(error))
            return None

    async def _one(self, asked: AgentCallRequest, call: AgentCall) -> None:
        with log.bind_call(attempt=f"agent-{asked.agent_call_id}"):
            try:
                over = await call.run()
            except AgiAppError as error:
                over = Over(Outcome.FAILED.value, str(error))
            await until_stored(
                "the end of an agent's call",
                lambda: agent_calls.finish(self._node.store, asked.agent_call_id, call.leg, over.result, over.note),
            )
            _log.info("an agent's call ended", agent=asked.destination, result=over.result, note=over.note)
        del self._live[asked.agent_call_id]
        if not self._live:
            self._quiet.set()
