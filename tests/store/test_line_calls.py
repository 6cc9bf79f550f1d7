"""Calls that came in, as rows: counted once, provable, and without the number after an erasure."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.erasures import Erasure, sign
from agi_app.store.calling import inbound_calls
from agi_app.store.calling.inbound_calls import ANSWERED, GIVEN_BACK, InboundCallFilter, LineCall, LineStop
from agi_app.store.database.pool import Store
from agi_app.store.people.erasure import Why, erase_person
from tests.store.world import World, campaign, hash_number, number

pytestmark = pytest.mark.postgres

BEGAN = dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.UTC)
ALL = InboundCallFilter(BEGAN - dt.timedelta(days=1), BEGAN + dt.timedelta(days=1))
KEY = Ed25519PrivateKey.generate()


def call(call_id: str, caller: bytes | None, result: str = ANSWERED, note: str | None = None) -> LineCall:
    answered = BEGAN if result == ANSWERED else None
    end = BEGAN + dt.timedelta(seconds=30)
    return LineCall(
        call_id, "main", "+999862155500001", caller, "node-a", result, note, "en", None, BEGAN, answered, end
    )


async def test_a_call_is_written_once_with_its_stops(store: Store) -> None:
    mine, other = hash_number(number(1)), hash_number(number(2))
    stops = [LineStop(other, "keyed", BEGAN), LineStop(mine, "key", BEGAN)]
    for _ in range(2):  # an answer of the database that got lost
        await inbound_calls.add(store, call("c1", mine), stops)
    await inbound_calls.add(store, call("c2", None), [])
    await inbound_calls.add(store, call("c3", mine, GIVEN_BACK, "full"), [])
    (totals,) = await inbound_calls.totals(store, ALL)
    assert (totals.calls, totals.answered, totals.given_back, totals.nameless) == (3, 2, 1, 1)
    assert (totals.stops, totals.stops_keyed) == (2, 1)
    newest, _, first = await inbound_calls.calls(store, ALL, 10)
    assert (newest.note, list(first.stops), first.seconds) == ("full", ["keyed", "key"], 30.0)
    assert newest.caller == first.caller == mine.hex()[:8]


async def test_an_erasure_takes_the_numbers_off_and_names_the_rows(world: World, store: Store) -> None:
    await world.running(campaign(), [1])
    await inbound_calls.add(store, call("c1", hash_number(number(1))), [LineStop(hash_number(number(1)), "key", BEGAN)])
    named: list[Erasure] = []

    def signed(erasure: Erasure) -> bytes:
        named.append(erasure)
        return sign(erasure, KEY)

    await erase_person(store, number(1), Why(BEGAN, "letter", "wang"), signed)
    assert {"line_call", "line_stop"} <= named[0].erased.keys()
    (row,) = await inbound_calls.calls(store, ALL, 10)
    assert (row.caller, list(row.stops)) == ("erased", ["key"])
