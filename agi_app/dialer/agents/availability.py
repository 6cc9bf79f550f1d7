"""What one node knows of the agents whom calls are made for, and notes of their calls for the pace of the next ones.

Who is free is asked again and again, of queues over AMI, of lists over ARI. What is not known is not free: while
Asterisk cannot be asked, or answered too long ago, nobody is called for them. When calls are answered, meet an agent
and part goes into the database, later than it happens.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from agi_app import log
from agi_app.config.ami import AmiSettings
from agi_app.config.destinations import DestinationSettings
from agi_app.config.settings import Settings
from agi_app.config.trunks import TrunkSettings
from agi_app.dialer.agents.destination_legs import Legs
from agi_app.dialer.node import Node
from agi_app.dialer.until_stopped import until_stored
from agi_app.errors import AgiAppError, AsteriskError
from agi_app.messages import t
from agi_app.model.agents import AgentsNow
from agi_app.pbx.ami.connection import Ami, connected
from agi_app.pbx.ami.queue_members import LeadsOut, NoQueue, of_queue
from agi_app.pbx.ari.agent_phones import of_list
from agi_app.pbx.trunks import endpoint_names
from agi_app.store.calling import agents as store
from agi_app.store.calling.agents import Note

LOOK_S = 0.25  # between two looks
FRESH_S = 1.5  # what was seen longer ago says nothing about now
AGAIN_S = 1.0  # after a look that failed
FIRST_RETRY_S, LONGEST_RETRY_S = 0.1, 5.0  # between two tries to write notes

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


@dataclass(frozen=True, slots=True)
class AgentAvailability:
    """What one look found."""

    agents: AgentsNow
    at: dt.datetime  # real time just before Asterisk was asked
    monotonic: float


class AgentWatch:
    """Keeps what is known of the agents whom running campaigns call for."""

    def __init__(
        self,
        node: Node,
        destinations: Mapping[str, DestinationSettings],
        ami: AmiSettings,
        ami_password: Callable[[], str],
        trunks: Mapping[str, TrunkSettings] | None = None,
        waiting_reason: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``waiting_reason`` says why nobody may be dialled, also no telephone of our own behind one of ``trunks``.

        ``ami_password`` reads it again, for it may have been changed; it blocks.
        """
        self._node, self.destinations = node, destinations
        self._trunks = frozenset(name for trunk in (trunks or {}).values() for name in endpoint_names(trunk))
        self.legs = Legs(node, trunks or {}, waiting_reason)
        self._ami, self._ami_password = ami, ami_password
        self._wanted: frozenset[str] = frozenset()
        self._looks: dict[str, AgentAvailability] = {}
        self._unknown: dict[str, str] = {}
        self._rests: dict[str, float] = {}  # endpoint of a list -> monotonic end of the work after its call
        self._said: str | None = None
        self.when_changed: Callable[[], None] = lambda: None  # told when there may be more to do
        self.notes = Notes(node)

    @classmethod
    def of(cls, node: Node, settings: Settings, waiting_reason: Callable[[], str | None]) -> AgentWatch:
        """By the settings of a worker; ``waiting_reason`` says why nobody may be dialled now."""
        ami = settings.ami
        return cls(node, settings.destinations, ami, settings.ami_password, settings.trunks, waiting_reason)

    def want(self, names: Collection[str]) -> None:
        """The agents of these destinations are to be watched."""
        self._wanted = frozenset(n for n in names if n in self.destinations and self.destinations[n].counts_agents)
        self._looks = {name: look for name, look in self._looks.items() if name in self._wanted}
        self._unknown = {name: why for name, why in self._unknown.items() if name in self._wanted}

    def look_of(self, name: str) -> AgentAvailability | str:
        """The last look at some agents, or why it is not known how many are free."""
        if name not in self.destinations or not self.destinations[name].counts_agents:
            return t("this node's settings have no agents {name!r}", name=name)
        if (look := self._looks.get(name)) is not None and self._node.clock.monotonic() - look.monotonic <= FRESH_S:
            return look
        return self._unknown.get(name, t("Asterisk was not asked yet"))

    def told(self) -> dict[str, dict[str, int | float | str]]:
        """What is known now, for the status of campaigns."""
        looks = {name: self.look_of(name) for name in self._wanted}
        return {
            name: {"unknown": look}
            if isinstance(look, str)
            else {"free": look.agents.free, "busy": look.agents.busy, "wrap_up_s": look.agents.wrap_up_s}
            for name, look in looks.items()
        }

    async def endpoint_for(self, name: str, attempt_id: str | None) -> str | None:
        """What to ring for a call: the queue, the endpoint, or an idle agent of a list; None: there is none.

        Raises AgiAppError when it is not known, or a queue has a member who leaves by a trunk.
        ``attempt_id`` of a call that was made for them: no other node's call can get the same agent.
        """
        destination = self.destinations[name]
        if destination.dialled is not None:
            if destination.queue is not None:
                await self._members_are_ours(name)
            return destination.dialled
        now = await self._of_list(destination)
        if attempt_id is None:
            return now.idle[0] if now.idle else None
        return await store.choose(self._node.store, attempt_id, name, now.idle)

    def parted(self, name: str, endpoint: str) -> None:
        """An agent's call is over; one of a list is left alone for a while."""
        if wrap_up := self.destinations[name].wrap_up:
            self._rests[endpoint] = self._node.clock.monotonic() + wrap_up

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.notes.run())
            group.create_task(self.legs.run())
            group.create_task(self._lists())
            await self._queues()

    async def _queues(self) -> None:
        while True:
            if not self._of_kind(queue=True):
                await asyncio.sleep(LOOK_S)
                continue
            try:
                async with connected(self._ami, await asyncio.to_thread(self._ami_password)) as ami:
                    while names := self._of_kind(queue=True):
                        for name in names:  # a fault of one queue is its own; a lost connection is everybody's
                            await self._look(name, partial(self._of_queue, ami, name), NoQueue, LeadsOut)
                        await asyncio.sleep(LOOK_S)
            except AgiAppError as error:
                self._not_known(self._of_kind(queue=True), str(error))
                await asyncio.sleep(AGAIN_S)

    async def _look(self, name: str, agents: Callable[[], Awaitable[AgentsNow]], *faults: type[AsteriskError]) -> None:
        monotonic, at = self._node.clock.monotonic(), self._node.clock.real_now()
        try:
            self._seen(name, AgentAvailability(await agents(), at, monotonic))
        except faults as error:
            self._not_known([name], str(error))

    async def _of_queue(self, ami: Ami, name: str) -> AgentsNow:
        queue, now = self.destinations[name], self._node.clock.real_now().timestamp()
        return await of_queue(ami, queue.queue or "", now, queue.wrap_up, trunks=self._trunks)

    async def _members_are_ours(self, name: str) -> None:
        """Asterisk rings the members of a queue itself, so none may leave by a trunk. Raises AsteriskError."""
        if isinstance(self.look_of(name), AgentAvailability):
            return
        async with connected(self._ami, await asyncio.to_thread(self._ami_password)) as ami:
            await self._of_queue(ami, name)

    async def _lists(self) -> None:
        while True:
            for name in self._of_kind(queue=False):
                await self._look(name, partial(self._of_list, self.destinations[name]), AsteriskError)
            await asyncio.sleep(LOOK_S)

    async def _of_list(self, destination: DestinationSettings) -> AgentsNow:
        now = self._node.clock.monotonic()
        self._rests = {endpoint: until for endpoint, until in self._rests.items() if until > now}
        return await of_list(self._node.ari, destination.agents, frozenset(self._rests), destination.wrap_up)

    def _of_kind(self, *, queue: bool) -> list[str]:
        return sorted(n for n in self._wanted if (self.destinations[n].queue is not None) is queue)

    def _seen(self, name: str, look: AgentAvailability) -> None:
        before = self._looks.get(name)
        self._looks[name] = look
        self._unknown.pop(name, None)
        if self._said is not None and not self._unknown:
            _log.info("the agents are known again", agents=name)
            self._said = None
        if before is None or before.agents != look.agents:
            self.when_changed()

    def _not_known(self, names: Collection[str], why: str) -> None:
        for name in names:
            self._looks.pop(name, None)
            self._unknown[name] = why
        if why != self._said:
            self._said = why
            _log.warning("nobody is called for agents whose state is not known", agents=sorted(names), reason=why)
