"""Checks the whole tree against every signed checkpoint, and each row against its leaf.

Trusted are the audit key and the checkpoints that it signed, nothing in the database: its objects are
compared with those of the migrations first, and hashes are computed here. A changed row no longer fits
its leaf; leaves that were changed, moved, inserted or taken away give another root than the one that
was signed. All checkpoints are compared on one walk over the leaves, which also shows that each only adds to
the one before.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from agi_app.audit import checkpoint_files, erasures
from agi_app.audit.checkpoint import Checkpoint, newest
from agi_app.audit.entries import TABLES
from agi_app.audit.findings import AuditReport, in_force
from agi_app.audit.tree import Frontier, leaf_hash
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import ConfigError, InputError
from agi_app.messages import t, template
from agi_app.proof import fact_stamps
from agi_app.proof.notary import Notary
from agi_app.store.database import catalog, dump
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit, audit_check
from agi_app.store.screening import guard_changes

BATCH = 20_000  # leaves
LONGEST_TRANSACTION = dt.timedelta(hours=1)  # no row is committed later than that after it was written
OFTEN_ENOUGH = dt.timedelta(minutes=10)  # between two checkpoints that rows' times are compared with
NAMED = 20  # of the rows in a part of the tree that is not as it was signed
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Look:
    """One verification under way."""

    connection: Connection
    report: AuditReport
    checkpoints: list[Checkpoint]
    size: int
    hash_number: Callable[[str], bytes]
    excused: dict[tuple[str, int | str], int | str | None] = field(default_factory=dict)
    untold: int = 0  # erased rows of which nothing says what was left


async def verify(
    store: Store, notary: Notary, *, witness: Path | None = None, progress: Progress = lambda _done, _total: None
) -> AuditReport:
    """Look at everything up to the newest checkpoint of any place; ``witness`` is a file to use as witness copy.

    Raises InputError when that file is not one, ConfigError or StoreError when something cannot be read.
    """
    report = AuditReport()
    checkpoints = await _checkpoints(store, notary, witness, report)
    async with audit.snapshot(store) as connection:
        for name, what in await catalog.differences(connection):
            report.add("catalog", f"{name} {what}", name)
        found = await audit.size(connection)
        look = _Look(connection, report, checkpoints, found.leaves, store.hash_number)
        report.checkpoint = checkpoints[-1] if checkpoints else None
        report.not_covered = max(0, found.leaves - report.entries) + found.queued
        if found.leaves and not checkpoints:
            report.add(
                "checkpoint", t("{leaves} leaves, but there is no signed checkpoint anywhere", leaves=found.leaves)
            )
        if found.leaves < report.entries:
            text = t(
                "leaves {leaves} to {entries} were signed and are gone", leaves=found.leaves, entries=report.entries - 1
            )
            report.add("truncated", text, "audit_leaf", leaf=found.leaves)
        await _read_erasures(look, notary)
        await _walk(look, progress)
        if look.untold:
            report.notes.append(
                t(
                    "{untold} rows were erased before erasures said what they leave: only their presence was checked",
                    untold=look.untold,
                )
            )
        await _look_for_strangers(look)
        await fact_stamps.compare(connection, report, notary.stamper, look.excused)
    return report


async def verify_dump(
    settings: Settings,
    hash_number: Callable[[str], bytes],
    file: Path,
    *,
    witness: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> AuditReport:
    """As ``verify``, of the rows in ``file`` (``pg_dump``, as text or ``-Fc``), in our own server.

    Nothing of the database that they are from answers for it.

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
    report.notes.append(
        t("the rows of {tables} tables of {name} were checked in a separate server", tables=tables, name=file.name)
    )
    return report


async def _checkpoints(store: Store, notary: Notary, witness: Path | None, report: AuditReport) -> list[Checkpoint]:
    """Every checkpoint that is in force, from all places; forged and rolled back ones are faults."""
    places = {str(notary.file): await asyncio.to_thread(checkpoint_files.read, notary.file)}
    if witness is not None:
        places[str(witness)] = await asyncio.to_thread(checkpoint_files.read, witness)
        if not places[str(witness)]:
            raise InputError(
                t("{witness}: there are no checkpoints; name the witness copy of the checkpoint file", witness=witness)
            )
    elif notary.witness_file is not None:
        try:
            places[str(notary.witness_file)] = await asyncio.to_thread(checkpoint_files.read, notary.witness_file)
        except ConfigError as error:
            report.notes.append(t("the witness copy was not looked at: {error}", error=error))
    places["audit_checkpoint"] = await audit.checkpoints(store)
    good: dict[str, Checkpoint] = {}
    bad: Counter[tuple[str, str]] = Counter()
    for place, notes in places.items():
        for note in notes:
            if note not in good:
                try:
                    good[note] = notary.read(note)
                except ValueError as error:
                    bad[place, str(error)] += 1
    for (place, why), times in bad.items():
        many = "a checkpoint" if times == 1 else t("each of {times} checkpoints", times=times)
        report.add("forged checkpoint", f"{place}: {many} {why}", place)
    if bad and not good:
        report.notes.append(
            t("no checkpoint is of this database: is it the right one (database_url, data_folder), not a new one?")
        )
    _look_for_rollback(good, notary, places, report)
    report.notes += [
        t(
            "the database was restored: {lost} entries beyond {size} were given up at {at:%F %H:%M} UTC",
            lost=c.lost - c.size,
            size=c.size,
            at=c.at,
        )
        for c in good.values()
        if c.lost is not None
    ]
    return in_force(good.values())


def _look_for_rollback(
    good: dict[str, Checkpoint], notary: Notary, places: dict[str, list[str]], report: AuditReport
) -> None:
    """What this data folder has signed must be in its own file up to the last one."""
    last = newest(c for c in good.values() if c.by == notary.by)
    kept = newest(good[note] for note in places[str(notary.file)] if note in good)
    if last and (kept is None or last.at > kept.at):
        text = t(
            "the file lacks the checkpoint of {size} entries that was written to it at {at:%F %T} UTC",
            size=last.size,
            at=last.at,
        )
        report.add("checkpoint rolled back", f"{notary.file}: {text}", str(notary.file))


async def _read_erasures(look: _Look, notary: Notary) -> None:
    for row in await audit_check.erasures(look.connection):
        if erasures.is_signed(row, bytes(row.signature), notary.public):
            look.excused |= erasures.excuses(row.erased)
        else:
            text = t("the erasure is not signed with the audit key: it excuses nothing")
            look.report.add("forged erasure", text, "erasure", row.erasure_id)


async def _walk(look: _Look, progress: Progress) -> None:
    """Once over all leaves: their hashes against the checkpoints, their rows against them."""
    tree: Frontier | None = Frontier()
    agreed = 0
    for start, end in pairwise([*range(0, look.size, BATCH), look.size]):
        hashes = await audit.hashes(look.connection, 0, start, end)
        if len(hashes) != end - start:
            tree = None
            for leaf in await audit_check.missing_leaves(look.connection, start, end):
                look.report.add("removed", t("leaf {leaf} is gone", leaf=leaf), "audit_leaf", leaf=leaf)
        if tree is not None:
            tree, agreed = await _compare_roots(look, tree, hashes, agreed)
        await _compare_rows(look, start, end)
        progress(end, look.size)


async def _compare_roots(look: _Look, tree: Frontier, hashes: list[bytes], agreed: int) -> tuple[Frontier | None, int]:
    """Grow the tree by ``hashes``, stopping at each signed size; the tree (None after a fault), and what agreed."""
    start, end = tree.size, tree.size + len(hashes)
    for found in (made for made in look.checkpoints if start < made.size <= end):
        list(tree.extend(hashes[tree.size - start : found.size - start]))
        if tree.root != found.root:
            await _name_part(look, agreed, found)
            return None, agreed
        agreed = found.size
        look.report.checkpoints += 1
    list(tree.extend(hashes[tree.size - start :]))
    return tree, agreed


async def _name_part(look: _Look, agreed: int, found: Checkpoint) -> None:
    rows = await audit_check.leaves_of(look.connection, agreed, min(found.size, agreed + NAMED))
    named = ", ".join(f"{leaf}: {TABLES.get(kind, kind)} {row_id}" for leaf, kind, row_id in rows)
    text = t(
        "leaves {agreed} to {size} are not those signed at {at:%F %T} UTC: changed, moved, inserted or"
        " taken away ({named}{more})",
        agreed=agreed,
        size=found.size - 1,
        at=found.at,
        named=named,
        more=", …" if found.size - agreed > NAMED else "",
    )
    look.report.add("reordered", text, "audit_leaf", leaf=agreed)


async def _compare_rows(look: _Look, start: int, end: int) -> None:
    not_before = _not_before(look.checkpoints, start, end)
    for kind in await audit_check.kinds_of(look.connection, start, end):
        if kind not in TABLES:
            look.report.add("inserted", t("leaves of an unknown kind {kind}", kind=kind), "audit_leaf", leaf=start)
            continue
        for row in await audit_check.leaves_with_rows(look.connection, kind, start, end):
            if fault := _fault(look, kind, row, not_before):
                look.report.add(*fault, TABLES[kind], row.row_id, row.leaf)


def _fault(
    look: _Look, kind: str, row: audit_check.LeafRow, not_before: list[tuple[int, dt.datetime]]
) -> tuple[str, str] | None:
    """What is wrong with a row, in a word and in a sentence."""
    named = f"{TABLES[kind]} {row.row_id}"
    if not _fits(row):
        if _is_what_erasure_left(look, kind, row):
            look.report.erased += 1
            return None
        what, say = ("removed", t("is gone")) if row.payload is None else ("changed", template("was changed"))
        since = t(" after its erasure") if (kind, row.row_id) in look.excused else ""
        return what, t("{named} (leaf {leaf}) {say}{since}", named=named, leaf=row.leaf, say=say, since=since)
    if row.recorded_at and row.recorded_at < _earliest(not_before, row.leaf):
        told = t("says {recorded_at:%F %T}, but was not there long after that", recorded_at=row.recorded_at)
        return "backdated", t("{named} (leaf {leaf}) {told}", named=named, leaf=row.leaf, told=told)
    if kind == "person" and not _is_hash_of_number(row, look):
        return "forged fact", t("{named} has a hash that is not of the number: no stop would fit it", named=named)
    return None


def _fits(row: audit_check.LeafRow) -> bool:
    """Whether the leaf was made of what the row says; worked out here, by nothing that the database could redefine."""
    if row.payload is None or row.nonce is None:
        return False
    return leaf_hash(row.nonce + row.payload.encode()) == row.hash


def _is_what_erasure_left(look: _Look, kind: str, row: audit_check.LeafRow) -> bool:
    if row.payload is None or (kind, row.row_id) not in look.excused:
        return False
    left = look.excused[kind, row.row_id]
    look.untold += left is None
    return left is None or left == erasures.left(row.payload)


def _is_hash_of_number(row: audit_check.LeafRow, look: _Look) -> bool:
    """Also of a person who was erased, with a signature, before the row was sealed: then there is no number."""
    told = json.loads(row.payload or "{}")
    if not told["number"].startswith("+"):
        return ("person", row.row_id) in look.excused
    try:
        return bool(look.hash_number(told["number"]).hex() == told["number_hash"])
    except ValueError:
        return False


def _earliest(not_before: list[tuple[int, dt.datetime]], leaf: int) -> dt.datetime:
    """No row of this leaf was there before that."""
    place = bisect_right(not_before, leaf, key=lambda pair: pair[0])
    return not_before[place - 1][1] if place else dt.datetime.min.replace(tzinfo=dt.UTC)


def _not_before(checkpoints: list[Checkpoint], start: int, end: int) -> list[tuple[int, dt.datetime]]:
    """From which leaf on no row can be older than when: the last checkpoint before the part, then some inside it."""
    found: list[tuple[int, dt.datetime]] = []
    for made in checkpoints:
        since = made.at - LONGEST_TRANSACTION
        if made.size <= start:
            found = [(made.size, since)]
        elif made.size < end and (not found or since - found[-1][1] >= OFTEN_ENOUGH):
            found.append((made.size, since))
    return found


async def _look_for_strangers(look: _Look) -> None:
    """Rows that came past the triggers, and what tells another story than its row in the tree."""
    for kind, table in TABLES.items():
        for row_id in await audit_check.unsealed(look.connection, kind):
            text = t(
                "{table} {row_id} has no leaf and was never queued for one: it was put in by hand",
                table=table,
                row_id=row_id,
            )
            look.report.add("inserted", text, table, row_id)
    for aside in await audit.set_aside(look.connection):
        if (gone := aside.kind.removeprefix(audit.GONE)) != aside.kind:
            table = TABLES.get(gone, gone)
            text = t(
                "{table} {one} was queued for a leaf and is gone ({rows} rows)",
                table=table,
                one=aside.one,
                rows=aside.rows,
            )
            look.report.add("removed", text, table, aside.one)
        else:
            text = t(
                "{rows} rows of the unknown kind {kind}, such as {one}, are queued for a leaf",
                rows=aside.rows,
                kind=aside.kind,
                one=aside.one,
            )
            look.report.add("inserted", text, "audit_queue")
    for odd in await guard_changes.false_rows(look.connection, look.hash_number):
        look.report.add("changed", odd.text, odd.table, odd.row, odd.leaf)
    for found in await audit_check.false_attempts(look.connection):
        text = t("attempt {attempt_id} does not say what its last result says", attempt_id=found.attempt_id)
        look.report.add("changed", text, "attempt", found.attempt_id, found.leaf)
