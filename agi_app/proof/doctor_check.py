"""What `agi-app doctor` says about the audit: database objects, key, how far the tree is signed, the witness copy."""

from __future__ import annotations

import asyncio
import datetime as dt
import os

from agi_app.audit import checkpoint_files
from agi_app.audit.checkpoint import Checkpoint
from agi_app.config.settings import Settings
from agi_app.errors import AgiAppError, ConfigError
from agi_app.model.finding import Finding
from agi_app.proof.notary import Notary
from agi_app.store.calling import nodes
from agi_app.store.database import catalog
from agi_app.store.database.pool import Store
from agi_app.store.ledger import audit

BEHIND = dt.timedelta(minutes=1)  # a running sequencer signs each second
WITNESS_BEHIND = dt.timedelta(minutes=5)  # and its witness each minute
WITNESS_S = 10.0
CATALOG_MEND = "docs/how-to/audit.md: when the database's objects differ"


async def look(settings: Settings, store: Store) -> list[Finding]:
    """Look at all of it; faults are in the answer. Raises StoreError."""
    objects = await catalog.fault(store)
    seen = Finding("database objects", objects or "as this version makes them", CATALOG_MEND if objects else "")
    try:
        notary = await Notary.open(settings, store)
        last = await notary.newest(store)
    except AgiAppError as error:
        return [seen, Finding("audit", str(error), "see the message; docs/how-to/audit.md")]
    return [seen, await _tree(store, last), await _witness(notary, last)]


async def _tree(store: Store, last: Checkpoint | None) -> Finding:
    size = await audit.size_of(store)
    text = f"{last.size} entries signed at {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "nothing is signed yet"
    if last and last.size > size.leaves:
        return Finding("audit", f"{text}, but the database has only {size.leaves}", "agi-app audit verify")
    if waiting := size.queued + size.leaves - (last.size if last else 0):
        text += f"; {waiting} rows are newer"
    working = any(node.alive for node in await nodes.all_nodes(store))
    if working and waiting and last and store.clock.real_now() - last.at > BEHIND:
        return Finding("audit", text + ", though a worker runs", "see the worker's log")
    return Finding("audit", text)


async def _witness(notary: Notary, last: Checkpoint | None) -> Finding:
    if (file := notary.witness_file) is None:
        without = "without one, a change of both the database and the data folder is not noticed"
        return Finding("audit witness", f"none; {without} ([audit] witness)")
    mend = f"mount or make {file.parent}, writable for this user"
    try:
        async with asyncio.timeout(WITNESS_S):
            writable = await asyncio.to_thread(os.access, file.parent, os.W_OK)
            notes = await asyncio.to_thread(checkpoint_files.read, file)
    except (ConfigError, TimeoutError) as error:
        return Finding("audit witness", str(error) or f"{file.parent}: hangs", mend)
    if not writable:
        return Finding("audit witness", f"{file.parent}: is not there or cannot be written", mend)
    try:
        kept = notary.read(notes[-1]) if notes else None
    except ValueError as error:
        return Finding("audit witness", f"{file}: its last checkpoint {error}", "agi-app audit verify")
    if last and (kept is None or last.at - kept.at > WITNESS_BEHIND):
        text = f"{file}: its last checkpoint is of {kept.at:%Y-%m-%d %H:%M} UTC" if kept else f"{file}: is empty"
        return Finding("audit witness", text, mend + "; `agi-app audit checkpoint` writes to it now")
    return Finding("audit witness", str(file))
