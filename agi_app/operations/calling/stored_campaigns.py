"""The campaigns that are in the database, as they were stored last."""

from __future__ import annotations

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import reads
from agi_app.store.calling.campaigns import CampaignEndedBy, StoredCampaign, changed_by, known_campaign, load_campaigns
from agi_app.store.lists import campaigns as table
from agi_app.store.lists.campaigns import CampaignVersion

__all__ = ["CampaignEndedBy", "CampaignVersion", "StoredCampaign", "ended_by", "listed", "one", "version", "versions"]
VERBS = {CampaignState.PAUSED: "pause", CampaignState.STOPPED: "stop"}


@reads(Scope.FIGURES_READ)
async def listed(inst: Installation) -> list[StoredCampaign]:
    """All, by name. Raises StoreError."""
    return await load_campaigns(inst.store)


@reads(Scope.FIGURES_READ)
async def one(inst: Installation, name: str) -> StoredCampaign:
    """One of them. Raises InputError when there is none of this name, StoreError."""
    return await known_campaign(inst.store, name)


@reads(Scope.FIGURES_READ)
async def ended_by(inst: Installation, name: str, state: CampaignState) -> CampaignEndedBy | None:
    """Who paused or stopped it last, by which it is in this state; None: it is in another one. Raises StoreError."""
    return await changed_by(inst.store, name, VERBS[state]) if state in VERBS else None


@reads(Scope.FIGURES_READ)
async def versions(inst: Installation, name: str) -> list[CampaignVersion]:
    """The texts of a campaign that contacts were decided by, the newest first, at most 100. Raises StoreError."""
    return await table.versions(inst.store, name)


@reads(Scope.FIGURES_READ)
async def version(inst: Installation, name: str, number: str) -> CampaignVersion:
    """One of them. Raises InputError when there is none of this name, StoreError."""
    found = await table.versions(inst.store, name, number)
    if not found:
        raise InputError(t("{name} has no version {version}", name=name, version=number))
    return found[0]
