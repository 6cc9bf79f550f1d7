"""The workers, one an Asterisk, and how much of each one's stop journal is in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from agi_app.messages import t
from agi_app.model.waiting_reason import WaitingReason
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("calling/nodes")
ALIVE = dt.timedelta(seconds=8)  # a worker says that it lives every two seconds


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One worker as the others see it; times are real."""

    entityid: str
    name: str
    seen_at: dt.datetime
    waiting_reason: str | None  # why it dials nobody now
    campaign_waiting_reasons: dict[str, Any]  # campaign -> why it waits there now, as JSON
    agents: dict[str, dict[str, int | float | str]]  # destination -> free and busy, or why that is unknown
    alive: bool

    def waiting_reason_of(self, campaign: str) -> WaitingReason | None:
        """Why a campaign waits on this worker now."""
        found = self.campaign_waiting_reasons.get(campaign)
        return None if found is None else replace(msgspec.convert(found, WaitingReason), worker=self.name)


@dataclass(frozen=True, slots=True)
class PausedTrunk:
    """Why a worker calls nobody through a trunk now."""

    by: tuple[str, ...]  # words of a closed list
    text: str  # for people


async def all_nodes(store: Store) -> list[NodeRow]:
    """Every worker that ever registered and was not forgotten."""
    return await store.rows(NodeRow, Q["all"], {"alive": ALIVE})


async def register_node(store: Store, entityid: str, name: str) -> None:
    """Make this worker known; from then on others wait for its journal after an outage."""
    await store.execute(Q["register"], {"entityid": entityid, "name": name})


async def beat(
    store: Store,
    entityid: str,
    journal_position: int,
    *,
    flushed: bool,
    waiting_reason: str | None = None,
    campaign_waiting_reasons: Mapping[str, WaitingReason] | None = None,
    agents: Mapping[str, Mapping[str, int | float | str]] | None = None,
    trunks: Mapping[str, PausedTrunk] | None = None,
) -> None:
    """Say that this worker lives, and how many bytes of its journal are stored; ``flushed``: all of them.

    ``waiting_reason`` is why it dials nobody now, ``campaign_waiting_reasons`` why each campaign waits, ``agents`` what
    it sees of them, ``trunks`` those through which it calls nobody.
    """
    values = {
        "entityid": entityid,
        "journal_position": journal_position,
        "flushed": flushed,
        "waiting_reason": waiting_reason,
        "campaign_waiting_reasons": as_json(campaign_waiting_reasons or {}),
        "agents": as_json(agents or {}),
        "trunks": as_json(trunks or {}),
    }
    await store.execute(Q["beat"], values)


async def journal_position(store: Store, entityid: str) -> int:
    """Bytes of this node's journal that the database has; 0 for an unknown node."""
    return await store.value(int, Q["journal_position"], {"entityid": entityid}) or 0


async def database_started(store: Store) -> dt.datetime:
    """When the database server was started last (real time)."""
    otherwise = t("database {where}: does not say when it was started", where=store.where)
    return await store.the_value(dt.datetime, Q["database_started"], None, otherwise)


async def unflushed_since(store: Store, since: dt.datetime) -> list[str]:
    """Names of nodes whose journal may hold stops from before ``since`` (real time): nobody claims meanwhile."""
    return [row["name"] for row in await store.records(Q["unflushed_since"], {"since": since})]


async def forget_node(store: Store, entityid: str) -> bool:
    """No longer wait for a node that is gone for good; False when it is not known."""
    return await store.execute(Q["forget"], {"entityid": entityid}) > 0
