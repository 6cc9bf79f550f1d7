"""Calls that an agent asks for, as rows: the command line asks, a worker rings the agent and then the person.

A row holds the agent's leg and what the one who asked was shown; the person's leg is an attempt. No number is in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries
from agi_app.store.requested_calls.requests import PATIENCE, Requests, RequestStatus

Q = load_queries("requested_calls/agent_calls")
REQUESTS = Requests(Q, RequestStatus)
AGENT_RINGS_S = 20.0
BETWEEN_S = 20.0  # of the agent's leg, besides the person's: the gate, the pace, the tone
AGENT = "agent_"  # results of the agent's leg begin with it: the person was not called


@dataclass(frozen=True, slots=True)
class AgentCallRequest:
    """A request that a worker has taken."""

    agent_call_id: int
    campaign: str
    contact_id: int
    destination: str


@dataclass(slots=True)
class Leg:
    """The agent's leg as it goes on, real time; ``attempt_id`` is the person's leg, once there is one."""

    progress: list[str] = field(default_factory=list)
    rang_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    attempt_id: str | None = None


@dataclass(frozen=True, slots=True)
class AgentCallRow:
    """One request as a report shows it; times are real."""

    agent_call_id: int
    external_id: str
    destination: str
    entered_by: str
    requested_at: dt.datetime
    rang_at: dt.datetime | None
    answered_at: dt.datetime | None
    ended_at: dt.datetime | None
    result: str | None
    note: str | None
    attempt_id: str | None


async def find(store: Store, campaign: str, wanted: str, e164: str | None) -> tuple[int, str]:
    """Id and external id of the contact that has this external id, else this number. Raises InputError."""
    found = await store.records(Q["find"], {"campaign": campaign, "wanted": wanted, "e164": e164})
    if not (named := [row for row in found if row["external_id"] == wanted] or found):
        raise InputError(
            t(
                "campaign {campaign} has no contact with this id or number; `agi-app contacts import {campaign}"
                " FILE` adds one",
                campaign=campaign,
            )
        )
    if len(named) > 1:
        raise InputError(
            t("more than one contact has this number: name one by its external id, such as ")
            + ", ".join(row["external_id"] for row in named)
        )
    return int(named[0]["contact_id"]), str(named[0]["external_id"])


async def is_of(store: Store, campaign: str, contact_id: int) -> bool:
    """Whether this contact is of this campaign. Raises StoreError."""
    return bool(await store.value(bool, Q["is_of"], {"campaign": campaign, "contact_id": contact_id}))


async def request(store: Store, campaign: str, contact_id: int, destination: str, entered_by: str) -> int:
    """Ask the workers for a call; returns its id."""
    values = {"campaign": campaign, "contact_id": contact_id, "destination": destination, "entered_by": entered_by}
    refused = t("database {where}: did not take the request for a call", where=store.where)
    return await store.the_value(int, Q["request"], values, refused)


async def take(
    store: Store, node: str, destinations: Collection[str], campaigns: Collection[str]
) -> AgentCallRequest | None:
    """The oldest request of these that waits; from now on it is this node's."""
    values = {
        "node": node,
        "destinations": list(destinations),
        "campaigns": list(campaigns),
        "patience": PATIENCE,
    }
    row = await store.record(Q["take"], values)
    return None if row is None else AgentCallRequest(**row)


async def tell(store: Store, agent_call_id: int, leg: Leg) -> None:
    """Store what has happened so far."""
    await store.execute(Q["tell"], {"agent_call_id": agent_call_id, **_values(leg)})


async def finish(store: Store, agent_call_id: int, leg: Leg, result: str, note: str | None) -> None:
    """Store how it ended; a second time changes nothing."""
    await store.execute(Q["finish"], {"agent_call_id": agent_call_id, **_values(leg), "result": result, "note": note})


async def end_left(store: Store, node: str) -> int:
    """End what this node had on when it died; returns how many."""
    return await store.execute(Q["end_left"], {"node": node})


async def of_campaign(store: Store, campaign: str) -> list[AgentCallRow]:
    """All requests for contacts of a campaign, in order."""
    return await store.rows(AgentCallRow, Q["of_campaign"], {"campaign": campaign})


def _values(leg: Leg) -> dict[str, object]:
    return {
        "progress": as_json(leg.progress),
        "rang_at": leg.rang_at,
        "answered_at": leg.answered_at,
        "attempt_id": leg.attempt_id,
    }
