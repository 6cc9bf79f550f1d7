"""Calls that came in to our lines, as rows: each written once, when it is over, with the stops that were said in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from agi_app.messages import template
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record

Q = load_queries("calling/inbound_calls")
ANSWERED, GIVEN_BACK = "answered", "given_back"
BROKEN_OFF = template("the worker ended during the call")


@dataclass(frozen=True, slots=True)
class LineStop:
    """A stop said in a call: for the caller's own number, or (``keyed``) for another one."""

    number_hash: bytes
    how: str
    at: dt.datetime  # real time


@dataclass(frozen=True, slots=True)
class LineCall:
    """One call that came in; ``began_at`` is rules time, the others are real."""

    call_id: str
    line: str
    called: str
    caller_hash: bytes | None
    node: str
    result: str  # ANSWERED or GIVEN_BACK
    note: str | None
    language: str | None
    disposition: str | None
    began_at: dt.datetime
    answered_at: dt.datetime | None
    ended_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LineTotals:
    """What came in on one line."""

    line: str
    called: str
    calls: int
    answered: int
    given_back: int
    nameless: int  # answered calls that showed no number
    stops: int
    stops_keyed: int  # those for another number


@dataclass(frozen=True, slots=True)
class LineCallRow:
    """One call for a list; ``caller`` is the beginning of the keyed hash: the same caller, not who."""

    began_at: dt.datetime
    line: str
    result: str
    note: str | None
    language: str | None
    disposition: str | None
    seconds: float | None
    caller: str
    stops: Sequence[str]


@dataclass(frozen=True, slots=True)
class InboundCallFilter:
    """Which calls: of one line or all, that began in this time (rules time)."""

    since: dt.datetime
    until: dt.datetime
    line: str | None = None


async def open_call(store: Store, call: LineCall) -> None:
    """Note a call that is on, until ``add`` writes its result. Raises StoreError."""
    await store.execute(Q["open_call"], asdict(call))


async def write_broken_off(store: Store, nodes: Sequence[str]) -> None:
    """Write the calls down that were on when the workers of these nodes died. Raises StoreError."""
    await store.execute(Q["broken_off"], {"nodes": list(nodes), "note": BROKEN_OFF})


async def add(store: Store, call: LineCall, stops: Sequence[LineStop]) -> None:
    """Write a call with its stops; doing it again changes nothing. Raises StoreError."""
    async with store.transaction() as connection:
        await connection.execute(Q["close_call"], {"call_id": call.call_id})
        if await record(connection, Q["add_call"], asdict(call)) is None:
            return
        for stop in stops:
            await connection.execute(Q["add_stop"], {"call_id": call.call_id, **asdict(stop)})


async def totals(store: Store, span: InboundCallFilter) -> list[LineTotals]:
    """What came in, line by line."""
    return await store.rows(LineTotals, Q["totals"], asdict(span))


async def calls(store: Store, span: InboundCallFilter, limit: int) -> list[LineCallRow]:
    """The newest calls first."""
    return await store.rows(LineCallRow, Q["calls"], {**asdict(span), "limit": limit})
