"""Calls that came in, as rows: counted once, provable, and without the number after an erasure."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.audit.erasures import Erasure, sign
from agi_app.store.calling import inbound_calls
from agi_app.store.calling.inbound_calls import ANSWERED, BROKEN_OFF, GIVEN_BACK, InboundCallFilter, LineCall, LineStop
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


async def test_a_call_that_its_worker_s_death_broke_off_is_written_down_as_given_back(store: Store) -> None:
    """By the next worker of that node, once; what ended in order, and what another node has on, is left alone."""
    for call_id, node in (("ended", "node-a"), ("broken", "node-a"), ("on", "node-b")):
        await inbound_calls.open_call(store, replace(call(call_id, hash_number(number(1))), node=node))
    await inbound_calls.add(store, call("ended", None), [])
    for _ in range(2):
        await inbound_calls.write_broken_off(store, ["node-a"])
    broken, ended = await inbound_calls.calls(store, ALL, 10)
    assert (broken.result, broken.note, broken.seconds) == (GIVEN_BACK, BROKEN_OFF, 0.0)
    assert ended.result == ANSWERED
    await inbound_calls.write_broken_off(store, ["node-b"])
    assert len(await inbound_calls.calls(store, ALL, 10)) == 3


async def test_an_erasure_takes_the_number_off_a_call_that_is_on(world: World, store: Store) -> None:
    await world.running(campaign(), [1])
    await inbound_calls.open_call(store, call("c1", hash_number(number(1))))
    await erase_person(store, number(1), Why(BEGAN, "letter", "wang"), lambda erasure: sign(erasure, KEY))
    assert await store.records("SELECT FROM open_line_call WHERE caller_hash IS NOT NULL") == []


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
