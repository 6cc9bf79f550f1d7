"""Single sign-on as rows: sign-ins that have begun, who is which account, and sessions that a worker makes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/sign_on")
GOOD_FOR = dt.timedelta(minutes=10)
MOST_OPEN = 10_000  # sign-ins that have begun


@dataclass(frozen=True, slots=True)
class BegunSignOn:
    """A sign-in whose browser came back; ``session_id``: whose proof is wanted, None: nobody was signed in."""

    session_id: str | None
    onward: str
    begun_at: dt.datetime  # real time
    age: dt.timedelta


@dataclass(frozen=True, slots=True)
class NewSignOnSession:
    """A session that a worker makes. ``proved``: when its owner signed in at the issuer, in seconds since 1970."""

    session_id: str
    sha256: bytes
    address: str | None
    browser: str
    proved: float


async def begin(store: Store, sha256: bytes, session_id: str | None, onward: str) -> bool:
    """Keep a sign-in that begins; False: too many have begun. Raises StoreError."""
    values = {
        "sha256": sha256,
        "session_id": session_id,
        "onward": onward,
        "good_for": GOOD_FOR,
        "most": MOST_OPEN,
    }
    return await store.value(dt.datetime, Q["begin"], values) is not None


async def take(store: Store, sha256: bytes) -> BegunSignOn | None:
    """The sign-in of this hash, which is then used up; None: there is none, or it is too old. Raises StoreError."""
    found = next(iter(await store.rows(BegunSignOn, Q["take"], {"sha256": sha256})), None)
    return found if found is not None and found.age < GOOD_FOR else None


async def account_of(store: Store, issuer: str, subject: str) -> str | None:
    """Whose identity this is. Raises StoreError."""
    return await store.value(str, Q["account_of"], {"issuer": issuer, "subject": subject})


async def subject_of(store: Store, issuer: str, account: str) -> str | None:
    """Who an account is at an issuer. Raises StoreError."""
    return await store.value(str, Q["subject_of"], {"issuer": issuer, "account": account})


async def bind(store: Store, issuer: str, subject: str, account: str) -> bool:
    """Bind an identity; False: it, or the account, is bound already. Raises StoreError."""
    values = {"issuer": issuer, "subject": subject, "account": account}
    return await store.value(str, Q["bind"], values) is not None


async def unbind(store: Store, issuer: str, account: str) -> bool:
    """Bind it no longer, and end the account's sessions; False: it is not bound. Raises StoreError."""
    async with store.as_one():
        gone = await store.value(str, Q["unbind"], {"issuer": issuer, "account": account}) is not None
        if gone:
            await end_sessions(store, account)
    return gone


async def end_sessions(store: Store, account: str) -> None:
    """End the sessions of an account. Raises StoreError."""
    await store.execute(Q["end_sessions"], {"account": account})


async def add_session(store: Store, account: str, new: NewSignOnSession) -> None:
    """A session of this account, by the hash of its text. Raises StoreError."""
    values = {
        "session_id": new.session_id,
        "account": account,
        "sha256": new.sha256,
        "address": new.address,
        "browser": new.browser,
        "proved": new.proved,
    }
    await store.execute(Q["add_session"], values)


async def prove(store: Store, session_id: str, account: str, proved: float) -> bool:
    """Note when the owner of a session signed in at the issuer last; False: it is no session of theirs."""
    values = {"session_id": session_id, "account": account, "proved": proved}
    return await store.value(str, Q["prove"], values) is not None
