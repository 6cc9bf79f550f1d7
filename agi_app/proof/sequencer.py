"""The one writer of the tree: gives every committed row a leaf and signs a checkpoint each second.

One process a database does this (a lock in the database says which); each worker stands by. Rows come from a queue
that the writing transactions fill, so a row that is committed late is only later in the tree, never missed. Leaves
are committed before they are signed: after a crash the next run signs what it finds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agi_app import log
from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.tree import Frontier
from agi_app.errors import AgiAppError, InputError, SafetyError
from agi_app.proof import reader
from agi_app.proof.notary import Notary
from agi_app.store import audit
from agi_app.store.audit import Seat
from agi_app.store.pool import Store

BATCH = 4000  # about so many rows in one transaction; a queued row of a bulk import brings up to 1000 at once
EVERY_S = 1.0
STAND_BY_S = 5.0
LAST_WORDS_S = 10.0

_log = log.get("audit")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round did; ``checkpoint`` None: nothing new."""

    entries: int
    checkpoint: Checkpoint | None


class Sequencer:
    """Sequences one database: ``run`` for a worker, ``once`` for a command."""

    def __init__(self, store: Store, notary: Notary) -> None:
        self._store, self._notary = store, notary
        self._trouble: str | None = None

    async def run(self) -> None:
        """Stand by, become the sequencer, seal and sign each second, until cancelled; faults are logged and retried."""
        while True:
            try:
                await self._serve()
            except AgiAppError as error:
                if str(error) != self._trouble:
                    _log.error("the audit tree does not grow", error=str(error))
                self._trouble = str(error)
            await asyncio.sleep(STAND_BY_S)

    async def finish(self) -> None:
        """The last round of a worker that ends; what fails is left to the next sequencer."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self.once()
        except (AgiAppError, TimeoutError) as error:
            _log.warning("the last rows are not in the audit tree yet", error=str(error) or "took too long")

    async def once(self) -> Sealed | None:
        """Seal all that is queued and sign it, at once; None when another process is the sequencer."""
        seat = await audit.take_seat(self._store)
        if seat is None:
            return None
        try:
            tree, added = await self._load(seat), 0
            while batch := await self._seal(seat, tree):
                tree, added = batch[0], added + batch[1]
            made = await self._notary.note(self._store, tree.size, tree.root) if tree.size else None
            await self._notary.witness_now()
            return Sealed(added, made)
        finally:
            await seat.leave()

    async def restart(self) -> Checkpoint:
        """Go on from a restored database: sign for ever that the tree's later entries are lost.

        Raises InputError when nothing is lost or another process is the sequencer.
        """
        seat = await audit.take_seat(self._store)
        if seat is None:
            raise InputError("a worker is the sequencer now; end it first")
        try:
            known = await self._notary.newest(self._store)
            async with seat.transaction() as connection:
                size = (await audit.size(connection)).leaves
                if known is None or known.size <= size:
                    raise InputError("the database has all that was signed: there is nothing to restart")
                root = (await reader.frontier(connection, size)).root
            made = await self._notary.note(self._store, size, root, lost=known.size)
            await self._notary.witness_now()
        finally:
            await seat.leave()
        if made is None:
            raise SafetyError("the restart was not signed")
        return made

    async def _serve(self) -> None:
        seat = await audit.take_seat(self._store)
        if seat is None:
            await self._notary.copy_from(self._store)
            return
        clock = self._store.clock
        try:
            tree = await self._load(seat)
            while True:
                began = clock.monotonic()
                while batch := await self._seal(seat, tree):
                    tree = batch[0]
                    if clock.monotonic() - began > EVERY_S:
                        break
                if tree.size:
                    await self._notary.note(self._store, tree.size, tree.root)
                self._trouble = None
                await asyncio.sleep(max(0.05, EVERY_S - (clock.monotonic() - began)))
        finally:
            await seat.leave()

    async def _load(self, seat: Seat) -> Frontier:
        """The tree as the database has it; SafetyError when it is not the one that was signed last."""
        known = await self._notary.newest(self._store)
        async with seat.transaction() as connection:
            size = (await audit.size(connection)).leaves
            if known and known.size > size:
                raise SafetyError(
                    f"the database has {size} audit entries, but {known.size} were signed at {known.at:%F %H:%M} UTC:"
                    " it is a restored old copy, or somebody cut it. `agi-app audit verify` says more;"
                    " `agi-app audit restart` goes on from here and says so in the proof for ever"
                )
            if known and (await reader.frontier(connection, known.size)).root != known.root:
                raise SafetyError(
                    f"the first {known.size} audit entries are not those signed at {known.at:%F %H:%M} UTC:"
                    " run `agi-app audit verify`"
                )
            return await reader.frontier(connection, size)

    async def _seal(self, seat: Seat, tree: Frontier) -> tuple[Frontier, int] | None:
        """Give leaves to some of what is queued: the grown tree and how many; None when nothing is queued."""
        grown = tree.copy()
        nodes = []
        async with seat.transaction() as connection:
            queued = await audit.take_queued(connection, BATCH)
            for kind, ids in queued.items():
                leaves = await audit.seal(connection, kind, ids, grown.size)
                nodes += [(node.level, node.n, found) for node, found in grown.extend(leaves)]
            await audit.add_nodes(connection, nodes)
        return (grown, grown.size - tree.size) if queued else None
