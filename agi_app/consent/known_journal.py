"""What the database knows of a worker's refusal journal, so that one that is gone with all its files is missed.

A worker notes it there whenever all of its journal is in the database, also while no stop is in it. So a node whose
folder has lost the journal is told from a new one, of which the database knows nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses

from agi_app.consent.opt_out_journal import Journal
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.store.calling import nodes
from agi_app.store.calling.nodes import KnownJournal
from agi_app.store.database.pool import Store


class JournalWatch:
    """What the database knows of the journal of one worker; methods raise StoreError and SafetyError."""

    def __init__(self, store: Store, journal: Journal, entityid: str) -> None:
        self._store, self._journal, self._entityid = store, journal, entityid
        self.known: KnownJournal | None = None  # None: nothing, as of a new node, or before ``ask``
        self._asked = self._missed = False
        self._noted = False  # the database knows it as it is here

    async def ask(self) -> None:
        """Ask the database, once."""
        if not self._asked:
            self.known = await nodes.known_journal(self._store, self._entityid)
            self._asked = True

    def note_again(self) -> None:
        """The database may be an older copy now; what is known is not forgotten."""
        self._noted = False

    async def miss(self) -> bool:
        """It is not as it was left: say where it is missed; whether an admin has accepted that meanwhile."""
        found = await nodes.known_journal(self._store, self._entityid)
        if found is not None and (self.known is None or found.accepted_at != self.known.accepted_at):
            self.known = found
            return True
        if not self._missed:
            await nodes.miss_journal(self._store, self._entityid, self._journal.place)
            self._missed = True
            if self.known is not None:  # no older copy that is put there ends the doubt
                self.known = dataclasses.replace(self.known, last_line=nodes.NEVER)
        return False

    async def note(self, position: int) -> None:
        """All of it up to ``position`` (bytes) is in the database, and it is as it was left."""
        if self.known is None or not self.known.last_line:
            await asyncio.to_thread(self._journal.begin)
        if (found := await asyncio.to_thread(self._journal.known_up_to, position)) is None:
            return
        if self._noted and self.known is not None and found == (self.known.length, self.known.last_line):
            return
        self.known = await nodes.note_journal(self._store, self._entityid, *found, self._journal.place)
        self._noted, self._missed = True, False


async def look(store: Store, journal: Journal, entityid: str) -> list[Finding]:
    """What `agi-app doctor` says of the journal in this data folder. Raises StoreError, SafetyError.

    ``entityid``: the worker's, as far as the settings name it.
    """
    for known in (None, *await nodes.journals_at(store, journal.place, entityid)):
        if (doubt := await asyncio.to_thread(journal.doubt, known)) is not None:
            return [Finding("journal", doubt, t("see `agi-app recover`"))]
    return [Finding("journal", t("{file}: ends as it was left", file=journal.file))]
