"""The way out after a restored backup: stops replayed, the loss accepted, a day of no calls; and workers gone for good.

The audit records that entries were given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.clock import Clock
from agi_app.consent import dialled_calls, restored_backup
from agi_app.consent.dialled_calls import DialledCall
from agi_app.consent.opt_out_journal import FILE_NAME, Journal, JournalEntry
from agi_app.consent.opt_outs import replay
from agi_app.errors import InputError, SafetyError
from agi_app.file_kinds import no_such_file
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.person import WRONG_NUMBER
from agi_app.operations.acting import noted
from agi_app.printable import count_of
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import DatabaseProgress, RestoredFrom, confirm_restored, hold_until, progress
from agi_app.store.people import stops
from agi_app.store.people.contact_changes import cancel_called

BEFORE_MARKED = dt.timedelta(minutes=1)  # a call is noted no longer before the database has its mark


@dataclass(frozen=True, slots=True)
class Recovery:
    """Lines for people; ``well`` when a worker may start."""

    well: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an admin says of a restored database, having seen what it lacks; ``name`` is how the audit calls it.

    ``journals``: those of workers whose data folders are not here. ``worked_until`` (rules time): nobody was called
    after that; None: until now, as far as is known.
    """

    journals: tuple[Path, ...] = ()
    worked_until: dt.datetime | None = None

    @property
    def name(self) -> str:
        """What the audit notes of it."""
        until = "" if self.worked_until is None else f", calls until {self.worked_until.astimezone(dt.UTC):%FT%TZ}"
        return f"restored database, {len(self.journals)} other journals{until}"


@noted(Scope.SERVICE_MANAGE, "recover")
async def recover(inst: Installation, journals: Sequence[Path] = ()) -> Recovery:
    """What is missing after a backup was restored, and how to go on. Changes nothing. ConfigError, StoreError."""
    tree = await Sequencer(inst.store, await Notary.open(inst.settings, inst.store)).behind()
    found = (inst.store, inst.journal, inst.settings.data, inst.clock)
    return await look(*found, tree=tree, others=_others(inst, journals))


@noted(Scope.SERVICE_MANAGE, "recover accept", "acceptance")
async def accept_restored(inst: Installation, acceptance: Acceptance) -> Recovery:
    """Accept what is missing: the stops of the journals are stored again, and nobody is called for a day.

    Raises InputError when somebody was called after ``worked_until``, ConfigError, StoreError.
    """
    sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
    tree, others = await sequencer.behind(), _others(inst, acceptance.journals)
    signed = sequencer.notary.last if tree is not None else None
    await _no_later_call(inst, others, acceptance.worked_until, None if signed is None else signed.at)
    if tree is not None:
        await sequencer.restart()
    found = (inst.store, inst.journal, inst.settings.data, inst.clock)
    return await accept(*found, tree=tree, others=others, worked_until=acceptance.worked_until)


def _others(inst: Installation, files: Sequence[Path]) -> list[Journal]:
    """Journals of other workers: their data folders, copies of these, or their refusals.jsonl. Raises InputError."""
    named = [file / FILE_NAME if file.is_dir() else file for file in files]
    for file in named:
        if not file.is_file():
            raise InputError(no_such_file(file))
    return [Journal.at(file, inst.clock) for file in named]


async def _no_later_call(
    inst: Installation, others: Sequence[Journal], until: dt.datetime | None, signed: dt.datetime | None
) -> None:
    """Refuse an end of the calls that this node's note, a journal or a signature contradicts."""
    if until is None:
        return
    ends = [dt.datetime.fromisoformat(entry.at) for entry in await _entries(inst.journal, others)]
    ends += [call.at for call in await _called(inst.settings.data, others, until)]
    with contextlib.suppress(SafetyError):
        if (noted := await asyncio.to_thread(restored_backup.read, inst.settings.data)) is not None:
            ends.append(noted.at)
    if signed is not None:
        ends.append(signed + inst.clock.offset)
    if (last := max(ends, default=until)) > until:
        told = (
            "a worker was at work at {last:%Y-%m-%d %H:%M} UTC, later than {until:%Y-%m-%d %H:%M} UTC: name that time"
        )
        raise InputError(t(told, last=last.astimezone(dt.UTC), until=until.astimezone(dt.UTC)))


async def _entries(journal: Journal, others: Sequence[Journal]) -> list[JournalEntry]:
    return await asyncio.to_thread(lambda: [e for one in (journal, *others) for e in one.unflushed(0)])


@noted(Scope.SERVICE_MANAGE, "forget-node", "name")
async def forget_node(inst: Installation, name: str) -> None:
    """Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost.

    ``name`` is the worker's, or its entityid. Raises InputError when there is none, several, or it is alive.
    """
    known = await nodes.all_nodes(inst.store)
    found = [n for n in known if n.entityid == name] or [n for n in known if n.name == name]
    if not found:
        raise no_such("worker", name, [n.name for n in known])
    if len(found) > 1:
        ids = ", ".join(
            t("{entityid} (seen {seen_at:%Y-%m-%d %H:%M} UTC)", entityid=n.entityid, seen_at=n.seen_at) for n in found
        )
        raise InputError(
            t(
                "{found} workers have the name {name}; name one by its entityid: {ids}",
                found=len(found),
                name=name,
                ids=ids,
            )
        )
    if found[0].alive:
        raise InputError(t("worker {name} is alive; end it first, then its journal is stored automatically", name=name))
    await nodes.forget_node(inst.store, found[0].entityid)


async def look(
    store: Store,
    journal: Journal,
    data_folder: Path,
    clock: Clock,
    *,
    tree: str | None = None,
    others: Sequence[Journal] = (),
) -> Recovery:
    """Say how this database stands to what the node remembers; changes nothing.

    ``tree``: why the audit tree lacks what was signed; None: it does not. ``others``: journals of other workers.
    """
    found = await progress(store)
    entries = await _entries(journal, others)
    if found.restored is not None:
        hashes = {entry.number_hash for entry in entries if entry.via != WRONG_NUMBER}
        return Recovery(
            False, (*_told(found.restored, len(hashes), await stops.count_missing(store, hashes)), *_more(tree))
        )
    try:
        restored_backup.compare(restored_backup.read(data_folder), found)
        if tree is not None:
            raise SafetyError(tree)
    except SafetyError as error:
        return Recovery(False, _behind(error, len(entries), tree))
    lines = [t("the database is up to date (decision {decisions}); nothing to recover", decisions=found.decisions)]
    if (until := found.hold_until) and until > clock.now():
        lines.append(t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=until))
    return Recovery(True, tuple(lines))


def _behind(error: SafetyError, in_journal: int, tree: str | None) -> tuple[str, ...]:
    """What to know of a database that is behind this node."""
    return (
        str(error),
        t(
            "The journal of this node has {in_journal} stops; they go into this database when it is accepted.",
            in_journal=in_journal,
        ),
        t(
            "Calls made after the backup are lost to it: the people called then could be called again too"
            " soon. So accepting it also keeps everybody from being called for a day."
        ),
        t(
            "Caps of a week or a month, and the gap after a declined call, will not count the lost calls:"
            " keep campaigns paused for longer if they matter."
        ),
        *(() if tree is None else (t(_GIVEN_UP),)),
        t("On the other nodes the same has to be done with their own journals."),
        t("To accept: agi-app recover --accept-restored"),
    )


async def accept(
    store: Store,
    journal: Journal,
    data_folder: Path,
    clock: Clock,
    *,
    tree: str | None = None,
    others: Sequence[Journal] = (),
    worked_until: dt.datetime | None = None,
) -> Recovery:
    """Replay the whole journals, hold all dialling for a day after the last call, and write a new note.

    A database that is not behind is left alone: nobody is held for nothing. ``tree`` and ``others`` as for ``look``;
    the audit tree itself is for the caller to restart. ``worked_until``: nobody was called after that.
    """
    seen = await look(store, journal, data_folder, clock, tree=tree, others=others)
    if seen.well:
        return seen
    found = await progress(store)
    new = await replay(store, await _entries(journal, others), "replayed")
    lines: list[str] = []
    if found.restored is not None:
        called = await _called(data_folder, others, found.restored.rules_at - BEFORE_MARKED)
        lines = _told_called(*await cancel_called(store, [(c.contact_id, c.number_hash, c.attempt_id) for c in called]))
    if (until := _hold(found, data_folder, clock, worked_until)) is not None:
        await hold_until(store, until)
    restored_backup.write(data_folder, found, clock.now())
    await confirm_restored(store)
    held = (await progress(store)).hold_until
    told = "accepted at decision {decisions}; {new} stops of the journal were missing and are in the database now"
    lines.insert(0, t(told, decisions=found.decisions, new=new))
    waits = held is not None and held > clock.now()
    lines.append(
        t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=held)
        if waits
        else t("no call is missing: the campaigns go on")
    )
    return Recovery(True, tuple(lines))


def _hold(
    found: DatabaseProgress, data_folder: Path, clock: Clock, worked_until: dt.datetime | None
) -> dt.datetime | None:
    """Until when nobody is called, by rules time; None: no call can be missing."""
    if found.restored is not None and worked_until is not None and worked_until <= found.restored.rules_at:
        return None
    until = clock.now() + restored_backup.CAP_LOOKS_BACK
    if worked_until is not None:
        return min(until, worked_until + restored_backup.CAP_LOOKS_BACK)
    if found.restored is None:  # else the note is from the backup, and older than the last call
        with contextlib.suppress(SafetyError):  # damaged: a day from now is the longest it can matter
            if (noted := restored_backup.read(data_folder)) is not None:
                return min(until, restored_backup.dial_again_at(noted))
    return until


def _told(restored: RestoredFrom, in_journals: int, missing: int) -> tuple[str, ...]:
    """What a database lacks that was restored from a backup."""
    running, nodes = ", ".join(restored.running) or "-", ", ".join(restored.nodes) or "-"
    return (
        t(
            "This database was restored from the backup of {made:%Y-%m-%d %H:%M} UTC (decision {decisions}). What came"
            " after is missing: calls and answers, imports, consents, changes; nobody is called until you confirm it.",
            made=dt.datetime.fromisoformat(restored.made_at),
            decisions=restored.decisions,
        ),
        t(
            "The journals have {in_journals} stops, {missing} of them not in this database; they go into it when you"
            " confirm.",
            in_journals=in_journals,
            missing=missing,
        ),
        t(
            "Workers at the time of the backup: {nodes}. Name the data folder of each, or its copy, with --journal: it"
            " has the stops and the calls that came after the backup. Without it they are lost.",
            nodes=nodes,
        ),
        t("These campaigns go on then: {running}. Pause those that must not.", running=running),
        t(
            "People who were called after the backup could be called again too soon, so nobody is called for 25 hours"
            " after the last call: --worked-until TIME says when that was, at the latest; without it, it is now."
        ),
    )


def _told_called(cancelled: Counter[str], strangers: int) -> list[str]:
    lines = []
    if cancelled:
        told = "contacts that were called after the backup, and are cancelled so that nobody calls them again: {counts}"
        lines = [t(told, counts=", ".join(f"{name} {number}" for name, number in sorted(cancelled.items())))]
    if strangers:
        calls = count_of(strangers, "call was", "calls were")
        told = "{calls} to contacts that came after the backup and are not here: leave them out when you import again"
        lines.append(t(told, calls=calls))
    return lines


async def _called(data_folder: Path, others: Sequence[Journal], since: dt.datetime) -> list[DialledCall]:
    """The calls since then that this worker has noted, and the others whose folders are known."""
    folders = dict.fromkeys((data_folder, *(one.folder for one in others)))
    return await asyncio.to_thread(lambda: [call for one in folders for call in dialled_calls.read(one, since)])


def _more(tree: str | None) -> tuple[str, ...]:
    given_up = () if tree is None else (tree, t(_GIVEN_UP))
    return (*given_up, t("To confirm: agi-app recover --accept-restored"))


_GIVEN_UP = "The proof will say permanently that the audit entries which this database lacks were given up."
