"""Verifies the rows of a dump in our own server: nothing of the database that they are from answers for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from agi_app.audit.findings import AuditReport
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.proof.notary import Notary
from agi_app.proof.verify import Progress, verify
from agi_app.store.database import dump
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store


async def verify_dump(
    settings: Settings,
    hash_number: Callable[[str], bytes],
    file: Path,
    *,
    witness: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> AuditReport:
    """As ``verify``, of the rows in ``file`` (``pg_dump``, as text or ``-Fc``); the project's database is not asked.

    Raises InputError when it is no dump of this version, and as ``verify``.
    """
    with tempfile.TemporaryDirectory(prefix="agi-app-") as folder:
        store = await Store.open(
            None, Path(folder), clock=Clock(), hash_number=hash_number, fast=True, check_schema=False
        )
        try:
            await migrate(store)
            tables = await dump.load(store, file)
            report = await verify(store, await Notary.open(settings, store), witness=witness, progress=progress)
        finally:
            await store.close()
    report.notes.append(f"the rows of {tables} tables of {file.name} were checked in a separate server")
    return report
