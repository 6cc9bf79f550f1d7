"""The campaigns that are in the database, as they were stored last."""

from __future__ import annotations

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.store.calling.campaigns import StoredCampaign, known_campaign, load_campaigns

__all__ = ["StoredCampaign", "listed", "one"]


@reads(Scope.FIGURES_READ)
async def listed(inst: Installation) -> list[StoredCampaign]:
    """All, by name. Raises StoreError."""
    return await load_campaigns(inst.store)


@reads(Scope.FIGURES_READ)
async def one(inst: Installation, name: str) -> StoredCampaign:
    """One of them. Raises InputError when there is none of this name, StoreError."""
    return await known_campaign(inst.store, name)
