"""The statistics of a quarter: what happened in it, and no day of another, by campaign, trunk and reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.installation import Installation
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Purpose
from agi_app.operations.reporting.quarter import QuarterRequest, quarter, write_quarter
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.store.database.checks import database_now
from agi_app.store.people import stops
from agi_app.store.reporting.quarter import CountedRow
from tests.store.world import TERMS, World, campaign, installation_for, number

pytestmark = pytest.mark.postgres


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


async def clock_says(world: World, text: str) -> None:
    world.terms = replace(TERMS, offset=utc(text) - await database_now(world.store))


async def figures(desk: Installation, name: str, zone: str = "UTC") -> dict[tuple[str | None, ...], int]:
    found = await quarter(desk, QuarterRequest(name, zone))
    return {(row.what, row.campaign, row.trunk, row.reason): row.number for row in found}


async def test_calls_stops_and_refusals_belong_to_their_campaign_and_trunk(world: World, desk: Installation) -> None:
    await clock_says(world, "2026-09-30T15:00")
    first = await world.running(campaign(), [1, 2, 3, 4], consenting=[1, 2, 3])
    await world.call(await world.claim_one(first), CallResult(Outcome.BUSY))  # of the quarter before, also in China
    await clock_says(world, "2026-09-30T17:00")  # the first of October in China
    await world.call(await world.claim_one(first), CallResult(Outcome.ANSWERED))
    await clock_says(world, "2026-10-01T08:00")
    await world.call(await world.claim_one(first), CallResult(Outcome.ANSWERED))
    await world.claim(first)
    await stops.revoke(world.store, number(3), None, utc("2026-10-01T08:10"), reason="said so", via="key press")
    await stops.revoke(world.store, number(9), None, utc("2026-10-01T09:00"), reason="letter", via="command line")
    purpose = Purpose.TRANSACTIONAL
    await stops.revoke(world.store, number(2), purpose, utc("2027-01-01T00:00"), reason="later", via="command line")
    of_utc = await figures(desk, "2026Q4")
    assert of_utc == {
        ("call", "checkup", "carrier", "answered"): 1,
        ("refused", "checkup", "carrier", "consent_missing"): 1,
        ("stop", "checkup", "carrier", "key press"): 1,
        ("stop", None, None, "command line"): 1,
    }
    of_china = await figures(desk, "2026Q4", "Asia/Shanghai")
    assert of_china[("call", "checkup", "carrier", "answered")] == 2
    assert await figures(desk, "2026Q3") == {
        ("call", "checkup", "carrier", "answered"): 1,
        ("call", "checkup", "carrier", "busy"): 1,
    }
    assert await figures(desk, "2027Q1") == {("withdrawal", "checkup", "carrier", "transactional: command line"): 1}


async def test_it_is_written_as_a_table(world: World, desk: Installation, tmp_path: Path) -> None:
    await clock_says(world, "2026-10-01T08:00")
    wanted = await world.running(campaign(), [1])
    await world.call(await world.claim_one(wanted), CallResult(Outcome.BUSY))
    made = await write_quarter(desk, QuarterRequest("2026Q4"), tmp_path / "q.csv", TableFormat.CSV)
    assert made.rows == 1
    assert await quarter(desk, QuarterRequest("2026Q4")) == [CountedRow("call", "checkup", "carrier", "busy", 1)]
    assert made.file.read_text("utf-8-sig").splitlines()[1] == "2026Q4,call,checkup,carrier,busy,1"
