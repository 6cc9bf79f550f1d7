"""Tokens of the REST API as rows: of a token itself only the SHA-256, since it is random and nobody guesses it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, rows

Q = load_queries("service/api_tokens")


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token; all times are real."""

    token_id: str
    account: str
    name: str
    scopes: Sequence[str]
    made_at: dt.datetime
    expires_at: dt.datetime
    ended_at: dt.datetime | None
    last_used_at: dt.datetime | None
    expired: bool


@dataclass(frozen=True, slots=True)
class GoodToken:
    """A token that may be used now, with what its text must hash to."""

    token_id: str
    account: str
    scopes: Sequence[str]
    sha256: bytes


async def add(
    store: Store, token_id: str, account: str, name: str, sha256: bytes, scopes: Sequence[str], days: int
) -> TokenRow:
    """Keep a new token, good for so many days. Raises StoreError."""
    values = {"token_id": token_id, "account": account, "name": name, "sha256": sha256}
    async with store.transaction() as connection:
        return (await rows(connection, TokenRow, Q["add"], {**values, "scopes": list(scopes), "days": days}))[0]


async def listed(store: Store, account: str | None = None) -> list[TokenRow]:
    """All tokens, or those of one account, oldest first. Raises StoreError."""
    return await store.rows(TokenRow, Q["listed"], {"account": account})


async def good(store: Store, token_id: str) -> GoodToken | None:
    """The token of this id, unless it has expired or was ended. Raises StoreError."""
    return next(iter(await store.rows(GoodToken, Q["good"], {"token_id": token_id})), None)


async def used(store: Store, token_id: str) -> None:
    """Note that it was used now. Raises StoreError."""
    await store.execute(Q["used"], {"token_id": token_id})


async def end(store: Store, token_id: str) -> bool:
    """End it for good; False: there is none. Raises StoreError."""
    return await store.execute(Q["end"], {"token_id": token_id}) > 0
