"""The results targets of the settings, as the database is told of them."""

from __future__ import annotations

from agi_app.config.settings import Settings
from agi_app.store.database.pool import Store
from agi_app.store.exchange import results
from agi_app.store.exchange.results import ResultTarget


async def register(store: Store, settings: Settings) -> None:
    """Note them, as a worker does when it begins. Raises StoreError."""
    found = settings.results.items()
    targets = [ResultTarget(name, one.kind, one.campaigns, one.keep_days) for name, one in sorted(found)]
    await results.register(store, targets)
