"""What the guard did, for reports, explanations and replays."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, pages

Q = load_queries("screening/guard_report")
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ActionTotal:
    """How many calls one action met; ``unjudged`` of them rang without a decision."""

    action: str
    calls: int
    unjudged: int
    passed: int
    failed: int
    reported: int
    appealed: int


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """One call and what happened to it; ``mistake`` says why it may have been judged wrongly."""

    call_id: str
    number: str | None
    at: dt.datetime
    called: str
    action: str
    decision: str | None
    unjudged: str | None
    challenge: str | None
    answered: bool | None
    talked_s: float | None
    reported_at: dt.datetime | None
    appealed_at: dt.datetime | None
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class StoredGuardDecision:
    """What a replay needs."""

    call_id: str
    inputs: str
    decision: str


async def totals(store: Store, since: dt.datetime) -> list[ActionTotal]:
    """By action. Raises StoreError."""
    return await store.rows(ActionTotal, Q["totals"], {"since": since})


async def calls(
    store: Store,
    since: dt.datetime,
    *,
    actions: Sequence[str] | None = None,
    number: str | None = None,
    passed: bool | None = None,
    limit: int = 50,
) -> list[JudgedCall]:
    """The newest first. Raises StoreError."""
    chosen = None if actions is None else list(actions)
    values = {"since": since, "actions": chosen, "number": number, "passed": passed, "limit": limit}
    return await store.rows(JudgedCall, Q["calls"], values)


async def suspected(store: Store, since: dt.datetime, limit: int = 50) -> list[JudgedCall]:
    """Calls that were probably judged wrongly: kept away and later found good, or let through and reported."""
    values = {"since": since, "limit": limit}
    wrong = await store.rows(JudgedCall, Q["mistakes"], values)
    return wrong + await store.rows(JudgedCall, Q["missed"], values)


async def find_call(store: Store, call: str) -> str | None:
    """The id of this call, or of the last call of this number. Raises StoreError."""
    found = await store.record(Q["last_call"], {"call": call})
    return str(found["call_id"]) if found else None


def decisions(store: Store, since: dt.datetime) -> AsyncIterator[list[StoredGuardDecision]]:
    """Every decision since then, in the order of the ids, some at a time. Raises StoreError."""
    values = {"since": since, "limit": AT_ONCE}
    return pages(
        lambda after: store.rows(StoredGuardDecision, Q["decisions"], values | {"after": after}),
        "",
        lambda row: row.call_id,
    )
