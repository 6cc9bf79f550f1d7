"""Answers that are given again to who sends the same Idempotency-Key: kept a day, in the transaction of the effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("service/api_answers")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered to the request whose SHA-256 is ``request``."""

    request: bytes
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


async def take(store: Store, account: str, key: str) -> bool:
    """Be the one request with this key until the transaction ends; False: another one is. Raises StoreError."""
    return bool(await store.value(bool, Q["take"], {"account": account, "key": key}))


async def kept(store: Store, account: str, key: str) -> KeptAnswer | None:
    """The answer of the last day to this key. Raises StoreError."""
    return next(iter(await store.rows(KeptAnswer, Q["kept"], {"account": account, "key": key})), None)


async def keep(store: Store, account: str, key: str, answer: KeptAnswer) -> None:
    """Keep it, and forget some that are older than a day. Raises StoreError."""
    of = {"account": account, "key": key}
    await store.execute(Q["forget"], of)
    values = {"request": answer.request, "status": answer.status, "body": answer.body}
    await store.execute(Q["keep"], {**of, **values, "headers": as_json(dict(answer.headers))})


async def lock_object(store: Store, path: str) -> None:
    """Let one request after the other edit what this path names, until each one's transaction ends. StoreError."""
    await store.record(Q["lock_object"], {"path": path})
