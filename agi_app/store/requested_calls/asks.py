"""Asks: what somebody wants of a worker by the service. One worker takes each, and answers it once.

An ask waits as a row of ``open_ask``. The worker that takes it holds that row in the transaction of what it does and of
the answer, so both are there or neither, and one that dies in between has done nothing. What no transaction can have
(files, VACUUM) comes after it: the row then says what is left, until a worker has done it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from agi_app.model.actors import Actor
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("requested_calls/asks")
CHANNEL = "agi_app_ask"
MOST_LISTED = 100
URGENT = (
    "campaign pause",
    "campaign stop",
    "stop link stop",
    "contact cancel",
    "call end",
    "feed pause",
    "feed end",
)  # they wait for nothing that takes long
SIGN_ON = ("single sign-on sign in", "single sign-on prove")  # somebody sits before a page; and a provider may be slow
LANES: Mapping[str, Sequence[str]] = {"urgent": URGENT, "sign-on": SIGN_ON}
OTHERS = "others"  # the lane of all else


@dataclass(frozen=True, slots=True)
class NewAsk:
    """What is asked for; ``private`` and ``sealed`` are forgotten with the answer."""

    kind: str
    verb: str
    object: str
    reason: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] | None = None
    sealed: bytes | None = None  # a credential that only a worker can read; None: the token of who asks


@dataclass(frozen=True, slots=True)
class Ask:
    """An ask and its answer. ``state``: waiting, done or refused."""

    ask_id: int
    kind: str
    verb: str
    object: str
    parameters: Mapping[str, Any]
    account: str
    reason: str
    asked_at: dt.datetime
    state: str
    answer: Mapping[str, Any] | None  # done: what came of it; refused: ``fault``, its kind, and ``text``
    answered_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AskedObject:
    """What an ask is about."""

    object: str


@dataclass(frozen=True, slots=True)
class OpenAsk:
    """An ask that a worker looks at. The row says who asks, and not what that account may do."""

    ask_id: int
    kind: str
    verb: str
    object: str
    parameters: Mapping[str, Any]
    account: str
    scopes: Sequence[str] | None  # of the token
    via: str
    token: str | None
    address: str | None
    reason: str
    asked_at: dt.datetime
    private: Mapping[str, Any] | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The result of an ask that is not yet done as a whole; ``left``: what else is to be done, without private data."""

    told: Mapping[str, Any]
    left: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeftAsk:
    """An answered ask, and what a worker still has to do."""

    ask_id: int
    kind: str
    verb: str
    left: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WantedEnd:
    """A call that somebody asked to end, and was told that it would be."""

    attempt_id: str
    account: str
    reason: str


async def add(store: Store, new: NewAsk, actor: Actor) -> int:
    """Ask; returns the id of the ask once it is durable, or once the transaction is that it is a part of."""
    values = asdict(new) | {
        "parameters": as_json(dict(new.parameters)),
        "private": None if new.private is None else as_json(dict(new.private)),
        "account": actor.account,
        "roles": sorted(role.value for role in actor.roles),
        "scopes": None if actor.scopes is None else sorted(scope.value for scope in actor.scopes),
        "via": actor.via,
        "token": actor.token,
        "address": actor.address,
        "sealed": new.sealed if new.sealed or actor.shown is None else actor.shown.encode(),
    }
    return await store.the_value(int, Q["add"], values, "the ask was not stored: ask again")


async def of_object(store: Store, kind: str, name: str) -> list[Ask]:
    """The asks about an object, the newest first; at most 100."""
    return await store.rows(Ask, Q["of_object"], {"kind": kind, "object": name, "most": MOST_LISTED})


async def newest_done(store: Store, kind: str, verb: str, name: str) -> Ask | None:
    """The newest of these asks about an object that was done."""
    return next(iter(await store.rows(Ask, Q["newest_done"], {"kind": kind, "verb": verb, "object": name})), None)


async def last_is(store: Store, kind: str, verbs: Sequence[str]) -> list[str]:
    """The objects of which the newest done ask of these verbs has the first of them."""
    return [one.object for one in await store.rows(AskedObject, Q["last_is"], {"kind": kind, "verbs": list(verbs)})]


async def by_id(store: Store, ask_id: int) -> Ask | None:
    """One ask with its answer, if it has one."""
    return next(iter(await store.rows(Ask, Q["by_id"], {"ask_id": ask_id})), None)


async def ends(store: Store, attempts: Sequence[str]) -> list[WantedEnd]:
    """Which of these calls somebody asked to end. Raises StoreError."""
    return await store.rows(WantedEnd, Q["ends"], {"attempts": list(attempts)}) if attempts else []


async def look(store: Store, after: int, lane: str | None = None) -> OpenAsk | None:
    """The oldest ask behind ``after`` that nobody is at, not taken by this. ``lane``: only those of one."""
    only = LANES.get(lane) if lane else None
    but = [verb for verbs in LANES.values() for verb in verbs] if lane == OTHERS else []
    values = {"after": after, "only": None if only is None else list(only), "but": but}
    return next(iter(await store.rows(OpenAsk, Q["look"], values)), None)


async def take(store: Store, ask_id: int) -> bool:
    """Take an ask in this transaction; False: it is answered, or another worker is at it."""
    return await store.value(int, Q["take"], {"ask_id": ask_id}) is not None


async def answer(store: Store, ask_id: int, state: str, told: Mapping[str, Any] | Unfinished, node: str) -> None:
    """Answer an ask that was taken in the same transaction; what it leaves is what ``left`` finds."""
    left = told.left if isinstance(told, Unfinished) else None
    told = told.told if isinstance(told, Unfinished) else told
    values = {"ask_id": ask_id, "state": state, "answer": as_json(dict(told)), "node": node}
    await store.execute(Q["answer"], values)
    if left is None:
        await close(store, ask_id)
    else:
        await store.execute(Q["leave"], {"ask_id": ask_id, "left": as_json(dict(left))})


async def left(store: Store, after: int) -> LeftAsk | None:
    """The oldest answered ask behind ``after`` of which something is left to do."""
    return next(iter(await store.rows(LeftAsk, Q["left"], {"after": after})), None)


async def is_open(store: Store, ask_id: int) -> bool:
    """Whether a worker still has something to do with an ask."""
    return await store.value(bool, Q["is_open"], {"ask_id": ask_id}) or False


async def close(store: Store, ask_id: int) -> None:
    """Nothing of an ask is left to do."""
    await store.execute(Q["close"], {"ask_id": ask_id})
