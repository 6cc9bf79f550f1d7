"""The way out after a restored backup: stops replayed, the loss accepted, a day of no calls; and workers gone for good.

The audit records that entries were given up.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.suggestions import no_such
from agi_app.clock import Clock
from agi_app.consent import restored_backup
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.opt_outs import replay
from agi_app.errors import InputError, SafetyError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.store.calling import nodes
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import hold_until, progress


@dataclass(frozen=True, slots=True)
class Recovery:
    """Lines for people; ``well`` when a worker may start."""

    well: bool
    lines: tuple[str, ...]


@noted(Scope.SERVICE_MANAGE, "recover")
async def recover(inst: Installation, *, accept_restored: bool = False) -> Recovery:
    """What is missing after a backup was restored, and how to go on. Changes nothing unless it is accepted.

    Accepted, the stops of the journal are stored again, and nobody is called for a day. Raises ConfigError, StoreError.
    """
    sequencer = Sequencer(inst.store, await Notary.open(inst.settings, inst.store))
    tree = await sequencer.behind()
    if accept_restored and tree is not None:
        await sequencer.restart()
    go_on = accept if accept_restored else look
    return await go_on(inst.store, inst.journal, inst.settings.data, inst.clock, tree=tree)


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


async def look(store: Store, journal: Journal, data_folder: Path, clock: Clock, *, tree: str | None = None) -> Recovery:
    """Say how this database stands to what the node remembers; changes nothing.

    ``tree``: why the audit tree lacks what was signed; None: it does not.
    """
    found = await progress(store)
    in_journal = len(await asyncio.to_thread(lambda: list(journal.unflushed(0))))
    try:
        restored_backup.compare(restored_backup.read(data_folder), found)
        if tree is not None:
            raise SafetyError(tree)
    except SafetyError as error:
        return Recovery(
            False,
            (
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
            ),
        )
    lines = [t("the database is up to date (decision {decisions}); nothing to recover", decisions=found.decisions)]
    if (until := found.hold_until) and until > clock.now():
        lines.append(t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=until))
    return Recovery(True, tuple(lines))


async def accept(
    store: Store, journal: Journal, data_folder: Path, clock: Clock, *, tree: str | None = None
) -> Recovery:
    """Replay the whole journal, hold all dialling for a day after the last note, and write a new note.

    A database that is not behind is left alone: nobody is held for nothing. ``tree`` as for ``look``; the audit tree
    itself is for the caller to restart.
    """
    seen = await look(store, journal, data_folder, clock, tree=tree)
    if seen.well:
        return seen
    found = await progress(store)
    entries = await asyncio.to_thread(lambda: list(journal.unflushed(0)))
    new = await replay(store, entries, "replayed")
    until = clock.now() + restored_backup.CAP_LOOKS_BACK
    with contextlib.suppress(SafetyError):  # damaged: a day from now is the longest it can matter
        if (noted := restored_backup.read(data_folder)) is not None:
            until = min(until, restored_backup.dial_again_at(noted))
    await hold_until(store, until)
    restored_backup.write(data_folder, found, clock.now())
    return Recovery(
        True,
        (
            t(
                "accepted at decision {decisions}; {new} stops of the journal were missing and are in the database now",
                decisions=found.decisions,
                new=new,
            ),
            t("nobody is called before {until:%Y-%m-%d %H:%M} UTC", until=until),
        ),
    )


_GIVEN_UP = "The proof will say permanently that the audit entries which this database lacks were given up."
