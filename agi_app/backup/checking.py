"""Whether a backup can be restored: it is, into a separate database, and the audit is verified there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from agi_app.atomic_files import make_private
from agi_app.audit.findings import AuditReport
from agi_app.backup.archive import Member, SealedArchive
from agi_app.backup.contents import BEFORE, DATA, KEYS
from agi_app.backup.scratch import scratch_database, tidy
from agi_app.config.settings import AuditSettings, Settings
from agi_app.consent.number_hashes import SuppressionKey
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.proof.notary import Notary
from agi_app.proof.verify import Progress, verify
from agi_app.store.database.progress import progress
from agi_app.store.database.whole_copy import load

_OF_AUDIT = (KEYS[-1], BEFORE[-1])


async def check(settings: Settings, key: SuppressionKey, sealed: SealedArchive, told: Progress) -> AuditReport:
    """Read all of a backup, restore its database in a scratch server, and verify the audit in it.

    Raises InputError when the file is not as it was written, StoreError when its database cannot be restored.
    """
    await tidy()
    async with scratch_database(key.hash_number) as (store, folder):
        data = folder / "data"
        described = await asyncio.to_thread(sealed.read, _taker(data))
        await asyncio.to_thread(load, store.address, sealed.database())
        found = await progress(store)
        if found.decisions != described.decisions:
            told_ = "the restored copy ends at decision {found}, the backup at {wanted}"
            raise StoreError(t(told_, found=found.decisions, wanted=described.decisions))
        if not described.keys:
            await asyncio.to_thread(_copy, settings.data / KEYS[-1], data / KEYS[-1])
        there = settings.model_copy(update={"data_folder": data, "audit": AuditSettings()})
        return await verify(store, await Notary.open(there, store), progress=told)


def _taker(data: Path) -> Callable[[Member], None]:
    def take(member: Member) -> None:
        if (name := member.name.removeprefix(DATA)) in _OF_AUDIT:
            make_private((data / name).parent)
            (data / name).write_bytes(member.content.read())
            (data / name).chmod(0o600)

    return take


def _copy(source: Path, target: Path) -> None:
    make_private(target.parent)
    shutil.copyfile(source, target)
    target.chmod(0o600)
