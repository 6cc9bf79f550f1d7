"""Brings the tables up to date: the numbered files of ``schema/``, each once, all in one transaction."""

from __future__ import annotations

from pathlib import Path

from agi_app.store.database import service_rights
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, rows
from agi_app.store.database.versions import FOLDER, Applied, known, still_missing

Q = load_queries("database/migrate")


async def migrate(store: Store, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing and return its names; services' roles get their rights. Two processes at once take turns.

    Open the store with ``check_schema=False``. Raises StoreError when the database is newer than
    this program or an applied file was changed; then nothing was changed.
    """
    done = []
    async with store.transaction() as connection:
        await connection.execute(Q["lock"])
        await connection.execute(Q["create"])
        applied = await rows(connection, Applied, Q["applied"])
        for migration in still_missing(known(folder), applied, store.where):
            await connection.execute(migration.text)
            await connection.execute(
                Q["record"], {"number": migration.number, "name": migration.name, "sha256": migration.sha256}
            )
            done.append(migration.name)
        if applied and done:
            await connection.execute(Q["analyze"])
        if folder == FOLDER:
            await service_rights.grant_all(connection)
    return done
