"""An upgrade of the database: which migrations, what they change, how long; a trial on a copy; and the real one."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agi_app.backup.upgrade_trial import TriedUpgrade, try_migrations
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.consent import project_identity
from agi_app.errors import SafetyError
from agi_app.installation import database, migrate_database
from agi_app.messages import t
from agi_app.proof.verify import Progress
from agi_app.store.database import upgrade_plan
from agi_app.store.database.pool import Store
from agi_app.store.database.upgrade_plan import PlannedMigration, UpgradePlan
from agi_app.store.service import alerts

__all__ = ["PlannedMigration", "TriedUpgrade", "UpgradeLook", "UpgradePlan", "look", "upgrade"]
FRESH = dt.timedelta(days=1)  # a backup before an upgrade


@dataclass(frozen=True, slots=True)
class UpgradeLook:
    """The plan, the last backup (real time; None: none), the workers that live, and the trial if one was wanted."""

    plan: UpgradePlan
    backup_at: dt.datetime | None
    working: tuple[str, ...]
    trial: TriedUpgrade | None


async def look(settings: Settings, *, trial: bool, progress: Progress) -> UpgradeLook:
    """What an upgrade would do; changes nothing. Raises ConfigError, SafetyError, StoreError."""
    async with _as_it_is(settings) as store:
        plan = await upgrade_plan.plan(store)
        last = (await alerts.backups(store)).made_at if plan.at else None
        working = await upgrade_plan.working(store) if plan.at else ()
        key = project_identity.key_of(settings)
        tried = await try_migrations(settings, key, store, progress) if trial and plan.at else None
        return UpgradeLook(plan, last, working, tried)


async def upgrade(settings: Settings, seen: UpgradeLook, *, without_backup: bool = False) -> list[str]:
    """Apply the migrations; their names. SafetyError while a worker lives, or without a backup of the last day."""
    if seen.working:
        told = "these workers are at work: {workers}; end them first, for they know the old tables only"
        raise SafetyError(t(told, workers=", ".join(seen.working)))
    fresh = seen.backup_at is not None and Clock().real_now() - seen.backup_at < FRESH
    if seen.plan.at and seen.plan.migrations and not fresh and not without_backup:
        raise SafetyError(
            t(
                "there is no backup of the last day, and an upgrade is not undone: run `agi-app backup` with the"
                " version that you had, or go on with --without-backup"
            )
        )
    return await migrate_database(settings)


@asynccontextmanager
async def _as_it_is(settings: Settings) -> AsyncIterator[Store]:
    """The database without bringing it up to date."""
    async with database(settings, project_identity.key_of(settings), ready=False) as store:
        yield store
