"""What callers said in their opening words, and which known scripts that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agi_app.guard.scripts import Match
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, value
from agi_app.store.screening.guard_changes import ChangedBy

Q = load_queries("screening/guard_scripts")
Source = Literal["challenge", "voicemail", "complaint"]
LEAST_VOTERS = 2  # people who must have reported a caller, for what it said in another call to become a script
MOST_COMPARED = 20_000  # transcripts with which a new script is compared


@dataclass(frozen=True, slots=True)
class KnownScript:
    """A known script, as it is compared."""

    script_id: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredScript(KnownScript):
    """A known script, and how often it was heard."""

    learned: bool
    heard_at: dt.datetime
    entered_by: str
    calls: int
    callers: int


@dataclass(frozen=True, slots=True)
class OpeningWords:
    """The opening words of a call; ``number`` is that of its caller when there is no screened call of it."""

    at: dt.datetime
    source: Source
    text: str
    call_id: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Stored opening words; ``script`` is the known script that they are of."""

    transcript_id: int
    number: str | None
    call_id: str | None
    at: dt.datetime
    source: str
    text: str
    script: str | None
    words: int | None
    share: float | None


async def put(store: Store, name: str, text: str, said: ChangedBy) -> KnownScript:
    """Enter a script by hand, in place of one of the same name. Raises StoreError."""
    values = {"name": name, "text": text, "at": said.at, "entered_by": said.entered_by}
    return KnownScript(await store.value(int, Q["put"], values) or 0, name, text)


async def remove(store: Store, name: str) -> bool:
    """Forget a script, with the hits on it; False: there is none. Raises StoreError."""
    return await store.execute(Q["remove"], {"name": name}) > 0


async def scripts(store: Store) -> list[StoredScript]:
    """All known scripts. Raises StoreError."""
    return await store.rows(StoredScript, Q["scripts"])


async def book(store: Store) -> list[KnownScript]:
    """The same, to compare with. Raises StoreError."""
    return await store.rows(KnownScript, Q["book"])


async def keep(store: Store, opening: OpeningWords) -> int | None:
    """Store opening words; the id, None when those of this call are there already. Raises StoreError."""
    async with store.transaction() as connection:
        if opening.call_id is not None:
            caller_id = await value(connection, int, Q["caller_of"], {"call_id": opening.call_id})
        elif opening.number is not None:
            caller_id = await value(connection, int, Q["see_caller"], {"number": opening.number, "at": opening.at})
        else:
            caller_id = None
        values = {
            "caller_id": caller_id,
            "call_id": opening.call_id,
            "at": opening.at,
            "source": opening.source,
            "text": opening.text,
        }
        return await value(connection, int, Q["keep"], values)


async def mark(store: Store, found: Iterable[tuple[int, KnownScript, Match]]) -> None:
    """These transcripts are of these scripts. Raises StoreError."""
    async with store.transaction() as connection:
        for transcript_id, script, match in found:
            values = {"transcript_id": transcript_id, "script_id": script.script_id}
            await connection.execute(Q["match"], values | {"words": match.words, "share": match.share})


async def reported(store: Store, *, transcript_id: int | None = None, call_id: str | None = None) -> list[int]:
    """Of this transcript, or those of this call and its caller: what people reported and no script is. StoreError."""
    values = {"transcript_id": transcript_id, "call_id": call_id, "voters": LEAST_VOTERS}
    return [row["transcript_id"] for row in await store.records(Q["reported"], values)]


async def learn(store: Store, transcript_id: int, entered_by: str) -> KnownScript | None:
    """Make these words a known script; None when they are of one. Raises StoreError."""
    found = await store.rows(KnownScript, Q["learn"], {"transcript_id": transcript_id, "entered_by": entered_by})
    return found[0] if found else None


async def unknown(store: Store) -> list[tuple[int, str]]:
    """(id, words) of what is of no known script. Raises StoreError."""
    return [(row["transcript_id"], row["text"]) for row in await store.records(Q["unknown"], {"limit": MOST_COMPARED})]


async def forget(store: Store, call_id: str) -> int:
    """What was learned from the caller of this call is no script; how many were. Raises StoreError."""
    return await store.execute(Q["forget"], {"call_id": call_id})


async def spoken(store: Store, since: dt.datetime, *, number: str | None = None, limit: int = 50) -> list[Spoken]:
    """What callers said, the newest first. Raises StoreError."""
    return await store.rows(Spoken, Q["spoken"], {"since": since, "number": number, "limit": limit})
