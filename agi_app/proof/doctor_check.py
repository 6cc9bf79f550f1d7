"""What `agi-app doctor` says about the audit: database objects, key, how far the tree is signed, the witness copy."""

from __future__ import annotations

import asyncio
import datetime as dt
import os

from agi_app.audit import checkpoint_files
from agi_app.audit.checkpoint import Checkpoint
from agi_app.config.settings import Settings
from agi_app.errors import AgiAppError, ConfigError
from agi_app.messages import t
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
    seen = Finding("database objects", objects or t("as this version makes them"), t(CATALOG_MEND) if objects else "")
    try:
        notary = await Notary.open(settings, store)
        last = await notary.newest(store)
    except AgiAppError as error:
        return [seen, Finding("audit", str(error), t("see the message; docs/how-to/audit.md"))]
    return [seen, await _tree(store, last), await _witness(notary, last)]


async def _tree(store: Store, last: Checkpoint | None) -> Finding:
    size = await audit.size_of(store)
    text = (
        t("{size} entries signed at {at:%Y-%m-%d %H:%M:%S} UTC", size=last.size, at=last.at)
        if last
        else t("nothing is signed yet")
    )
    if last and last.size > size.leaves:
        return Finding(
            "audit",
            t("{text}, but the database has only {leaves}", text=text, leaves=size.leaves),
            "agi-app audit verify",
        )
    if waiting := size.queued + size.leaves - (last.size if last else 0):
        text += t("; {waiting} rows are newer", waiting=waiting)
    working = any(node.alive for node in await nodes.all_nodes(store))
    if working and waiting and last and store.clock.real_now() - last.at > BEHIND:
        return Finding("audit", text + t(", though a worker runs"), t("see the worker's log"))
    return Finding("audit", text)


async def _witness(notary: Notary, last: Checkpoint | None) -> Finding:
    if (file := notary.witness_file) is None:
        without = t("without one, a change of both the database and the data folder is not noticed")
        return Finding("audit witness", t("none; {without} ([audit] witness)", without=without))
    mend = t("mount or make {parent}, writable for this user", parent=file.parent)
    try:
        async with asyncio.timeout(WITNESS_S):
            writable = await asyncio.to_thread(os.access, file.parent, os.W_OK)
            notes = await asyncio.to_thread(checkpoint_files.read, file)
    except (ConfigError, TimeoutError) as error:
        return Finding("audit witness", str(error) or t("{parent}: hangs", parent=file.parent), mend)
    if not writable:
        return Finding("audit witness", t("{parent}: is not there or cannot be written", parent=file.parent), mend)
    try:
        kept = notary.read(notes[-1]) if notes else None
    except ValueError as error:
        return Finding(
            "audit witness", t("{file}: its last checkpoint {error}", file=file, error=error), "agi-app audit verify"
        )
    if last and (kept is None or last.at - kept.at > WITNESS_BEHIND):
        text = (
            t("{file}: its last checkpoint is of {at:%Y-%m-%d %H:%M} UTC", file=file, at=kept.at)
            if kept
            else t("{file}: is empty", file=file)
        )
        return Finding("audit witness", text, mend + t("; `agi-app audit checkpoint` writes to it now"))
    return Finding("audit witness", str(file))
