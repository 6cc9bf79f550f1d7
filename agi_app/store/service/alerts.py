"""Alerts as rows: what is wrong now, what ended, and which notices of it were sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries, record, rows, value

Q = load_queries("service/alerts")
LOST = dt.timedelta(seconds=30)  # a worker that has not been heard of for so long


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now; one alert as long as it is."""

    kind: str
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)  # what its text tells, as JSON


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """One alert to be told of by one channel; times are real."""

    notice_id: int
    channel: str  # command | mail
    phase: str  # began | ended
    tries: int
    alert_id: int
    kind: str
    subject: str
    details: Mapping[str, Any]
    began_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert, and how its notices fare."""

    alert_id: int
    kind: str
    subject: str
    details: Mapping[str, Any]
    began_at: dt.datetime
    ended_at: dt.datetime | None
    notices: Sequence[Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class BackupTimes:
    """When backups were made and failed last (real time); None: never."""

    made_at: dt.datetime | None
    failed_at: dt.datetime | None

    @property
    def has_failed(self) -> bool:
        """Whether the newest one failed."""
        return self.failed_at is not None and (self.made_at is None or self.failed_at > self.made_at)


@dataclass(frozen=True, slots=True)
class ChangedAlert:
    """One that began now, or (``ended_at``, real time) ended now."""

    alert_id: int
    kind: str
    subject: str
    ended_at: dt.datetime | None


async def is_due(store: Store, look: str, every: dt.timedelta) -> bool:
    """Whether nobody has looked for this long. Raises StoreError."""
    return await store.value(bool, Q["is_due"], {"look": look, "every": every}) or False


async def update(
    store: Store,
    look: str,
    every: dt.timedelta,
    kinds: Sequence[str],
    found: Sequence[Condition],
    channels: Sequence[str],
) -> list[ChangedAlert]:
    """Begin the alerts that are new, and end those of ``kinds`` that are not ``found``; ``channels`` are to tell them.

    Nothing is changed when another process has looked since ``every``. Raises StoreError.
    """
    async with store.transaction() as connection:
        if await value(connection, str, Q["take_look"], {"look": look, "every": every}) is None:
            return []
        new: list[ChangedAlert] = []
        for one in found:
            row = {"kind": one.kind, "subject": one.subject, "details": as_json(one.details)}
            new += await rows(connection, ChangedAlert, Q["begin"], row)
        standing = {"standing_kinds": [one.kind for one in found], "standing_subjects": [one.subject for one in found]}
        over = await rows(connection, ChangedAlert, Q["end"], {"kinds": [*kinds], **standing})
        for phase, alerts in (("began", new), ("ended", over)):
            ids = {"phase": phase, "alerts": [one.alert_id for one in alerts], "by": [*channels]}
            await connection.execute(Q["tell"], ids)
        await connection.execute(Q["forget"])
    return new + over


async def take_notice(store: Store, channels: Sequence[str], lease: dt.timedelta) -> AlertNotice | None:
    """The next notice for one of these channels, ours for ``lease``; None: there is none. Raises StoreError."""
    async with store.transaction() as connection:
        row = await record(connection, Q["take_notice"], {"by": [*channels], "lease": lease})
    return None if row is None else AlertNotice(**row)


async def sent(store: Store, notice_id: int) -> None:
    """It was sent. Raises StoreError."""
    await store.execute(Q["sent"], {"notice_id": notice_id})


async def not_sent(store: Store, notice_id: int, fault: str, pause: dt.timedelta) -> bool:
    """It could not be sent and is tried again after ``pause``; False: it is given up. Raises StoreError."""
    values = {"notice_id": notice_id, "fault": fault, "pause": pause}
    return await store.value(str, Q["not_sent"], values) == "waiting"


async def shown(store: Store) -> list[AlertRow]:
    """Those that stand, the newest first, then those that ended within seven days. Raises StoreError."""
    return await store.rows(AlertRow, Q["shown"])


async def lost_nodes(store: Store) -> list[Mapping[str, Any]]:
    """Workers that have not been heard of: entityid, name, seen_at, is_told: its alert stands. Raises StoreError."""
    return [*await store.records(Q["lost_nodes"], {"lost": LOST})]


async def paused_trunks(store: Store) -> list[Mapping[str, Any]]:
    """Of each worker that lives, the trunks that it leaves alone: node, trunk, reason, by. Raises StoreError."""
    return [*await store.records(Q["paused_trunks"], {"lost": LOST})]


async def paused_campaigns(store: Store) -> list[str]:
    """Campaigns that paused themselves because their prompts were not heard. Raises StoreError."""
    return [row["name"] for row in await store.records(Q["paused_campaigns"])]


async def caller_id_ends(store: Store) -> dict[str, dt.datetime]:
    """When the proof ends (rules time) of each number that a running or paused campaign shows. Raises StoreError."""
    return {row["e164"]: row["expires_at"] for row in await store.records(Q["ending_caller_ids"])}


async def ending_consents(store: Store, now: dt.datetime, by: dt.datetime) -> list[Mapping[str, Any]]:
    """Consents that end between these rules times by wording: wording_id, wording, consents, first_at.

    Raises StoreError.
    """
    return [*await store.records(Q["ending_consents"], {"now": now, "by": by})]


async def failed_feeds(store: Store) -> list[Mapping[str, Any]]:
    """Feeds whose last run was refused or failed: feed, state, and why, in a word of ours. Raises StoreError."""
    return [*await store.records(Q["failed_feeds"])]


async def consents_until(store: Store, now: dt.datetime, by: dt.datetime) -> int:
    """How many consents end between these rules times. Raises StoreError."""
    return await store.value(int, Q["consents_until"], {"now": now, "by": by}) or 0


async def backups(store: Store) -> BackupTimes:
    """When backups were made and failed last. Raises StoreError."""
    (found,) = await store.rows(BackupTimes, Q["backups"])
    return found
