"""The contacts of a campaign with all that decides who of them may be on another one's list; reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("people/follow_ups")
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class FormerContact:
    """A contact as its campaign left it, and what is known of the person now."""

    external_id: str
    language: str | None
    fields: Mapping[str, str]
    disposition: str | None
    outcome: str | None  # of its last call
    attempts: int
    kinds: Sequence[str | None]  # of the numbers; empty: the list did not say
    numbers: Sequence[str]  # E.164, in the order in which they are called
    answers: Mapping[str, str] | None  # of all its calls, the latest ones count; None: nobody asked for them
    erased: bool
    cancelled: bool  # by the office
    stopped: bool
    wrong_person: bool
    declined: bool
    call_back: bool  # wanted to be called back, and was not yet
    waiting: bool  # still to be called, or in a call
    there: bool  # the other campaign has it


async def former_contacts(
    store: Store, campaign: str, into: str, *, answers: bool
) -> AsyncIterator[list[FormerContact]]:
    """All of them in their order, some at a time. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["settings"])
        async with connection.cursor("former", row_factory=class_row(FormerContact)) as cursor:
            await cursor.execute(Q["former_contacts"], {"campaign": campaign, "into": into, "answers": answers})
            while some := await cursor.fetchmany(AT_ONCE):
                yield some
