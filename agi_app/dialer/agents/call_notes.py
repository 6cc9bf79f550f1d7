"""Notes of what happens in calls for agents, for the pace of the next ones."""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.dialer.node import Node
from agi_app.dialer.until_stopped import until_stored
from agi_app.store.calling import agents as store
from agi_app.store.calling.agents import Note

FIRST_RETRY_S, LONGEST_RETRY_S = 0.1, 5.0

_log = log.get("agents")


class Notes:
    """Writes down, in order, when calls for agents are answered, meet one and part; later than it happens."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: list[Note] = []
        self._something = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()

    def answered(self, attempt_id: str) -> None:
        """The person is on the line."""
        self._add(Note(attempt_id, answered_at=self._node.clock.real_now()))

    def met(self, attempt_id: str) -> None:
        """An agent and the person talk."""
        self._add(Note(attempt_id, met_at=self._node.clock.real_now()))

    def parted(self, attempt_id: str) -> None:
        """The agent is no longer in a call."""
        self._add(Note(attempt_id, parted_at=self._node.clock.real_now()))

    async def all_written(self) -> None:
        """Until the database has what happened so far."""
        await self._written.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._something.wait()
            await until_stored("a note", self._write, first_s=FIRST_RETRY_S, longest_s=LONGEST_RETRY_S, to=_log)
            if not self._waiting:
                self._something.clear()
                self._written.set()

    async def _write(self) -> None:
        batch = [*self._waiting]
        await store.note(self._node.store, batch)
        del self._waiting[: len(batch)]

    def _add(self, note: Note) -> None:
        self._waiting.append(note)
        self._something.set()
        self._written.clear()
