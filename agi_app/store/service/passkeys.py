"""Passkeys as rows. As with passwords the database decides: it makes challenges and verifies signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("service/passkeys")


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an account; times are real."""

    passkey_id: int
    name: str
    rp_id: str  # the name of the console for which it was made
    made_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PasskeyKey:
    """What verifies its signatures: ``algorithm`` of COSE; -7: x and y, 32 bytes each, -257: the modulus."""

    algorithm: int
    public_key: bytes


@dataclass(frozen=True, slots=True)
class MadePasskey:
    """A new one, as an authenticator has made it; ``counter``: how often it says that it has signed."""

    credential_id: bytes
    key: PasskeyKey
    counter: int


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a browser sends of a new one on a page of ``origin``; ``made`` None: the library cannot read it."""

    client_data: bytes
    origin: str
    rp_id: str
    made: MadePasskey | None
    name: str


@dataclass(frozen=True, slots=True)
class ShownPasskey:
    """What a browser sends of a passkey that is shown (WebAuthn Level 3, 5.2.2); ``handle``: whose it says it is."""

    credential_id: bytes
    handle: bytes | None
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class PasskeyTry:
    """``shown`` on a page of ``origin``, from ``address``; ``known``: the library has found it good."""

    shown: ShownPasskey
    origin: str
    known: bool
    address: str | None


@dataclass(frozen=True, slots=True)
class NewPasskeySession:
    """The session that a sign-in makes; ``browser``: hash of what the browser keeps, ``browser_name``: as it says."""

    session_id: str
    sha256: bytes
    browser: bytes
    browser_name: str


@dataclass(frozen=True, slots=True)
class PasskeyStepUp:
    """Who changes their passkeys shows the password (``derived``), and a code; None: they have shown a passkey."""

    session_id: str
    derived: str | None
    address: str | None
    code_step: int | None = None
    recovery: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignInChallenge:
    """``result``: wait (for ``wait_s`` seconds), right."""

    result: str
    wait_s: int
    challenge: str | None


@dataclass(frozen=True, slots=True)
class ProofChallenge:
    """``result``: over (the session), wait, none (there is no passkey for this name), right."""

    result: str
    wait_s: int
    challenge: str | None
    known_ids: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class NewPasskeyChallenge:
    """``result``: wait, wrong, second (a code of the secret ``totp`` is wanted), code, over, many, right."""

    result: str
    wait_s: int
    totp: bytes | None
    challenge: str | None
    handle: bytes | None
    known_ids: Sequence[bytes] | None


@dataclass(frozen=True, slots=True)
class PasskeySignIn:
    """``result``: wait, over (the challenge), wrong, counter, in; ``named``: whose it is, of the last two."""

    result: str
    wait_s: int
    named: str | None


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """``result``: wait, over (the session or the challenge), wrong, counter, right."""

    result: str
    wait_s: int


@dataclass(frozen=True, slots=True)
class PasskeyRemoval:
    """``result``: wait, wrong, second (a code of the secret ``totp`` is wanted), code, over, none, done."""

    result: str
    wait_s: int
    totp: bytes | None


async def of_account(store: Store, account: str) -> list[Passkey]:
    """Those of an account, the oldest first. Raises StoreError."""
    return await store.rows(Passkey, Q["of_account"], {"account": account})


async def key_of(store: Store, credential_id: bytes) -> PasskeyKey | None:
    """What verifies the signatures of this one; None: there is none. Raises StoreError."""
    return next(iter(await store.rows(PasskeyKey, Q["key_of"], {"credential_id": credential_id})), None)


async def has_one(store: Store, account: str, rp_id: str) -> bool:
    """Whether the account has one that was made for this name. Raises StoreError."""
    return bool(await store.value(bool, Q["has_one"], {"account": account, "rp_id": rp_id}))


async def begin_sign_in(store: Store, browser: bytes, address: str | None) -> SignInChallenge:
    """A challenge for the browser that keeps what ``browser`` is the hash of. Raises StoreError."""
    return (await store.rows(SignInChallenge, Q["begin_sign_in"], {"browser": browser, "address": address}))[0]


async def sign_in(store: Store, tried: PasskeyTry, new: NewPasskeySession) -> PasskeySignIn:
    """Try; ``new`` is a session afterwards when the result is ``in``. Raises StoreError."""
    values = _values(tried) | {
        "session_id": new.session_id,
        "sha256": new.sha256,
        "browser": new.browser,
        "browser_name": new.browser_name,
    }
    return (await store.rows(PasskeySignIn, Q["sign_in"], values))[0]


async def begin_proof(store: Store, session_id: str, rp_id: str, address: str | None) -> ProofChallenge:
    """A challenge for whose session this is. Raises StoreError."""
    values = {"session_id": session_id, "rp_id": rp_id, "address": address}
    return (await store.rows(ProofChallenge, Q["begin_proof"], values))[0]


async def prove(store: Store, session_id: str, tried: PasskeyTry) -> PasskeyProof:
    """Whose session this is shows a passkey in place of the password. Raises StoreError."""
    return (await store.rows(PasskeyProof, Q["prove"], _values(tried) | {"session_id": session_id}))[0]


async def begin(store: Store, shown: PasskeyStepUp) -> NewPasskeyChallenge:
    """A challenge for a new passkey. Raises StoreError."""
    return (await store.rows(NewPasskeyChallenge, Q["begin"], _step_up(shown)))[0]


async def add(store: Store, session_id: str, new: NewPasskey) -> str:
    """Keep it, which ends the sessions: over, wrong, taken, done. Raises StoreError."""
    made = new.made
    values = {
        "session_id": session_id,
        "client_data": new.client_data,
        "rp_id": new.rp_id,
        "origin": new.origin,
        "credential_id": None if made is None else made.credential_id,
        "algorithm": None if made is None else made.key.algorithm,
        "public_key": None if made is None else made.key.public_key,
        "counter": None if made is None else made.counter,
        "name": new.name,
    }
    return await store.the_value(str, Q["add"], values, "the database has no passkeys")


async def remove(store: Store, shown: PasskeyStepUp, passkey_id: int) -> PasskeyRemoval:
    """Take it away, which ends the sessions. Raises StoreError."""
    return (await store.rows(PasskeyRemoval, Q["remove"], _step_up(shown) | {"passkey_id": passkey_id}))[0]


def _values(tried: PasskeyTry) -> dict[str, object]:
    return {
        "credential_id": tried.shown.credential_id,
        "handle": tried.shown.handle,
        "client_data": tried.shown.client_data,
        "authenticator_data": tried.shown.authenticator_data,
        "signature": tried.shown.signature,
        "origin": tried.origin,
        "known": tried.known,
        "address": tried.address,
    }


def _step_up(shown: PasskeyStepUp) -> dict[str, object]:
    return {
        "session_id": shown.session_id,
        "derived": shown.derived,
        "address": shown.address,
        "code_step": shown.code_step,
        "recovery": shown.recovery,
    }
