"""What those who watch the installation want to know, read at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.service import alerts, console_sessions, events, figures, standstill
from agi_app.store.service.figures import WatchedCampaign, WatchedFeed, WatchedReceiver

__all__ = ["ServiceFigures", "consents_ending", "read"]


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The installation at one moment; nothing in it is about a person."""

    workers: Sequence[NodeRow]
    campaigns: Sequence[WatchedCampaign]
    calls: Mapping[tuple[str, str], int]  # that go on, by campaign and trunk
    leaves: int  # of the audit tree
    caller_id_expiry_s: Sequence[float]  # of each number that campaigns show; negative: its proof has ended
    receivers: Sequence[WatchedReceiver]  # of events
    webhook_tries: Mapping[str, int]  # of the last five minutes, by result
    feeds: Sequence[WatchedFeed]
    idle_s: float  # how long nobody was dialled although somebody was due
    consents_ending: Mapping[int, int]  # within so many days
    schema: int  # the newest migration
    backup_age_s: float | None  # of the newest backup; None: none was made
    backup_failed: bool  # the last try
    sessions: int  # of the console's pages, that have not ended
    abandoned: Mapping[str, float]  # the share of a campaign's answered calls that found no agent, in 30 days


@reads(Scope.FIGURES_READ)
async def read(inst: Installation, consents: Mapping[int, int]) -> ServiceFigures:
    """All of it, with ``consents`` as they were found lately. Raises StoreError."""
    now, backups = inst.clock.now(), await alerts.backups(inst.store)
    return ServiceFigures(
        await nodes.all_nodes(inst.store),
        await figures.campaigns(inst.store),
        await figures.calls(inst.store),
        await events.newest(inst.store) + 1,
        [(at - now).total_seconds() for at in (await alerts.caller_id_ends(inst.store)).values()],
        await figures.receivers(inst.store),
        await figures.webhook_tries(inst.store),
        await figures.feeds(inst.store, now),
        standstill.idle_s(await standstill.running(inst.store, now)),
        consents,
        await figures.schema(inst.store),
        None if backups.made_at is None else (inst.clock.real_now() - backups.made_at).total_seconds(),
        backups.has_failed,
        await console_sessions.number_open(inst.store),
        await figures.abandoned(inst.store, now),
    )


@reads(Scope.FIGURES_READ)
async def consents_ending(inst: Installation) -> dict[int, int]:
    """How many consents end within 14 and within 30 days; reads all of those. Raises StoreError."""
    now = inst.clock.now()
    return {days: await alerts.consents_until(inst.store, now, now + dt.timedelta(days=days)) for days in (14, 30)}
