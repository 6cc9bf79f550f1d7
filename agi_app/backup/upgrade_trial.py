"""Tries the migrations on a copy of the database: how long they take here, and what the audit says after them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agi_app.atomic_files import make_private
from agi_app.audit.findings import AuditReport
from agi_app.backup.contents import BEFORE, KEYS
from agi_app.backup.scratch import scratch_database, tidy
from agi_app.config.settings import AuditSettings, Settings
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.proof.notary import Notary
from agi_app.proof.verify import Progress, verify
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.whole_copy import dump_of, load


@dataclass(frozen=True, slots=True)
class TriedUpgrade:
    """What happened to the copy: the migrations, how many seconds they took, and the audit after them."""

    applied: tuple[str, ...]
    seconds: float
    audit: AuditReport


async def try_migrations(settings: Settings, key: SuppressionKey, store: Store, told: Progress) -> TriedUpgrade:
    """Copy the database, migrate the copy and verify its audit; the database itself is only read. Raises StoreError."""
    await tidy()
    async with scratch_database(key.hash_number) as (trial, folder):
        data = folder / "data"
        for name in (KEYS[-1], BEFORE[-1]):  # before the copy, so that the checkpoints are not ahead of it
            if (settings.data / name).exists():
                make_private((data / name).parent)
                (data / name).write_bytes((settings.data / name).read_bytes())
                (data / name).chmod(0o600)
        await asyncio.to_thread(load, trial.address, dump_of(store.address, store.where))
        began = trial.clock.monotonic()
        applied = tuple(await migrate(trial))
        took = trial.clock.monotonic() - began
        there = settings.model_copy(update={"data_folder": data, "audit": AuditSettings()})
        report = await verify(trial, await Notary.open(there, trial), progress=told)
        return TriedUpgrade(applied, took, report)
