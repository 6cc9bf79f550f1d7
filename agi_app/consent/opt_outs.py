"""Takes a stop and makes it hold: first the local journal on disk, then the database, permanently.

A stop that is in the journal is never lost: while the database is away it waits here, is tried again
twice a second, and ``pending`` keeps the dialer from claiming anybody meanwhile.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from agi_app import log
from agi_app.clock import Clock
from agi_app.consent.known_journal import JournalWatch
from agi_app.consent.opt_out_journal import Journal, JournalEntry
from agi_app.errors import SafetyError, StoreError
from agi_app.event_loop import happens_within
from agi_app.messages import t, template
from agi_app.model.person import WRONG_NUMBER
from agi_app.monitoring.measures import OTHER, Measures
from agi_app.store.database.pool import Store
from agi_app.store.people import stops as table
from agi_app.store.people import wrong_numbers

# What a line of the journal becomes in the database: a permanent stop, or the end of the consents for a number.


REASON = {
    "key": "the opt-out key was pressed",
    "speech": "said so in the call",
    "step": "the call flow took a stop",
    "line": "said on a call-back line, from this number",
    "line keyed": "said on a call-back line, where this number was keyed in",
    WRONG_NUMBER: "said in the call that this is a wrong number",
}


async def replay(store: Store, entries: Sequence[JournalEntry], reason: str) -> int:
    """Bring journalled refusals into the database; those that it has already change nothing. Returns how many were new.

    ``reason`` is that of the stops, of which no more is known here. Raises StoreError.
    """
    found = [table.Suppression(e.number_hash, _at(e), reason, e.via) for e in entries if e.via != WRONG_NUMBER]
    new = await table.suppress(store, found)
    for entry in entries:
        if entry.via == WRONG_NUMBER:
            new += await wrong_numbers.end_consents(store, entry.number_hash, _at(entry), REASON[WRONG_NUMBER])
    return new


def _at(entry: JournalEntry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry.at)


def _reason(via: str) -> str:
    return REASON.get(via, "a stop was taken")


LOOK_EVERY_S = 0.5
LAST_FLUSH_S = 5.0
SOON_S = 0.3  # a stop that is in the database by then holds up nobody else's call

_log = log.get("stops")


class Stops:
    """The stops of one node: journal, database, and whether the two agree."""

    def __init__(
        self, store: Store, journal: Journal, clock: Clock, entityid: str, measures: Measures | None = None
    ) -> None:
        """``measures``: where they are counted and timed."""
        self._store = store
        self._measures = measures or Measures()
        self._journal = journal
        self._clock = clock
        self._entityid = entityid
        self._watch = JournalWatch(store, journal, entityid)
        self._known: dict[bytes, tuple[str, str]] = {}  # number and way of stops that this process took
        self.position = 0  # bytes of the journal known to be in the database
        self._seen: tuple[int, bytes] | None = None  # how far the journal went when this process looked last
        self._behind = True  # until the first flush has read the journal
        self._taking = 0  # stops on their way to the disk
        self._pending_since: float | None = None  # monotonic seconds
        self._unwritten: list[tuple[bytes, str]] = []  # in the database, but the disk did not take them
        self._writer = ThreadPoolExecutor(1, "journal")  # of its own: all other threads may be busy for seconds
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self.broken: str | None = None  # the journal cannot be written or read: nobody may be dialled
        self.doubt: str | None = None  # stops at its end may be gone: nobody may be dialled until an admin accepts it

    @property
    def pending(self) -> bool:
        """The journal holds, or may hold, stops that the database does not have."""
        return self._behind or self._taking > 0 or self._wake.is_set()

    @property
    def overdue(self) -> bool:
        """Stops are in the journal only for longer than a database that is well needs: nobody may be dialled.

        Until then only the call that took the stop is open to that person, so no other can be.
        """
        since = self._pending_since
        return self._behind or (since is not None and self._clock.monotonic() - since > SOON_S)

    async def take(self, number: str, via: str) -> None:
        """Store one stop; returns when it is on disk. SafetyError when neither disk nor database took it yet."""
        number_hash = self._store.hash_number(number)
        self._measures.stops.labels(via if via in REASON else OTHER).inc()
        if via != WRONG_NUMBER:  # which needs no more than the hash
            self._known[number_hash] = number, via
        self._taking += 1
        if self._pending_since is None:
            self._pending_since = self._clock.monotonic()
        try:
            await self._append(number_hash, via)
            self._wake.set()
        except SafetyError as error:
            self.broken = str(error)
            self._unwritten.append((number_hash, via))
            await self._database_alone(number, via)
        finally:
            self._taking -= 1

    async def keep(self, number: str, via: str) -> None:
        """Have a stop that comes from the database in the journal, too: now, or once the disk takes it."""
        number_hash = self._store.hash_number(number)
        try:
            await self._append(number_hash, via)
        except SafetyError as error:
            self.broken = str(error)
            self._unwritten.append((number_hash, via))

    async def _append(self, number_hash: bytes, via: str) -> None:
        with self._measures.journal_s.time():
            await asyncio.get_running_loop().run_in_executor(self._writer, self._journal.append, number_hash, via)

    def replay(self) -> None:
        """The database was away, and may have come back as an older copy: give it the whole journal again."""
        self.position = 0
        self._behind = True
        self._watch.note_again()
        self._wake.set()

    async def run(self) -> None:
        """Carry stops from the journal to the database until cancelled; other processes append too."""
        while True:
            await happens_within(self._wake, LOOK_EVERY_S)  # then look for what other processes appended, too
            try:
                await self._write_what_was_refused()
                await self.flush()
                if not self._unwritten:
                    self.broken = None
            except StoreError as error:
                _log.error("stops wait for the database; nobody is dialled", error=str(error))
                await asyncio.sleep(LOOK_EVERY_S)
            except SafetyError as error:
                if self.broken != str(error):
                    _log.critical("the refusal journal cannot be used; nobody is dialled", error=str(error))
                self.broken = str(error)

    @asynccontextmanager
    async def flushed_in_the_end(self) -> AsyncIterator[None]:
        """However the block ends, a last flush follows: other nodes go on calling, and cannot read our disk."""
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(LAST_FLUSH_S):
                    await self.flush()
            except (StoreError, SafetyError, TimeoutError) as error:
                why = str(error) or template("the database is too slow")
                _log.error("stops stay in the journal until the next start", error=why)

    async def _write_what_was_refused(self) -> None:
        """A stop that only the database has would be lost with a restored backup: try the disk again."""
        while self._unwritten:
            await self._append(*self._unwritten[0])
            del self._unwritten[0]
            _log.info("the refusal journal can be written again")

    async def flush(self) -> int:
        """Bring everything that is in the journal into the database; returns how many stops that were."""
        async with self._flushing:
            self._wake.clear()
            try:
                entries = await self._look()
                for known, batch in itertools.groupby(entries, self._knows):
                    await self._to_database(list(batch), known)
                if self.doubt is None:
                    await self._watch.note(self.position)
                elif not self._taking:
                    await self._take_again()
            except (StoreError, SafetyError):
                self._behind = True
                raise
            self._behind = False
            if not self.pending:
                self._pending_since = None
            return len(entries)

    async def _look(self) -> list[JournalEntry]:
        """What is to be brought into the database; and whether the journal is as it was left."""
        await self._watch.ask()
        entries, doubt = await asyncio.to_thread(self._read)
        if doubt is not None and await self._watch.miss():
            entries, doubt = await asyncio.to_thread(self._read)
        if doubt is not None and doubt != self.doubt:
            _log.critical("stops may be lost; nobody is dialled", error=doubt)
        self.doubt = doubt
        return entries

    def _read(self) -> tuple[list[JournalEntry], str | None]:
        doubt = self._doubt()
        if (doubt is None) != (self.doubt is None):
            self.position = 0  # it may be another file, in which new stops are where old ones were
        self._journal.hold_for_damage(self.position)
        return list(self._journal.unflushed(self.position)), doubt or self._journal.doubt(self._watch.known)

    def _doubt(self) -> str | None:
        if (doubt := self._journal.doubt(self._watch.known)) is not None:
            self._seen = None
            return doubt
        self._seen = self._journal.keep_in_mind(self._seen)
        return self._journal.doubt(self._watch.known)

    async def _take_again(self) -> None:
        """Stops that the journal has lost before the database had them, and that this process still knows."""
        for number_hash, (number, via) in list(self._known.items()):
            self._unwritten.append((number_hash, via))
            await table.revoke(self._store, number, None, self._clock.now(), reason=_reason(via), via=via)
            self._known.pop(number_hash, None)

    def _knows(self, entry: JournalEntry) -> bool:
        return entry.via != WRONG_NUMBER and entry.number_hash in self._known

    async def _to_database(self, entries: list[JournalEntry], known: bool) -> None:
        """Those whose number this process knows one by one, all others at once."""
        if not known:
            await replay(self._store, entries, "a stop from the journal")
            self.position = entries[-1].end
            return
        for entry in entries:
            number = self._known[entry.number_hash][0]
            await table.revoke(self._store, number, None, _at(entry), reason=_reason(entry.via), via=entry.via)
            self.position = entry.end
        for entry in entries:
            self._known.pop(entry.number_hash, None)

    async def _database_alone(self, number: str, via: str) -> None:
        try:
            reason, now = _reason(via), self._clock.now()
            if via == WRONG_NUMBER:
                await wrong_numbers.end_consents(self._store, self._store.hash_number(number), now, reason)
            else:
                await table.revoke(self._store, number, None, now, reason=reason, via=via)
        except StoreError as error:
            raise SafetyError(
                t("{broken}; and the database did not take it either: {error}", broken=self.broken, error=error)
            ) from error
        _log.critical("the refusal journal cannot be written; dialling stops", error=self.broken)
