"""Sessions of the console's pages: sign in by password and code, sign out; links for a first password.

The password is the secret with which the account approves. The audit records who signed in, out, or set a password by
a link. A worker verifies the session that is shown with an ask, as it does a token.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agi_app.consent import account_secrets
from agi_app.consent.weak_secrets import LONGEST_SECRET, fault_in
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor, Role, Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.service import second_factor, token_texts, tokens
from agi_app.operations.service.tokens import TokenOwner
from agi_app.store.ledger import accounts
from agi_app.store.service import console_sessions as table
from agi_app.store.service.console_sessions import (
    FactorChange,
    OpenSession,
    PasswordShown,
    SecondFactorState,
    SignInResult,
    SignInTry,
)

PREFIX = "agis"
LINK_PREFIX = "agil"
LINK_GOOD_FOR = dt.timedelta(minutes=15)
IDLE = {Role.COMPLIANCE: dt.timedelta(minutes=30), Role.ADMIN: dt.timedelta(minutes=30)}  # others: while it lasts
PROVED_FOR = dt.timedelta(minutes=5)
SEEN_EVERY = dt.timedelta(seconds=30)
_deriving = asyncio.Semaphore(2)  # each takes 19 MiB and 50 ms of a core


@dataclass(frozen=True, slots=True)
class SecondShown:
    """What somebody typed beside the password: the code of the authenticator app, else a recovery code, or neither."""

    code: str = ""
    recovery: str = ""

    @property
    def by_recovery(self) -> bool:
        """Whether it is a recovery code."""
        return bool(self.recovery.strip()) and not self.code.strip()

    def against(self, secret: bytes | None, now: dt.datetime) -> dict[str, Any]:
        """What the database compares: ``code_step`` or ``recovery``; nothing when nothing was typed."""
        if self.by_recovery:
            return {"recovery": second_factor.recovery_sha256(self.recovery)}
        return {"code_step": second_factor.step_of(secret or b"", self.code, now)} if self.code.strip() else {}


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What somebody typed, and from where."""

    name: str
    password: str
    second: SecondShown
    address: str | None = None
    browser: str = ""


class SignInRefused(Exception):
    """``kind``: wait (``wait_s`` seconds), wrong, second (a code is wanted)."""

    def __init__(self, kind: str, wait_s: int = 0) -> None:
        super().__init__(kind)
        self.kind, self.wait_s = kind, wait_s


async def sign_in(inst: Installation, form: SignInForm) -> str:
    """The text of a new session, which only the browser sees. Raises SignInRefused, StoreError.

    Without a second factor the password alone; a wrong password and an unknown name look and take the same.
    """
    if "\x00" in form.name + form.password:
        raise SignInRefused("wrong")
    derived = await derived_of(inst, form.name, form.password)
    session_id, text = token_texts.make(PREFIX)
    sha256 = token_texts.sha256_of(text)
    tried = SignInTry(form.name, derived, form.address, form.browser)
    told = await table.sign_in(inst.store, tried, session_id, sha256)
    wanted = told.result == "second"
    if wanted and (second := form.second.against(told.totp, inst.clock.real_now())):
        told = await table.sign_in(inst.store, dataclasses.replace(tried, **second), session_id, sha256)
    if told.result != "in":
        raise SignInRefused(told.result, told.wait_s)
    owner = await owner_of(inst, text)
    if owner is not None:
        note = _note_recovery if wanted and form.second.by_recovery else _note_sign_in
        await note(dataclasses.replace(inst, actor=actor_of(owner, text, form.address)), form.name)
    return text


@noted(None, "sign in", "account")
async def _note_sign_in(_inst: Installation, account: str) -> None:
    """The session is there already; the note says so."""


@noted(None, "sign in by recovery code", "account")
async def _note_recovery(_inst: Installation, account: str) -> None:
    """The same, of somebody who has lost the telephone, or says so."""


async def owner_of(inst: Installation, text: str) -> TokenOwner | None:
    """Who is signed in by this session; None when it has ended, or was idle for too long. Raises StoreError."""
    session_id = token_texts.id_of(text, PREFIX)
    found = None if session_id is None else await table.good(inst.store, session_id)
    if found is None or not hmac.compare_digest(token_texts.sha256_of(text), found.sha256):
        return None
    roles = frozenset(Role(role) for role in found.roles)
    if _is_idle(found.idle, roles):
        await table.end(inst.store, found.session_id)
        return None
    if found.idle > SEEN_EVERY:
        await table.seen(inst.store, found.session_id)
    return TokenOwner(found.session_id, found.account, roles, None, "console", found.language)


def _is_idle(idle: dt.timedelta, roles: frozenset[Role]) -> bool:
    return any(idle > limit for role, limit in IDLE.items() if role in roles)


async def still_good(inst: Installation, session_ids: Sequence[str]) -> set[str]:
    """Which of these sessions have not ended, and were not idle for too long. Raises StoreError."""
    found = await table.good_ones(inst.store, session_ids)
    return {one.session_id for one in found if not _is_idle(one.idle, frozenset(map(Role, one.roles)))}


async def who_shows(inst: Installation, text: str) -> TokenOwner | None:
    """Whose token or session this is; None when it is not good. Raises StoreError."""
    return await (owner_of(inst, text) if text.startswith(f"{PREFIX}_") else tokens.owner_of(inst, text))


@reads(None)
async def is_proved(inst: Installation) -> bool:
    """Whether the actor has shown the password within ``PROVED_FOR``, at the sign-in or since. Raises StoreError."""
    found = await table.good(inst.store, inst.actor.token or "")
    return found is not None and found.since_proof < PROVED_FOR


@noted(None, "password shown")
async def prove(inst: Installation, password: str) -> None:
    """Show the password again, before what cannot be taken back. Raises InputError for a wrong one, StoreError."""
    _right(await table.prove(inst.store, await _shown(inst, password)))


def actor_of(owner: TokenOwner, text: str, address: str | None) -> Actor:
    """Who acts by this session."""
    return Actor(
        owner.account,
        owner.roles,
        "console",
        address=address,
        token=owner.token_id,
        language=owner.language,
        shown=text,
    )


def acting(inst: Installation, actor: Actor) -> Installation:
    """The installation in which this actor acts."""
    return dataclasses.replace(inst, actor=actor)


@reads(None)
async def own_sessions(inst: Installation) -> list[OpenSession]:
    """The sessions of the actor's own account. Raises StoreError."""
    return await table.of_account(inst.store, inst.actor.account)


@noted(None, "session end", "session_id")
async def end_own(inst: Installation, session_id: str) -> None:
    """End a session of one's own account. Raises InputError when there is no such session, StoreError."""
    if session_id not in {one.session_id for one in await own_sessions(inst)}:
        raise InputError(t("this session has ended already"))
    await table.end(inst.store, session_id)


@reads(Scope.ACCOUNTS_MANAGE)
async def of_account(inst: Installation, account: str) -> list[OpenSession]:
    """Where an account is signed in. Raises StoreError."""
    return await table.of_account(inst.store, account)


@noted(Scope.ACCOUNTS_MANAGE, "account session end", "account")
async def end_of_account(inst: Installation, account: str, session_id: str) -> None:
    """End a session of an account. Raises InputError when there is no such session, StoreError."""
    if session_id not in {one.session_id for one in await table.of_account(inst.store, account)}:
        raise InputError(t("this session has ended already"))
    await table.end(inst.store, session_id)


@noted(None, "account secret")
async def change_own_password(inst: Installation, password: str, new: str) -> None:
    """Set another password; ends all sessions of the account. Raises InputError for a wrong one, StoreError."""
    _good(new, inst.actor.account)
    async with _deriving:
        credential = await asyncio.to_thread(account_secrets.hash_secret, new)
    _right(await table.change_password(inst.store, await _shown(inst, password), credential))


@reads(None)
async def own_second_factor(inst: Installation) -> SecondFactorState:
    """Whether the actor's own account has a second factor, and how many recovery codes are left. Raises StoreError."""
    return await table.second_factor(inst.store, inst.actor.account)


@noted(None, "account second factor")
async def set_second_factor(
    inst: Installation, password: str, secret: bytes, code: str, until_now: SecondShown
) -> list[str]:
    """Want a code of this secret at each sign-in from now on; ends all sessions of the account.

    Returns its recovery codes, which are kept nowhere. ``until_now``: of the factor that it replaces, if there is one.
    Raises InputError for a wrong password or code, StoreError.
    """
    step = second_factor.step_of(secret, code, inst.clock.real_now())
    if not step:
        raise InputError(t("this is not the code that the authenticator app shows now"))
    codes = second_factor.new_recovery_codes()
    await _change(inst, password, until_now, FactorChange(secret, step, _hashes(codes)))
    return codes


@noted(None, "account second factor")
async def remove_second_factor(inst: Installation, password: str, shown: SecondShown) -> None:
    """Want no code any longer; ends all sessions of the account. Raises InputError for a wrong password or code,
    StoreError."""
    await _change(inst, password, shown, FactorChange())


@noted(None, "account recovery codes")
async def renew_recovery_codes(inst: Installation, password: str, shown: SecondShown) -> list[str]:
    """Other recovery codes, which are kept nowhere; those until now are good no longer. Raises as the others."""
    codes = second_factor.new_recovery_codes()
    await _change(inst, password, shown, FactorChange(codes=_hashes(codes)))
    return codes


def _hashes(codes: Sequence[str]) -> list[bytes]:
    return [second_factor.recovery_sha256(code) for code in codes]


async def _change(inst: Installation, password: str, second: SecondShown, new: FactorChange) -> None:
    shown = await _shown(inst, password)
    told = await table.change_second_factor(inst.store, shown, new)
    if told.result == "second" and (typed := second.against(told.totp, inst.clock.real_now())):
        told = await table.change_second_factor(inst.store, dataclasses.replace(shown, **typed), new)
    _right(told)


async def _shown(inst: Installation, password: str) -> PasswordShown:
    derived = await derived_of(inst, inst.actor.account, password)
    return PasswordShown(inst.actor.token or "", derived, inst.actor.address)


def _right(told: SignInResult) -> None:
    match told.result:
        case "done" | "right":
            return
        case "wait":
            raise InputError(waits(told.wait_s))
        case "second":
            raise InputError(t("type the code that the authenticator app shows now, too, or a recovery code"))
        case "code":
            raise InputError(t("the code is not right, or was used already: each is good once"))
        case "none":
            raise InputError(t("your account has no second factor"))
        case "over":
            raise InputError(t("your session has ended; sign in again"))
        case _:
            raise InputError(t("the password is not right"))


def waits(seconds: int) -> str:
    """Why nothing is compared just now, and for how long."""
    minutes = -(-seconds // 60)
    return t("Too many tries. Try again in {minutes} minutes.", minutes=minutes)


@noted(None, "sign out")
async def sign_out(inst: Installation) -> None:
    """End the session by which the actor acts. Raises StoreError."""
    await table.end(inst.store, inst.actor.token or "")


@noted(Scope.ACCOUNTS_MANAGE, "account link", "account")
async def make_link(inst: Installation, account: str) -> tuple[str, dt.datetime]:
    """The text of a link with which an account sets its password, once, and until when it is good (real time).

    Raises InputError when there is no account of this name that is enabled, StoreError.
    """
    return await _link(inst, account)


@noted(None, "account link", "account")
async def make_own_link(inst: Installation, account: str) -> tuple[str, dt.datetime]:
    """The same, of one's own account."""
    return await _link(inst, account)


@noted(Scope.ACCOUNTS_MANAGE, "account link", "account")
async def keep_link(inst: Installation, account: str, sha256: bytes) -> dt.datetime:
    """The same of a link that the console has made, which shows its text: until when it is good. Raises as that."""
    return await _kept(inst, account, sha256)


async def _link(inst: Installation, account: str) -> tuple[str, dt.datetime]:
    _, text = token_texts.make(LINK_PREFIX)
    return text, await _kept(inst, account, token_texts.sha256_of(text))


async def _kept(inst: Installation, account: str, sha256: bytes) -> dt.datetime:
    until = await table.add_link(inst.store, account, sha256, LINK_GOOD_FOR)
    if until is None:
        told = "there is no account {name!r} that is enabled; `agi-app account list` shows all"
        raise InputError(t(told, name=account))
    return until


async def make_link_of(inst: Installation, account: str = "") -> tuple[str, dt.datetime]:
    """The same, for one's own account without a name, which takes no role of an admin. Raises as ``make_link``."""
    if account and account != inst.actor.account:
        return await make_link(inst, account)
    return await make_own_link(inst, inst.actor.account)


async def link_owner(inst: Installation, text: str) -> str | None:
    """Whose link this is; None when it is not good, or no longer. Raises StoreError."""
    if token_texts.id_of(text, LINK_PREFIX) is None:
        return None
    return await table.link_owner(inst.store, token_texts.sha256_of(text))


async def set_by_link(inst: Installation, text: str, password: str) -> str:
    """Set the password of whose link this is; returns the account. Raises InputError, StoreError."""
    if (owner := await link_owner(inst, text)) is not None:
        _good(password, owner)
        async with _deriving:
            credential = await asyncio.to_thread(account_secrets.hash_secret, password)
        owner = await table.use_link(inst.store, token_texts.sha256_of(text), credential)
    if owner is None:
        raise InputError(t("this link is no longer good; an admin makes a new one with `agi-app account link NAME`"))
    account = await accounts.of_name(inst.store, owner)
    roles = frozenset() if account is None else account.role_set
    await _note_password(acting(inst, Actor(owner, roles, "console")), owner)
    return owner


@noted(None, "account secret", "account")
async def _note_password(_inst: Installation, account: str) -> None:
    """It is set already; the note says so."""


def _good(password: str, account: str) -> None:
    if (fault := fault_in(password, account)) is not None:
        raise InputError(fault)


async def derived_of(inst: Installation, name: str, password: str) -> str:
    """What the database compares: derived from a password as this account's was. Raises StoreError."""
    parameters = await table.parameters(inst.store, name)
    async with _deriving:
        return await asyncio.to_thread(account_secrets.derive, password[:LONGEST_SECRET], parameters)
