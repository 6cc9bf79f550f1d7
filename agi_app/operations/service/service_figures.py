"""What those who watch the installation want to know, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import NodeRow
from agi_app.store.people.caller_ids import proofs
from agi_app.store.service import events, figures
from agi_app.store.service.figures import WatchedCampaign, WatchedFeed, WatchedReceiver

__all__ = ["ServiceFigures", "read"]


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The installation at one moment; nothing in it is about a person."""

    workers: Sequence[NodeRow]
    campaigns: Sequence[WatchedCampaign]
    calls: Mapping[tuple[str, str], int]  # that go on, by campaign and trunk
    leaves: int  # of the audit tree
    caller_id_expiry_s: Sequence[float]  # of each proof of a number that we show; negative: it has ended
    receivers: Sequence[WatchedReceiver]  # of events
    webhook_tries: Mapping[str, int]  # of the last five minutes, by result
    feeds: Sequence[WatchedFeed]


@reads(Scope.FIGURES_READ)
async def read(inst: Installation) -> ServiceFigures:
    """All of it. Raises StoreError."""
    now = inst.clock.now()
    return ServiceFigures(
        await nodes.all_nodes(inst.store),
        await figures.campaigns(inst.store),
        await figures.calls(inst.store),
        await events.newest(inst.store) + 1,
        [(one.expires_at - now).total_seconds() for one in await proofs(inst.store)],
        await figures.receivers(inst.store),
        await figures.webhook_tries(inst.store),
        await figures.feeds(inst.store, now),
    )
