"""The workers, one an Asterisk, and how much of each one's refusal journal is in the database."""

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
NEVER = bytes(32)  # no line of a journal has this SHA-256


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


@dataclass(frozen=True, slots=True)
class KnownJournal:
    """What the database knows of a worker's refusal journal, by which one that is gone with all its files is missed."""

    entityid: str
    since: dt.datetime  # real time from which on the worker kept it
    length: int  # bytes; so long it was at least, on disk
    last_line: bytes  # SHA-256 of the line that ended there, or of how it was begun; empty: as it is, it is accepted
    place: str  # host and data folder where it was whole
    accepted_at: dt.datetime | None  # real time


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


async def known_journal(store: Store, entityid: str) -> KnownJournal | None:
    """That of this worker; None when it never had one."""
    return next(iter(await store.rows(KnownJournal, Q["known_journal"], {"entityid": entityid})), None)


async def journals_at(store: Store, place: str, entityid: str = "") -> list[KnownJournal]:
    """Those of workers that kept it at this place, or looked for it there, and that of ``entityid``."""
    return await store.rows(KnownJournal, Q["journals_at"], {"place": place, "entityid": entityid})


async def note_journal(store: Store, entityid: str, length: int, last_line: bytes, place: str) -> KnownJournal:
    """Remember that all of this worker's journal is in the database, how long it is (bytes) and how it ends."""
    values = {"entityid": entityid, "bytes": length, "last_line": last_line, "place": place}
    return (await store.rows(KnownJournal, Q["note_journal"], values))[0]


async def miss_journal(store: Store, entityid: str, place: str) -> None:
    """Say where this worker looked for its journal and did not find it whole; `recover` at that place says so.

    From then on no file is the right one, also no older copy, until an admin accepts the loss.
    """
    await store.execute(Q["miss_journal"], {"entityid": entityid, "place": place, "never": NEVER})


async def accept_journal(store: Store, entityid: str) -> None:
    """An admin knows what may be gone: this worker's journal counts as whole as it is."""
    await store.execute(Q["accept_journal"], {"entityid": entityid})


async def forget_journal(store: Store, entityid: str) -> bool:
    """Miss it no longer; False when it is not known."""
    return await store.execute(Q["forget_journal"], {"entityid": entityid}) > 0
