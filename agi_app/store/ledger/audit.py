"""The tables of the audit tree: queue, leaves, stored subtrees, copies of checkpoints.

``ledger/audit.sql`` says what an entry of each kind is made of. What a hash means is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from agi_app.audit.entries import TABLES
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.faults import store_error
from agi_app.store.database.locks import locked
from agi_app.store.database.pool import ANSWER_LIMIT_S, Store
from agi_app.store.database.statements import Connection, load_queries, record, records, rows, value

Q = load_queries("ledger/audit")
SESSION = load_queries("database/session")
HASH_BYTES = 32
NONCE_BYTES = 16
PUBLIC_KEY = "audit_public_key"
KINDS = list(TABLES)
GONE = "gone "  # before the kind of queued rows that are not there any more


@dataclass(frozen=True, slots=True)
class Size:
    """How many leaves there are, and how many rows wait for one."""

    leaves: int
    queued: int


@dataclass(frozen=True, slots=True)
class Aside:
    """Rows of the queue that cannot be sealed: their kind, how many, and the id of one."""

    kind: str
    rows: int
    one: int | None


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: up to ``at`` (real time) all that was queued is in the tree of ``size``, and signed."""

    at: dt.datetime
    size: int
    signature: bytes


class Seat:
    """The right to be the one sequencer of this database; the server gives it back when the connection dies."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection, self._where = connection, where

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction on the connection that holds the right. Raises StoreError."""
        deadline = asyncio.timeout(ANSWER_LIMIT_S)
        try:
            async with deadline, self._connection.transaction():
                yield self._connection
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise StoreError(
                t(
                    "database {where}: did not answer within {answer_limit_s:.0f} s",
                    where=self._where,
                    answer_limit_s=ANSWER_LIMIT_S,
                )
            ) from error
        except psycopg.Error as error:
            raise store_error(error, self._where) from error

    async def leave(self) -> None:
        """Give the right back."""
        with contextlib.suppress(psycopg.Error):
            await self._connection.close()


async def take_seat(store: Store) -> Seat | None:
    """Become the sequencer without waiting; None when another process is. Raises StoreError."""
    connection = await locked(store.dedicated_connection, store.where, Q["lock_sequencer"])
    return None if connection is None else Seat(connection, store.where)


async def take_queued(connection: Connection, most: int) -> dict[str, list[int]]:
    """Take about ``most`` rows of kinds that are known from the queue: kind -> ids."""
    wanted = {"most": most, "kinds": KINDS}
    return {row["kind"]: row["ids"] for row in await records(connection, Q["take_queued"], wanted)}


async def set_aside(connection: Connection) -> list[Aside]:
    """What is in the queue and nobody takes; the first kinds."""
    return await rows(connection, Aside, Q["set_aside"], {"kinds": KINDS})


async def keep_gone(connection: Connection, kind: str, ids: Sequence[int]) -> None:
    """Of these rows, which were queued, put those that have no leaf now back, set aside as gone."""
    await connection.execute(Q["keep_gone"], {"kind": kind, "gone": GONE + kind, "ids": list(ids)})


async def beat(connection: Connection, at: dt.datetime, size: int, signature: bytes) -> None:
    """Leave the sequencer's sign of life."""
    await connection.execute(Q["beat"], {"at": at, "size": size, "signature": signature})


async def last_beat(connection: Connection) -> Beat | None:
    """The sequencer's last sign of life, as it was signed or as somebody changed it."""
    found = await rows(connection, Beat, Q["last_beat"])
    return found[0] if found else None


async def seal(connection: Connection, kind: str, ids: Sequence[int], first: int) -> list[bytes]:
    """Give rows of one kind the leaves from ``first`` on; their hashes in that order."""
    nonces = secrets.token_bytes(NONCE_BYTES * len(ids))
    wanted = {"kind": kind, "ids": list(ids), "first": first, "nonces": nonces}
    return _split(await value(connection, bytes, of_kind(kind, "seal"), wanted) or b"")


async def add_nodes(connection: Connection, nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """Store subtrees: (level, n, hash) each."""
    if nodes:
        levels, ns, hashes = (list(column) for column in zip(*nodes, strict=True))
        await connection.execute(Q["add_nodes"], {"levels": levels, "ns": ns, "hashes": hashes})


async def add_checkpoint(store: Store, size: int, note: str) -> None:
    """Keep a copy of a signed checkpoint, for the other nodes. Raises StoreError."""
    await store.execute(Q["add_checkpoint"], {"size": size, "note": note})


async def checkpoints(store: Store) -> list[str]:
    """The copies of checkpoints, as they were signed or as somebody changed them."""
    return [row["note"] for row in await store.records(Q["checkpoints"])]


async def last_checkpoint(store: Store) -> str | None:
    """The newest of them."""
    return await store.value(str, Q["last_checkpoint"])


async def public_key(store: Store, ours: str) -> str:
    """The public key line that this database knows; the first caller's becomes it. Raises StoreError."""
    async with store.transaction() as connection:
        await connection.execute(SESSION["remember_meta"], {"key": PUBLIC_KEY, "value": ours})
        return await value(connection, str, SESSION["read_meta"], {"key": PUBLIC_KEY}) or ours


async def known_key(store: Store) -> str | None:
    """The public key line that this database knows, if anything was signed. Raises StoreError."""
    return await store.value(str, SESSION["read_meta"], {"key": PUBLIC_KEY})


async def leaf_of(connection: Connection, kind: str, row_id: int) -> tuple[int, bytes] | None:
    """The leaf of a row, and its hash; None: it is not sealed yet, or there is no such row."""
    found = await record(connection, Q["leaf_of"], {"kind": kind, "row_id": row_id})
    return None if found is None else (found["leaf"], bytes(found["hash"]))


async def size(connection: Connection) -> Size:
    """How far the tree has come."""
    row = await record(connection, Q["size"])
    return Size(row["leaves"], row["queued"]) if row else Size(0, 0)


async def size_of(store: Store) -> Size:
    """How far the tree has come, outside a transaction. Raises StoreError."""
    async with store.connection() as connection:
        return await size(connection)


async def hashes(connection: Connection, level: int, start: int, end: int) -> list[bytes]:
    """Hashes of the leaves (level 0) or stored subtrees [start, end); fewer when some are missing."""
    query = Q["node_hashes" if level else "leaf_hashes"]
    return _split(await value(connection, bytes, query, {"level": level, "start": start, "end": end}) or b"")


async def payloads(connection: Connection, kind: str, ids: Sequence[int | str]) -> list[str]:
    """What these rows of one kind say now, in the order of ``ids``; all must be there."""
    found = await records(connection, of_kind(kind, "payloads"), {"ids": list(ids)})
    text = {row["id"]: row["payload"] for row in found}
    return [text[row_id] for row_id in ids]


@asynccontextmanager
async def snapshot(store: Store) -> AsyncIterator[Connection]:
    """A transaction that sees the database as it is now and changes nothing. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["begin_verify"])
        yield connection


def of_kind(kind: str, query: str) -> str:
    """A query of ledger/audit.sql about the rows of one kind."""
    return Q[query].replace("{rows}", Q[f"rows_{kind}"])


def _split(joined: bytes) -> list[bytes]:
    return [joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)]
