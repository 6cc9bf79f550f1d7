"""The campaigns that are in the database, as they were stored last."""

from __future__ import annotations

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling.campaigns import StoredCampaign, known_campaign, load_campaigns
from agi_app.store.lists import campaigns as table
from agi_app.store.lists.campaigns import CampaignVersion

__all__ = ["CampaignVersion", "StoredCampaign", "listed", "one", "version", "versions"]


@reads(Scope.FIGURES_READ)
async def listed(inst: Installation) -> list[StoredCampaign]:
    """All, by name. Raises StoreError."""
    return await load_campaigns(inst.store)


@reads(Scope.FIGURES_READ)
async def one(inst: Installation, name: str) -> StoredCampaign:
    """One of them. Raises InputError when there is none of this name, StoreError."""
    return await known_campaign(inst.store, name)


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
