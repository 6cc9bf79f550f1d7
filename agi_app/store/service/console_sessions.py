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

    ``code_step`` is the step of time whose code it was, 0 for a wrong code, None when none was typed; ``recovery``
    is the SHA-256 of a recovery code.
    """

    name: str
    derived: str
    address: str | None
    browser: str
    code_step: int | None = None
    recovery: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignInResult:
    """``result``: wait (for ``wait_s`` seconds), wrong, second (a code of the secret ``totp`` is wanted), in.

    Of a change: code (it was wrong), none (there is no second factor), over (the session), done; of a proof: right.
    """

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
        "recovery": tried.recovery,
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
class PasswordShown:
    """Whose session this is shows the password: ``derived`` of it; a code, or a recovery code, beside it."""

    session_id: str
    derived: str
    address: str | None
    code_step: int | None = None
    recovery: bytes | None = None


@dataclass(frozen=True, slots=True)
class FactorChange:
    """Another second factor, or none; ``codes``: hashes of its recovery codes. Codes without ``totp``: they alone."""

    totp: bytes | None = None
    step: int | None = None
    codes: Sequence[bytes] | None = None


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Whether an account has a second factor, and how many recovery codes were not used."""

    there: bool
    codes_left: int


async def of_account(store: Store, account: str) -> list[OpenSession]:
    """Sessions that have not ended, the newest first, at most 50. Raises StoreError."""
    return await store.rows(OpenSession, Q["of_account"], {"account": account})


async def number_open(store: Store) -> int:
    """How many sessions have not ended, of all accounts. Raises StoreError."""
    return await store.value(int, Q["open_ones"]) or 0


async def change_password(store: Store, shown: PasswordShown, credential: str) -> SignInResult:
    """Set another password, which ends its sessions. Raises StoreError."""
    return (await store.rows(SignInResult, Q["change_password"], _values(shown) | {"credential": credential}))[0]


async def change_second_factor(store: Store, shown: PasswordShown, new: FactorChange) -> SignInResult:
    """Change the second factor, which ends its sessions, or the recovery codes alone. Raises StoreError."""
    codes = None if new.codes is None else list(new.codes)
    values = _values(shown) | {"totp": new.totp, "new_step": new.step, "codes": codes}
    return (await store.rows(SignInResult, Q["change_second_factor"], values))[0]


async def second_factor(store: Store, account: str) -> SecondFactorState:
    """How it is with the second factor of an account. Raises StoreError."""
    return (await store.rows(SecondFactorState, Q["second_factor"], {"account": account}))[0]


async def prove(store: Store, shown: PasswordShown) -> SignInResult:
    """Note that whose session this is has shown the password again. Raises StoreError."""
    return (await store.rows(SignInResult, Q["prove"], _values(shown)))[0]


def _values(shown: PasswordShown) -> dict[str, object]:
    return {
        "session_id": shown.session_id,
        "derived": shown.derived,
        "address": shown.address,
        "code_step": shown.code_step,
        "recovery": shown.recovery,
    }


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
