"""The way out after a restored backup: stops replayed, the loss accepted, a day of no calls; and workers gone for good.

The audit records that entries were given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.clock import Clock
from agi_app.consent import dialled_calls, restored_backup
from agi_app.consent.dialled_calls import DialledCall
from agi_app.consent.journal_end import END_NAME
from agi_app.consent.number_hashes import key_beside
from agi_app.consent.opt_out_journal import FILE_NAME, Journal, JournalEntry
from agi_app.consent.opt_outs import replay
from agi_app.errors import InputError, SafetyError
from agi_app.file_kinds import no_such_file
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.person import WRONG_NUMBER
from agi_app.operations.acting import noted
from agi_app.operations.service.recovery_words import (
    TO_BRING_IN,
    Recovery,
    Tree,
    command,
    damages_of,
    told_behind,
    told_called,
    told_doubt,
    told_how_to_go_on,
    told_late,
    told_restored,
)
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import KnownJournal
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import (
    DatabaseProgress,
    confirm_restored,
    hold_until,
    last_decided_at,
    progress,
)
from agi_app.store.people import stops
from agi_app.store.people.contact_changes import cancel_called, count_unknown_calls

_OF_A_WORKER = (restored_backup.FILE_NAME, dialled_calls.FOLDER, dialled_calls.ENDS_NAME, END_NAME)
_FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
BEFORE_MARKED = dt.timedelta(minutes=1)  # a call is noted no longer before the database has its mark


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an admin says of a restored database, having seen what it lacks; ``name`` is how the audit calls it.

    ``journals``: those of workers whose data folders are not here. ``worked_until`` (rules time): nobody was called
    after that; None: until now, as far as is known. ``lost_stops`` and ``lost_calls``: those in damaged places may be
    lost.
    """

    journals: tuple[Path, ...] = ()
    worked_until: dt.datetime | None = None
    lost_stops: bool = False
    lost_calls: bool = False

    @property
    def name(self) -> str:
        """What the audit notes of it."""
        until = "" if self.worked_until is None else f", calls until {self.worked_until.astimezone(dt.UTC):%FT%TZ}"
        lost = ", stops lost" * self.lost_stops + ", calls lost" * self.lost_calls
        return f"restored database, {len(self.journals)} other journals{until}{lost}"


@noted(Scope.SERVICE_MANAGE, "recover")
async def recover(inst: Installation, journals: Sequence[Path] = ()) -> Recovery:
    """What is missing after a backup was restored, and how to go on. Changes nothing. ConfigError, StoreError."""
    tree = await _tree(Sequencer(inst.store, await Notary.open(inst.settings, inst.store)))
    found = (inst.store, inst.journal, inst.settings.data, inst.clock)
    return await look(*found, tree=tree, others=_others(inst, journals), known=await _known(inst))


async def _known(inst: Installation) -> list[KnownJournal]:
    """What the database knows of the journal that is to be in this data folder."""
    return await nodes.journals_at(inst.store, inst.journal.place, inst.settings.asterisk.entityid)


async def _tree(sequencer: Sequencer) -> Tree | None:
    """What the signed checkpoints say against this database; None: nothing."""
    notary = sequencer.notary
    if (origin := await asyncio.to_thread(notary.of_another_database)) is not None:
        told = (
            "{file}: was signed for another database, which this one replaces: it is kept as {kept}, and the"
            " proof begins again"
        )
        return Tree(t(told, file=notary.file, kept=notary.kept_apart(origin).name), origin)
    behind = await sequencer.behind()
    return None if behind is None else Tree(behind)


@noted(Scope.SERVICE_MANAGE, "recover accept", "acceptance")
async def accept_restored(inst: Installation, acceptance: Acceptance) -> Recovery:
    """Accept what is missing: the stops of the journals are stored again, and nobody is called for a day.

    Raises InputError when somebody was called after ``worked_until`` or a journal or note is damaged, and that is not
    accepted; then nothing is changed. ConfigError, StoreError.
    """
    sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
    tree, others = await _tree(sequencer), _others(inst, acceptance.journals)
    signed = sequencer.notary.last if tree is not None else None
    await _no_later_call(inst, others, acceptance.worked_until, None if signed is None else signed.at)
    known = await _known(inst)
    found = await progress(inst.store)
    damaged = await asyncio.to_thread(damages_of, (inst.journal, *others), inst.settings.data, found, known)
    if damaged.refused(lost_stops=acceptance.lost_stops, lost_calls=acceptance.lost_calls):
        raise InputError("\n".join((t("nothing is accepted yet, for something may be lost:"), *damaged.lines)))
    if tree is not None and tree.lost is not None:
        await asyncio.to_thread(sequencer.notary.keep_apart, tree.lost)
    elif tree is not None:
        await sequencer.restart()
    own = (inst.store, inst.journal, inst.settings.data, inst.clock)
    done = await accept(*own, tree=tree, others=others, worked_until=acceptance.worked_until, known=known)
    if acceptance.lost_stops:
        await _accept_journal(inst, known)
    return done


async def _accept_journal(inst: Installation, known: Sequence[KnownJournal]) -> None:
    """Nobody misses any longer what is gone at its end."""
    doubted = [one for one in known if await asyncio.to_thread(inst.journal.doubt, one) is not None]
    if doubted or await asyncio.to_thread(inst.journal.doubt) is not None:
        await asyncio.to_thread(inst.journal.accept_end)
    for one in doubted:
        await nodes.accept_journal(inst.store, one.entityid)


def _others(inst: Installation, files: Sequence[Path]) -> list[Journal]:
    """Journals of other workers: their data folders, copies of these, or their refusals.jsonl. Raises InputError."""
    named = [file / FILE_NAME if file.is_dir() else file for file in files]
    for file in named:
        if not file.is_file() and not any((file.parent / name).exists() for name in _OF_A_WORKER):
            raise InputError(no_such_file(file))
        if inst.key is not None and key_beside(file) not in (None, inst.key.check_value):
            told = (
                "{folder}: is the data folder of another project (its suppression.key is not this project's): name the"
                " data folders of this project's workers"
            )
            raise InputError(t(told, folder=file.parent))
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
    if not found and await nodes.forget_journal(inst.store, name):  # it has ended, with all of its stops stored
        return
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
    await nodes.forget_journal(inst.store, found[0].entityid)


async def look(
    store: Store,
    journal: Journal,
    data_folder: Path,
    clock: Clock,
    *,
    tree: Tree | None = None,
    others: Sequence[Journal] = (),
    known: Sequence[KnownJournal] = (),
) -> Recovery:
    """Say how this database stands to what the node remembers; changes nothing.

    ``tree``: why the audit tree lacks what was signed; None: it does not. ``others``: journals of other workers.
    ``known``: what the database knows of this node's own.
    """
    found = await progress(store)
    entries = await _entries(journal, others)
    damaged = await asyncio.to_thread(damages_of, (journal, *others), data_folder, found, known)
    to_accept = command(damaged, [one.file for one in others])
    if found.restored is not None:
        hashes = {entry.number_hash for entry in entries if entry.via != WRONG_NUMBER}
        return Recovery(
            False,
            (
                *told_restored(found.restored, len(hashes), await stops.count_missing(store, hashes)),
                *damaged.lines,
                *told_how_to_go_on(tree, to_accept),
            ),
        )
    try:
        restored_backup.compare(restored_backup.read(data_folder), found)
        if tree is not None:
            raise SafetyError(tree.why)
    except SafetyError as error:
        return Recovery(False, told_behind(error, len(entries), tree, damaged, to_accept))
    if others and (lacking := await _lacking(store, data_folder, entries, others)):
        return Recovery(False, (*told_late(*lacking), *damaged.lines, t(TO_BRING_IN, command=to_accept)), late=True)
    if await asyncio.to_thread(_is_doubted, journal, known):
        return Recovery(False, told_doubt(damaged, to_accept), late=True)
    lines = [t("the database is up to date (decision {decisions}); nothing to recover", decisions=found.decisions)]
    if (until := found.hold_until) and until > clock.now():
        lines.append(t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=until))
    return Recovery(not (others and damaged.lines), (*lines, *damaged.lines))


def _is_doubted(journal: Journal, known: Sequence[KnownJournal]) -> bool:
    return any(journal.doubt(one) is not None for one in (None, *known))


async def _lacking(
    store: Store, own: Path, entries: Sequence[JournalEntry], others: Sequence[Journal]
) -> tuple[int, int] | None:
    """Stops and calls of other workers that an accepted database does not have; None: it has all of them."""
    lacks = await stops.count_missing(store, {one.number_hash for one in entries if one.via != WRONG_NUMBER})
    folders = [one.folder for one in others if one.folder != own]
    called = await asyncio.to_thread(lambda: [c for one in folders for c in dialled_calls.read(one, _FIRST)])
    unknown = await count_unknown_calls(store, [c.attempt_id for c in called])
    return (lacks, unknown) if lacks or unknown else None


async def accept(
    store: Store,
    journal: Journal,
    data_folder: Path,
    clock: Clock,
    *,
    tree: Tree | None = None,
    others: Sequence[Journal] = (),
    worked_until: dt.datetime | None = None,
    known: Sequence[KnownJournal] = (),
) -> Recovery:
    """Replay the whole journals, hold all dialling for a day after the last call, and write a new note.

    A database that is not behind is left alone: nobody is held for nothing. ``tree``, ``others`` and ``known`` as for
    ``look``; the audit tree itself is for the caller to restart. ``worked_until``: nobody was called after that.
    """
    seen = await look(store, journal, data_folder, clock, tree=tree, others=others, known=known)
    if seen.well:
        return seen
    if seen.late:
        return await _accept_late(store, clock, await _entries(journal, others), others)
    found = await progress(store)
    new = await replay(store, await _entries(journal, others), "replayed")
    since = await _made_at(store, found)
    called = await _called(data_folder, others, _FIRST if found.restored is None else since)
    calls = [(c.contact_id, c.number_hash, c.attempt_id, c.at >= since) for c in called]
    lines = told_called(*await cancel_called(store, calls))
    last_call = max((c.at for c in called if c.sound), default=_FIRST)
    now = max(clock.now(), last_call)  # the clock was put back
    if (until := _hold(found, data_folder, now, last_call, worked_until)) is not None:
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


async def _accept_late(
    store: Store, clock: Clock, entries: Sequence[JournalEntry], others: Sequence[Journal]
) -> Recovery:
    """What journals bring that turned up later; nobody is called for a day after the last of their calls."""
    new = await replay(store, entries, "replayed")
    told = t("{new} stops of the journals were missing and are in the database now", new=new)
    called = await asyncio.to_thread(lambda: [c for one in others for c in dialled_calls.read(one.folder, _FIRST)])
    if not await count_unknown_calls(store, [one.attempt_id for one in called]):
        return Recovery(True, (told,))
    calls = [(one.contact_id, one.number_hash, one.attempt_id, False) for one in called]
    lines = told_called(*await cancel_called(store, calls))
    until = max(one.at for one in called) + restored_backup.CAP_LOOKS_BACK
    if until > clock.now():
        await hold_until(store, until)
        lines.append(t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=until))
    return Recovery(True, (told, *lines))


async def _made_at(store: Store, found: DatabaseProgress) -> dt.datetime:
    """Rules time from which on this database may lack calls: by its backup, else by the last decision in it."""
    if found.restored is not None:
        return found.restored.rules_at - BEFORE_MARKED
    last = await last_decided_at(store)
    return _FIRST if last is None else last - BEFORE_MARKED


def _hold(
    found: DatabaseProgress,
    data_folder: Path,
    now: dt.datetime,
    last_call: dt.datetime,
    worked_until: dt.datetime | None,
) -> dt.datetime | None:
    """Until when nobody is called, by rules time; None: no call can be missing.

    ``now``: the last noted call's time at least, whatever the clock says.
    """
    if found.restored is not None and worked_until is not None and worked_until <= found.restored.rules_at:
        return None
    until = now + restored_backup.CAP_LOOKS_BACK
    if worked_until is not None:
        return min(until, worked_until + restored_backup.CAP_LOOKS_BACK)
    if found.restored is None:  # else the note is from the backup, and older than the last call
        with contextlib.suppress(SafetyError):  # damaged: a day from now is the longest it can matter
            if (noted := restored_backup.read(data_folder)) is not None:
                return min(until, max(noted.at, last_call) + restored_backup.CAP_LOOKS_BACK)
    return until


async def _called(data_folder: Path, others: Sequence[Journal], since: dt.datetime) -> list[DialledCall]:
    """The calls since then that this worker has noted, and the others whose folders are known."""
    folders = dict.fromkeys((data_folder, *(one.folder for one in others)))
    return await asyncio.to_thread(lambda: [call for one in folders for call in dialled_calls.read(one, since)])
