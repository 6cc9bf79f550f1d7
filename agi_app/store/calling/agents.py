"""Calls that are made for agents: how many are under way on all nodes, and what happened to those before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agi_app.model.agents import AgentCounts
from agi_app.store.database.listen import tell_workers
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, count, load_queries, rows, value

Q = load_queries("calling/agents")


@dataclass(frozen=True, slots=True)
class AgentTerms:
    """How a claim finds out how many calls it may begin for agents."""

    looked_at: dt.datetime  # real time just before the agents were counted
    shared: bool  # the calls of other nodes are for the same agents
    how_many: Callable[[AgentCounts], int]  # pure


@dataclass(frozen=True, slots=True)
class Note:
    """What happened in one call, real time; None: nothing new."""

    attempt_id: str
    answered_at: dt.datetime | None = None
    met_at: dt.datetime | None = None
    parted_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenCalls:
    """Calls for some agents that are not over, on all nodes."""

    name: str
    under_way: int  # of campaigns: claimed or dialled, and not answered
    waiting: int  # answered, and with no agent yet
    talking: int  # with an agent
    asked: int  # that somebody asked for, by which the agent is rung first


async def open_calls(store: Store, names: Sequence[str]) -> list[OpenCalls]:
    """Those for the destinations of these names."""
    return await store.rows(OpenCalls, Q["open_calls"], {"names": list(names)})


async def may_begin(
    connection: Connection, terms: AgentTerms, *, agents: str, campaign: str, node: str, now: dt.datetime
) -> int:
    """How many calls may be claimed now, in this transaction; others for the same agents wait for its end."""
    await connection.execute(Q["lock"], {"agents": agents})
    return terms.how_many(await _count(connection, terms, agents, campaign, node, now))


async def counts(store: Store, agents: str, campaign: str, now: dt.datetime) -> AgentCounts:
    """The same figures for people: calls of all nodes."""
    terms = AgentTerms(now, shared=True, how_many=lambda _: 0)
    async with store.connection() as connection:
        return await _count(connection, terms, agents, campaign, "", now)


async def _count(
    connection: Connection, terms: AgentTerms, agents: str, campaign: str, node: str, now: dt.datetime
) -> AgentCounts:
    values = {"agents": agents, "campaign": campaign, "node": node, "now": now}
    values |= {"looked_at": terms.looked_at, "shared": terms.shared}
    return (await rows(connection, AgentCounts, Q["count"], values))[0]


async def note(store: Store, notes: Sequence[Note]) -> None:
    """Write down what happened in calls that still go on."""
    merged: dict[str, dict[str, dt.datetime]] = {}
    for one in notes:
        times = {"answered_at": one.answered_at, "met_at": one.met_at, "parted_at": one.parted_at}
        merged.setdefault(one.attempt_id, {}).update({key: at for key, at in times.items() if at is not None})
    rows_ = [{"attempt_id": attempt_id, **times} for attempt_id, times in merged.items()]
    await store.execute(Q["note"], {"notes": as_json(rows_)})


async def choose(store: Store, attempt_id: str, agents: str, idle: Sequence[str]) -> str | None:
    """The agent of a list whom this call may ring, no other node's call can have the same; None: nobody is left."""
    async with store.transaction() as connection:
        await connection.execute(Q["lock"], {"agents": agents})
        values = {"attempt_id": attempt_id, "agents": agents, "idle": list(idle)}
        return await value(connection, str, Q["choose"], values)


async def pause(store: Store, campaign: str, reason: str) -> bool:
    """Pause a running campaign, durably; every worker hears of it. False when it did not run."""
    async with store.transaction() as connection:
        if not await count(connection, Q["pause"], {"name": campaign, "reason": reason}):
            return False
        await tell_workers(connection, {"campaign": campaign, "state": "paused"})
    return True
