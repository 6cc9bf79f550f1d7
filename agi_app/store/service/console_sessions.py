"""Sessions of the console's pages as rows, and the sign-in, which the database decides.

The console's role sees no credential: it derives from the password what the database compares, and the database counts
the tries. Of a session only the SHA-256 of its text is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/console_sessions")


@dataclass(frozen=True, slots=True)
class SignInTry:
    """What somebody typed: ``derived`` of the password (PHC text); ``code_step`` of the second factor.

    ``code_step`` is the step of time whose code it was, 0 for a wrong code, None when none was typed.
    """

    name: str
    derived: str
    address: str | None
    browser: str
    code_step: int | None = None


@dataclass(frozen=True, slots=True)
class SignInResult:
    """``result``: wait (for ``wait_s`` seconds), wrong, second (a code of the secret ``totp`` is wanted), in."""

    result: str
    wait_s: int
    totp: bytes | None


@dataclass(frozen=True, slots=True)
class GoodSession:
    """A session that has not ended, of an account that is enabled, with what its text must hash to."""

    session_id: str
    account: str
    sha256: bytes
    seen_at: dt.datetime  # real time
    roles: Sequence[str]
    language: str | None
    idle: dt.timedelta
    since_proof: dt.timedelta  # since the password was right last


async def parameters(store: Store, name: str) -> str:
    """How to derive from a password of this account: PHC text without its hash; as good for any name. StoreError."""
    return await store.the_value(str, Q["parameters"], {"name": name}, "the database has no sign-in")


async def sign_in(store: Store, tried: SignInTry, session_id: str, sha256: bytes) -> SignInResult:
    """Try; ``session_id`` is a session afterwards when the result is ``in``. Raises StoreError."""
    values = {
        "name": tried.name,
        "derived": tried.derived,
        "address": tried.address,
        "browser": tried.browser,
        "code_step": tried.code_step,
        "session_id": session_id,
        "sha256": sha256,
    }
    return (await store.rows(SignInResult, Q["sign_in"], values))[0]


async def good(store: Store, session_id: str) -> GoodSession | None:
    """The session of this id, unless it has ended. Raises StoreError."""
    return next(iter(await store.rows(GoodSession, Q["good"], {"session_id": session_id})), None)


@dataclass(frozen=True, slots=True)
class IdleSession:
    """A session that has not ended, and how long nobody has looked."""

    session_id: str
    roles: Sequence[str]
    idle: dt.timedelta


async def good_ones(store: Store, session_ids: Sequence[str]) -> list[IdleSession]:
    """Those of these that have not ended. Raises StoreError."""
    return await store.rows(IdleSession, Q["good_ones"], {"session_ids": list(session_ids)})


async def seen(store: Store, session_id: str) -> None:
    """Note that it was used now. Raises StoreError."""
    await store.execute(Q["seen"], {"session_id": session_id})


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One session of an account; times are real."""

    session_id: str
    address: str | None
    browser: str | None
    made_at: dt.datetime
    seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SignInChange:
    """What who is signed in changes: the password (a credential), or the second factor (None: there is none)."""

    credential: str | None = None
    totp: bytes | None = None
    code_step: int | None = None


async def of_account(store: Store, account: str) -> list[OpenSession]:
    """Sessions that have not ended, the newest first, at most 50. Raises StoreError."""
    return await store.rows(OpenSession, Q["of_account"], {"account": account})


async def number_open(store: Store) -> int:
    """How many sessions have not ended, of all accounts. Raises StoreError."""
    return await store.value(int, Q["open_ones"]) or 0


async def change(store: Store, session_id: str, derived: str, address: str | None, new: SignInChange) -> bool:
    """Change the sign-in of whose session this is; False: the password was not right. Raises StoreError."""
    values = {"session_id": session_id, "derived": derived, "address": address}
    more = {"credential": new.credential, "totp": new.totp, "code_step": new.code_step}
    return bool(await store.value(bool, Q["change"], values | more))


async def prove(store: Store, session_id: str, derived: str, address: str | None) -> bool:
    """Note that whose session this is has shown the password again; False: it was not right. Raises StoreError."""
    values = {"session_id": session_id, "derived": derived, "address": address}
    return bool(await store.value(bool, Q["prove"], values))


async def end(store: Store, session_id: str) -> None:
    """End it for good. Raises StoreError."""
    await store.execute(Q["end"], {"session_id": session_id})


async def add_link(store: Store, account: str, sha256: bytes, good_for: dt.timedelta) -> dt.datetime | None:
    """Keep a link with which the account sets its password; until when it is good (real time), None: no account.

    Raises StoreError.
    """
    values = {"account": account, "sha256": sha256, "good_for": good_for}
    return await store.value(dt.datetime, Q["add_link"], values)


async def link_owner(store: Store, sha256: bytes) -> str | None:
    """Whose link this is; None when it is not good, or no longer. Raises StoreError."""
    return await store.value(str, Q["link_owner"], {"sha256": sha256})


async def use_link(store: Store, sha256: bytes, credential: str) -> str | None:
    """Set the password of whose link this is; the account, or None when it is no good link. Raises StoreError."""
    return await store.value(str, Q["use_link"], {"sha256": sha256, "credential": credential})
