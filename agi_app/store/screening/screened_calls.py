"""What is known of a caller, and what happened to the calls that came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agi_app.guard.facts import CallerFacts, ScriptHit, Vote
from agi_app.guard.lists import WITHHELD, ListEntry, ListOwner
from agi_app.guard.subscriber_settings import Hours
from agi_app.guard.votes import block_keys, weigh
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries

Q = load_queries("screening/screened_calls")
TALK_S = 30.0  # of talk, so that two-way history counts
PURGED_AT_ONCE = 5_000
PURGED = {  # query -> what people call it; in this order, so that each counts what it removes itself
    "transcripts": "opening words",
    "scripts": "learned scripts",
    "calls": "screened calls",
    "callers": "callers",
    "lists": "list entries",
}
_NOTHING = ":"  # sorts after every digit: no number begins with it


@dataclass(frozen=True, slots=True)
class SubscriberLine:
    """What the person behind one of our numbers chose; None: as the settings say."""

    enabled: bool | None = None
    level: str | None = None
    hours: tuple[Hours, ...] = ()
    zone: str | None = None
    mailbox: bool | None = None


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """All that the database says of a caller of one line; ``facts`` without how it called of late."""

    facts: CallerFacts
    line: SubscriberLine
    own_lists: tuple[ListEntry, ...]


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call that came in. ``inputs`` and ``decision`` are None when it was let through unjudged."""

    call_id: str
    number: str | None
    at: dt.datetime
    called: str
    endpoint: str
    action: str
    inputs: str | None = None
    decision: str | None = None
    unjudged: str | None = None
    nuisance: bool = False  # the decision found that its caller is one


@dataclass(frozen=True, slots=True)
class EndedCall:
    """How a call ended."""

    call_id: str
    answered: bool
    rang_s: float
    talked_s: float
    by_caller: bool
    gave_up_at: dt.datetime | None = None  # rules time: hung up while it was asked for digits


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call of the last day, for the memory of a worker that has just started."""

    call_id: str
    number: str | None
    at: dt.datetime
    called: str
    answered: bool | None
    rang_s: float | None
    by_caller: bool | None
    challenge: str | None
    stranger: bool


async def lookup(store: Store, number: str | None, line: str, now: dt.datetime) -> KnownCaller:
    """What is known, in one trip. Raises StoreError."""
    digits = (number or "").removeprefix("+")
    beginnings = [f"{(number or '')[:end]}*" for end in range(2, len(number or "") + 1)]
    values = {
        "number": number or "",
        "digits": digits,
        "hundred": block_keys(number)[1] if number and len(number) > 4 else _NOTHING,
        "patterns": [number, digits, *beginnings] if number else [WITHHELD],
        "line": line,
        "now": now,
    }
    if (found := await store.record(Q["facts"], values)) is None:
        return KnownCaller(CallerFacts(), SubscriberLine(), ())
    return _known(found, number, now)


def _known(found: dict[str, Any], number: str | None, now: dt.datetime) -> KnownCaller:
    lists = msgspec.convert(found["lists"] or (), list[ListEntry])
    near = msgspec.convert(found["near"] or (), list[tuple[str, dt.datetime]])
    ten, hundred = weigh(near, number, now) if number else (0.0, 0.0)
    facts = CallerFacts(
        dialled_at=found["dialled_at"],
        first_seen=found["first_seen"],
        last_seen=found["last_seen"],
        talked=found["talked"],
        block_10=ten,
        block_100=hundred,
        votes=msgspec.convert(found["votes"] or (), tuple[Vote, ...]),
        lists=tuple(entry for entry in lists if entry.owner is not ListOwner.OWN),
        script=msgspec.convert(found["script"], ScriptHit | None),
        passed_at=found["passed_at"],
    )
    line = msgspec.convert(found["line"] or {}, SubscriberLine)
    return KnownCaller(facts, line, tuple(entry for entry in lists if entry.owner is ListOwner.OWN))


async def write(store: Store, calls: Sequence[NewCall], ends: Sequence[EndedCall]) -> None:
    """Store calls and ends; doing it again changes nothing. Raises StoreError."""
    async with store.transaction() as connection:
        await _add_calls(connection, calls)
        if ends:
            values = {
                "talk": TALK_S,
                "ids": [e.call_id for e in ends],
                "answered": [e.answered for e in ends],
                "rang": [e.rang_s for e in ends],
                "talked": [e.talked_s for e in ends],
                "by_caller": [e.by_caller for e in ends],
            }
            await connection.execute(Q["end_calls"], values)
        for end in ends:
            if end.gave_up_at is not None:
                values = {"call_id": end.call_id, "result": "failed", "at": end.gave_up_at}
                await connection.execute(Q["challenged"], values)


async def _add_calls(connection: Connection, calls: Sequence[NewCall]) -> None:
    if not calls:
        return
    if seen := [c for c in calls if c.number is not None]:
        await connection.execute(Q["see_callers"], {"numbers": [c.number for c in seen], "times": [c.at for c in seen]})
    await connection.execute(
        Q["add_calls"],
        {
            "ids": [c.call_id for c in calls],
            "numbers": [c.number for c in calls],
            "times": [c.at for c in calls],
            "called": [c.called for c in calls],
            "endpoints": [c.endpoint for c in calls],
            "actions": [c.action for c in calls],
            "inputs": [c.inputs for c in calls],
            "decisions": [c.decision for c in calls],
            "unjudged": [c.unjudged for c in calls],
        },
    )
    if bad := [c for c in seen if c.nuisance]:
        await connection.execute(
            Q["find_nuisances"], {"numbers": [c.number for c in bad], "times": [c.at for c in bad]}
        )


async def challenged(store: Store, call_id: str, passed: bool, at: dt.datetime) -> bool:
    """How a challenge ended; False when there is no such call, or it was reported before. Raises StoreError."""
    result = "passed" if passed else "failed"
    return await store.execute(Q["challenged"], {"call_id": call_id, "result": result, "at": at}) > 0


async def dialled(store: Store, number: str, at: dt.datetime) -> None:
    """Somebody here called this number: it may call back. Raises StoreError."""
    await store.execute(Q["dialled"], {"number": number, "at": at})


async def last_day(store: Store, since: dt.datetime) -> list[PastCall]:
    """The calls since then, oldest first. Raises StoreError."""
    return await store.rows(PastCall, Q["day"], {"since": since})


async def purge(store: Store, before: dt.datetime) -> dict[str, int]:
    """Delete some of what is older; how much of each, nothing when none is left. Raises StoreError."""
    values = {"before": before, "limit": PURGED_AT_ONCE}
    async with store.transaction(limit=None) as connection:
        gone = {what: await count(connection, Q[f"purge_{query}"], values) for query, what in PURGED.items()}
    return {what: number for what, number in gone.items() if number}


async def old(store: Store, before: dt.datetime) -> dict[str, int]:
    """How much ``purge`` would delete. Raises StoreError."""
    row = await store.record(Q["count_old"], {"before": before}, limit=None)
    return {what: int(row[query]) if row else 0 for query, what in PURGED.items()}
