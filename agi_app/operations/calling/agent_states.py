"""The agents of the settings, and their state as far as workers and the database know it.

Each worker says who is free. It asks Asterisk for the agents of running campaigns only; nothing else is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.config.destinations import DestinationSettings
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling import agents as table
from agi_app.store.calling import nodes
from agi_app.store.calling.agents import OpenCalls
from agi_app.store.calling.nodes import NodeRow

KINDS = ("queue", "list", "telephone", "by_trunk")
NOTHING = OpenCalls("", 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class SeenBy:
    """What one worker that runs sees of some agents; ``unknown``: why it does not know."""

    worker: str
    at: dt.datetime  # when it said so
    free: int | None
    busy: int | None
    unknown: str | None


@dataclass(frozen=True, slots=True)
class AgentState:
    """A destination, what workers know of it, and the calls for it that are not over."""

    name: str
    kind: str  # one of KINDS
    telephones: int | None  # of a list; None: the settings do not say how many
    wrap_up_s: float
    shared: bool
    seen: list[SeenBy]
    calls: OpenCalls


@reads(Scope.FIGURES_READ)
async def agents(inst: Installation) -> list[AgentState]:
    """All of the settings, by name. Raises StoreError."""
    settings: Mapping[str, DestinationSettings] = inst.settings.destinations
    calls = {one.name: one for one in await table.open_calls(inst.store, sorted(settings))}
    workers = [node for node in await nodes.all_nodes(inst.store) if node.alive]
    return [_state(name, settings[name], workers, calls.get(name, NOTHING)) for name in sorted(settings)]


@reads(Scope.FIGURES_READ)
async def agent(inst: Installation, name: str) -> AgentState:
    """One of them. Raises InputError when the settings have none of this name, StoreError."""
    found = next((one for one in await agents(inst) if one.name == name), None)
    if found is None:
        raise InputError(t("the settings have no destination {name}", name=name))
    return found


def _state(name: str, given: DestinationSettings, workers: list[NodeRow], calls: OpenCalls) -> AgentState:
    phones = len(given.agents) or (None if given.queue is not None else 1)
    seen = [_seen(node, node.agents[name]) for node in workers if name in node.agents]
    return AgentState(name, _kind(given), phones, given.wrap_up, given.shared, seen, calls)


def _kind(given: DestinationSettings) -> str:
    if given.queue is not None:
        return "queue"
    if given.agents:
        return "list"
    return "telephone" if given.by_trunk is None else "by_trunk"


def _seen(node: NodeRow, told: Mapping[str, int | float | str]) -> SeenBy:
    if (unknown := told.get("unknown")) is not None:
        return SeenBy(node.name, node.seen_at, None, None, retold(str(unknown)))
    return SeenBy(node.name, node.seen_at, int(told["free"]), int(told["busy"]), None)
