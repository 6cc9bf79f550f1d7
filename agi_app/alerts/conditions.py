"""What is wrong now, as far as the database tells: each condition is one alert for as long as it holds."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from agi_app.clock import Clock
from agi_app.config.monitor import AlertSettings
from agi_app.config.settings import Settings
from agi_app.messages import template
from agi_app.store.calling import nodes, pauses
from agi_app.store.database.pool import Store
from agi_app.store.service import alerts, standstill
from agi_app.store.service.alerts import Condition

LATE = dt.timedelta(days=2)  # one each night, and one that was left out
OFTEN = (
    "nobody_dialled",
    "node_lost",
    "trunk_paused",
    "campaign_paused",
    "caller_id_ending",
    "feed_failed",
    "backup_failed",
    "backup_late",
)
SELDOM = ("consents_ending",)  # reads all consents that end soon
CONFIRM_S = 12.0  # longer than a round of a worker's housekeeping, which says that it lives
KINDS = (*OFTEN, *SELDOM)
NO_WORKER, UNSAID = template("no worker is running"), template("the workers do not say why")


async def often(store: Store, clock: Clock, settings: Settings) -> list[Condition]:
    """Those of ``OFTEN`` that hold now. Raises StoreError."""
    told = settings.alerts
    return [
        *await _nobody_dialled(store, clock, told),
        *await _nodes_and_trunks(store),
        *[Condition("campaign_paused", name, {"why": "prompts"}) for name in await alerts.paused_campaigns(store)],
        *await _caller_ids(store, clock.now(), told),
        *[
            Condition("feed_failed", row["feed"], {"why": row["why"] or "", "state": row["state"]})
            for row in await alerts.failed_feeds(store)
        ],
        *await _backups(store, clock.real_now(), nightly=bool(settings.backup.to_keys)),
    ]


async def seldom(store: Store, clock: Clock, settings: AlertSettings) -> list[Condition]:
    """Those of ``SELDOM`` that hold now. Raises StoreError."""
    now = clock.now()
    by = now + dt.timedelta(days=settings.ends_within_days)
    return [
        Condition(
            "consents_ending",
            str(row["wording_id"]),
            {"wording": row["wording"], "consents": row["consents"], "first": f"{row['first_at']:%F}"},
        )
        for row in await alerts.ending_consents(store, now, by)
    ]


async def _nobody_dialled(store: Store, clock: Clock, settings: AlertSettings) -> list[Condition]:
    running = await standstill.running(store, clock.now())
    idle_s = standstill.idle_s(running)
    if idle_s < settings.nobody_dialled_s:
        return []
    waiting = [one.campaign for one in running if one.due_s is not None]
    return [Condition("nobody_dialled", details={"campaigns": waiting, "reasons": await _reasons(store, waiting)})]


async def _reasons(store: Store, campaigns: Sequence[str]) -> list[str]:
    """Why nobody is dialled, each reason once: what workers say, or that none lives."""
    if (pause := await pauses.in_force(store)) is not None:
        return [pause.words]
    found, alive = [], [node for node in await nodes.all_nodes(store) if node.alive]
    for node in alive:
        found += [node.waiting_reason] if node.waiting_reason else []
        found += [why.text for name in campaigns if (why := node.waiting_reason_of(name)) is not None]
    return [*dict.fromkeys(found)] or [UNSAID if alive else NO_WORKER]


async def _nodes_and_trunks(store: Store) -> list[Condition]:
    lost = [
        Condition("node_lost", row["entityid"], {"node": row["name"], "seen": f"{row['seen_at']:%F %T} UTC"})
        for row in await _lost(store)
    ]
    paused = [
        Condition("trunk_paused", f"{row['trunk']} {row['node']}", {**row}) for row in await alerts.paused_trunks(store)
    ]
    return lost + paused


async def _lost(store: Store) -> Sequence[Mapping[str, Any]]:
    """Workers that stay unheard of: while a database stood still, none could say anything, and each does so soon."""
    lost = await alerts.lost_nodes(store)
    if any(not row["is_told"] for row in lost):
        await asyncio.sleep(CONFIRM_S)
        lost = await alerts.lost_nodes(store)
    return lost


async def _backups(store: Store, now: dt.datetime, *, nightly: bool) -> list[Condition]:
    """One that failed; and, where they are made each night, that none came: a killed one cannot say that it failed."""
    times, found = await alerts.backups(store), []
    made = "" if times.made_at is None else f"{times.made_at.astimezone(dt.UTC):%F %T} UTC"
    if times.has_failed and times.failed_at is not None:
        at = f"{times.failed_at.astimezone(dt.UTC):%F %T} UTC"
        found.append(Condition("backup_failed", details={"at": at, "made": made}))
    if nightly and times.made_at is not None and now - times.made_at > LATE:
        found.append(Condition("backup_late", details={"made": made}))
    return found


async def _caller_ids(store: Store, now: dt.datetime, settings: AlertSettings) -> list[Condition]:
    by = now + dt.timedelta(days=settings.ends_within_days)
    ends = await alerts.caller_id_ends(store)
    return [Condition("caller_id_ending", number, {"ends": f"{at:%F}"}) for number, at in ends.items() if at <= by]
