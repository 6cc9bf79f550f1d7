"""Do-not-call lists that others keep (national registers): their entries as keyed hashes, and each import."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agi_app.audit.stamps import Stamper
from agi_app.gate.facts import ListState
from agi_app.model.campaign import Purpose
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries, records
from agi_app.store.people.stops import end_calls

Q = load_queries("people/do_not_call_lists")
HEAR_EVERY = 1000  # rows


@dataclass(frozen=True, slots=True)
class DoNotCallImport(ListState):
    """The last import of a list, which is in force."""

    entries: int  # different numbers


@dataclass(frozen=True, slots=True)
class ListTerms(ListState):
    """What the operator says of a list to put in force; the fields as in ``DoNotCallImport``."""

    by: str
    purposes: frozenset[Purpose] | None = None  # that it binds; None: no rule of now names it, and it binds all
    smaller: bool = False  # the list really became that much smaller


@dataclass(frozen=True, slots=True)
class ListImport:
    """What an import did: how many numbers the list has, and how many contacts are decided again."""

    entries: int
    woken: int


class TooFew(Exception):
    """The new list has only so many numbers; the old one stays in force."""

    def __init__(self, entries: int) -> None:
        super().__init__(f"{entries} numbers")
        self.entries = entries


async def replace_list(
    store: Store,
    terms: ListTerms,
    sha256: str,
    hashes: Iterable[bytes] | AsyncIterable[bytes],
    now: dt.datetime,
    least: int = 0,
) -> ListImport:
    """Put a list in force in place of its last import, all or nothing; ``now`` is rules time.

    Calls that it binds and that are on their way to a number of it are cancelled or ended.
    ``hashes`` are keyed (``store.hash_number``) and streamed, in any number; one twice counts once.
    Until the end everybody sees the old list. Raises TooFew when there are less than ``least``, StoreError.
    """
    stamper = await store.stamper()
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["wait_for_turn"], {"name": terms.name})
        (row,) = await records(connection, Q["next_id"])
        await connection.execute(Q["make_table"])
        async with connection.cursor() as cursor, cursor.copy(Q["copy"]) as copy:
            copy.set_types(["bytea"])
            if isinstance(hashes, AsyncIterable):
                async for number_hash in hashes:
                    await copy.write_row((number_hash,))
            else:
                for number, number_hash in enumerate(hashes):
                    await copy.write_row((number_hash,))
                    if number % HEAR_EVERY == 0:
                        await asyncio.sleep(0)  # else a Ctrl-C waits for a pause that may never come
        await connection.execute(Q["drop_old"], {"name": terms.name})
        entries = await count(connection, Q["add_entries"], row)
        if entries < least:
            raise TooFew(entries)
        woken = await count(connection, Q["wake"], {"now": now})
        bound = None if terms.purposes is None else sorted(purpose.value for purpose in terms.purposes)
        values = asdict(terms) | {"sha256": sha256, "entries": entries, "purposes": bound}
        digest = await digest_of(connection, int(row["list_id"]))
        await connection.execute(Q["add_list"], row | values)  # last: the import is as old as this
        stamp = stamp_of(stamper, row | values, digest)
        await connection.execute(Q["add_digest"], row | {"digest": digest, "stamp": stamp})
    # After the commit: a claim sees the list from here on, the mark refuses an earlier one, and what rings is told now.
    async with store.transaction() as connection:
        called = await records(connection, Q["lock_listed_persons"], row | {"purposes": bound})
        await end_calls(connection, [person["head"] for person in called])
    return ListImport(entries, woken)


async def digest_of(connection: Connection, list_id: int) -> bytes:
    """SHA-256 of the entries of one import: their keyed hashes in their order, as COPY gives them in binary form."""
    made = hashlib.sha256()
    query = Q["copy_entries"].replace("{list_id}", str(int(list_id)))
    async with connection.cursor() as cursor, cursor.copy(query) as copy:
        async for block in copy:
            made.update(block)
    return made.digest()


def stamp_of(stamper: Stamper, row: Mapping[str, Any], digest: bytes) -> bytes:
    """The program's stamp of a list (a row of ``external_list``) with its entries."""
    told = {name: row[name] for name in ("name", "region", "by", "sha256", "entries", "purposes")}
    return stamper.fact("list_digest", {**told, "as_of": row["as_of"].isoformat(), "digest": digest.hex()})


async def lists_in_force(store: Store) -> list[DoNotCallImport]:
    """The newest import of every list, by name."""
    return await store.rows(DoNotCallImport, Q["lists"])
