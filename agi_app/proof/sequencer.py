"""The one writer of the tree: gives every committed row a leaf and signs a checkpoint each second.

One process a database does this (a lock in the database says which); each worker stands by. Rows come from a queue
that the writing transactions fill, so a row that is committed late is only later in the tree, never missed. Leaves
are committed before they are signed: after a crash the next run signs what it finds.

A worker dials only while rows are sealed and signed: unsigned rows could be removed undetected. ``waiting_reason``
says why not; a node that stands by believes the signed beat of the one that seals, and nothing else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agi_app import log
from agi_app.audit import heartbeat
from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.tree import Frontier
from agi_app.errors import AgiAppError, InputError, SafetyError
from agi_app.messages import t
from agi_app.proof import stored_tree
from agi_app.proof.notary import Notary
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit
from agi_app.store.ledger.audit import Seat

BATCH = 4000  # about so many rows in one transaction; a queued row of a bulk import brings up to 1000 at once
EVERY_S = 1.0
STAND_BY_S = 5.0  # between two tries to become the sequencer while another one is alive
RETRY_S = 1.0
PATIENCE_S = 5.0  # for so long rows may wait for a checkpoint while people are called
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
        self._store, self.notary = store, notary
        self._trouble: str | None = None
        self._refusal: str | None = None  # a fault that waiting does not end
        self._sound_at: float | None = None  # monotonic: all that was queued then is signed

    def waiting_reason(self) -> str | None:
        """Why nobody may be dialled now: the tree is not the signed one, or rows wait too long for a checkpoint."""
        if self._refusal is not None:
            return self._refusal
        if self._sound_at is None:
            return t("the audit tree was not sealed yet{more}", more=f": {self._trouble}" if self._trouble else "")
        waited = self._store.clock.monotonic() - self._sound_at
        if waited <= PATIENCE_S:
            return None
        why = self._trouble or t("many rows are being sealed, or the process that seals them hangs")
        return t(
            "rows have waited for a signed checkpoint of the audit tree for {waited:.0f} s: {why}",
            waited=waited,
            why=why,
        )

    def ages(self) -> dict[str, float]:
        """Seconds for which rows wait for a checkpoint, and a checkpoint for the witness; only what is known."""
        now, sound = self._store.clock.monotonic(), self._sound_at
        found = {"checkpoint": None if sound is None else now - sound, "witness": self.notary.unwitnessed_s}
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    async def check(self) -> None:
        """Raise SafetyError unless the database's tree has all that was signed, unchanged. Raises StoreError."""
        async with self._store.transaction() as connection:
            await self._compare(connection, await self.notary.newest(self._store))

    async def behind(self) -> str | None:
        """Why a restored database needs ``restart``; None when its tree has all that was signed."""
        known = await self.notary.newest(self._store)
        size = (await audit.size_of(self._store)).leaves
        return _behind(known, size) if known and known.size > size else None

    async def run(self) -> None:
        """Stand by, become the sequencer, seal and sign each second, until cancelled; faults are logged and retried."""
        while True:
            try:
                await self._serve()
            except AgiAppError as error:
                if str(error) != self._trouble:
                    _log.error("the audit tree does not grow", error=str(error))
                self._trouble = str(error)
                if isinstance(error, SafetyError):
                    self._refusal = str(error)
            await asyncio.sleep(RETRY_S)

    async def finish(self) -> None:
        """The last round of a worker that ends; what fails is left to the next sequencer."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self.once()
        except (AgiAppError, TimeoutError) as error:
            _log.warning("the last rows are not in the audit tree yet", error=str(error) or "took too long")

    async def once(self) -> Sealed | None:
        """Seal all that is queued and sign it, at once; None when another process is the sequencer."""
        if (seat := await audit.take_seat(self._store)) is None:
            return None
        try:
            tree, added = await self._load(seat), 0
            while batch := await self._seal(seat, tree):
                tree, added = batch[0], added + batch[1]
            made = await self.notary.note(self._store, tree.size, tree.root) if tree.size else None
            await self.notary.witness_now()
            return Sealed(added, made)
        finally:
            await seat.leave()

    async def restart(self) -> Checkpoint:
        """Go on from a restored database: sign permanently that the tree's later entries are lost.

        Raises InputError when nothing is lost or another process is the sequencer.
        """
        if (seat := await audit.take_seat(self._store)) is None:
            raise InputError(t("a worker is the sequencer now; end it first"))
        try:
            known = await self.notary.newest(self._store)
            async with seat.transaction() as connection:
                size = (await audit.size(connection)).leaves
                if known is None or known.size <= size:
                    raise InputError(t("the database has all that was signed: there is nothing to restart"))
                root = (await stored_tree.frontier(connection, size)).root
            made = await self.notary.note(self._store, size, root, lost=known.size)
            await self.notary.witness_now()
        finally:
            await seat.leave()
        if made is None:
            raise SafetyError(t("the restart was not signed"))
        return made

    async def _serve(self) -> None:
        seat = await audit.take_seat(self._store)
        if seat is None:
            await self._stand_by()
            return
        clock = self._store.clock
        try:
            tree = await self._load(seat)
            while True:
                began, drained = clock.monotonic(), False
                while not drained and clock.monotonic() - began <= EVERY_S:
                    batch = await self._seal(seat, tree)
                    tree = batch[0] if batch else tree
                    drained = batch is None or batch[1] < BATCH  # it took all that was queued when the round began
                if tree.size:
                    await self.notary.note(self._store, tree.size, tree.root)
                async with seat.transaction() as connection:
                    if await self._is_whole(connection) and drained:
                        await self._beat(connection, tree.size, began)
                await asyncio.sleep(max(0.05, EVERY_S - (clock.monotonic() - began)))
        finally:
            await seat.leave()

    async def _is_whole(self, connection: Connection) -> bool:
        """Nothing in the queue is of a kind that cannot be sealed."""
        if not (aside := await audit.set_aside(connection)):
            self._trouble = self._refusal = None
            return True
        named = ", ".join(t("{kind} (row {one}; {rows} rows)", kind=a.kind, one=a.one, rows=a.rows) for a in aside)
        text = t(
            "the audit queue has rows that cannot be sealed: {named}. `gone` are rows that somebody took"
            " away before they were sealed; other kinds are of a newer agi-app, or were written by hand."
            " `agi-app audit verify` and docs/how-to/audit.md say more",
            named=named,
        )
        if text != self._refusal:
            _log.critical("nobody is dialled", error=text)
        self._refusal = text
        return False

    async def _beat(self, connection: Connection, size: int, began: float) -> None:
        """All that was queued when the round began is signed: say so to the nodes that stand by."""
        at = self._store.clock.real_now()
        await audit.beat(connection, at, size, heartbeat.sign(self.notary.origin, at, size, self.notary.key))
        self._sound_at = began

    async def _stand_by(self) -> None:
        """Look whether the sequencer of another node is alive, for as long as it is and some seconds at most."""
        clock = self._store.clock
        until = clock.monotonic() + STAND_BY_S
        await self.notary.copy_from(self._store)
        while clock.monotonic() < until:
            async with self._store.transaction() as connection:
                await self._compare(connection, self.notary.last, whole=False)
                last = await audit.last_beat(connection)
                whole = await self._is_whole(connection)
            signed = last is not None and heartbeat.is_signed(
                self.notary.origin, last.at, last.size, bytes(last.signature), self.notary.public
            )
            if last is None or not signed or not whole:
                self._trouble = t(
                    "another process holds the sequencer's lock, and its signed sign of life is not there"
                )
                return
            age = max(0.0, (clock.real_now() - last.at).total_seconds())
            self._sound_at = clock.monotonic() - age
            if age > PATIENCE_S:
                self._trouble = t(
                    "the sequencer of another node, or its lock's holder, was silent for {age:.0f} s", age=age
                )
                return
            await asyncio.sleep(EVERY_S)

    async def _load(self, seat: Seat) -> Frontier:
        """The tree as the database has it; SafetyError when it is not the one that was signed last."""
        known = await self.notary.newest(self._store)
        async with seat.transaction() as connection:
            return await stored_tree.frontier(connection, await self._compare(connection, known))

    async def _compare(self, connection: Connection, known: Checkpoint | None, *, whole: bool = True) -> int:
        """The tree's size; SafetyError when it lacks what was signed, or (``whole``) is another one."""
        size = (await audit.size(connection)).leaves
        if known and known.size > size:
            raise SafetyError(_behind(known, size))
        if whole and known and (await stored_tree.frontier(connection, known.size)).root != known.root:
            raise SafetyError(
                t(
                    "the first {size} audit entries are not those signed at {at:%F %H:%M} UTC: run `agi-app audit"
                    " verify`",
                    size=known.size,
                    at=known.at,
                )
            )
        return size

    async def _seal(self, seat: Seat, tree: Frontier) -> tuple[Frontier, int] | None:
        """Give leaves to some of what is queued: the grown tree and how many; None when nothing is queued."""
        grown = tree.copy()
        nodes = []
        async with seat.transaction() as connection:
            queued = await audit.take_queued(connection, BATCH)
            for kind, ids in queued.items():
                leaves = await audit.seal(connection, kind, ids, grown.size)
                if len(leaves) < len(ids):
                    await audit.keep_gone(connection, kind, ids)
                nodes += [(node.level, node.n, found) for node, found in grown.extend(leaves)]
            await audit.add_nodes(connection, nodes)
        return (grown, grown.size - tree.size) if queued else None


def _behind(known: Checkpoint, size: int) -> str:
    return t(
        "the database has {size} audit entries, but {size2} were signed at {at:%F %H:%M} UTC: it is a"
        " restored old copy, or somebody cut it. Restore a newer one; `agi-app audit verify` says more,"
        " and `agi-app recover` what accepting this one means (`agi-app audit restart` for the proof"
        " alone)",
        size=size,
        size2=known.size,
        at=known.at,
    )
