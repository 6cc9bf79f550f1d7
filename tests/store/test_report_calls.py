"""The report of calls: of the right days wherever they begin, with the consent, and nothing that was not asked for."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agi_app.audit.erasures import sign
from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import Forbidden, InputError, StoreError
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign
from agi_app.operations.reporting import calls
from agi_app.operations.reporting.calls import CallsRequest, write_calls
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.store.database.checks import database_now
from agi_app.store.people.erasure import Why, erase_person
from tests.store.audit_site import Site
from tests.store.world import LONG_AGO, TERMS, World, campaign, contact, import_contacts, installation_for, number

pytestmark = pytest.mark.postgres

CHENGDU, DEYANG, BEIJING = 8_000_001, 8_100_001, 1  # by their digits
SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)


async def clock_says(world: World, now: dt.datetime) -> None:
    world.terms = replace(TERMS, offset=now - await database_now(world.store))


async def called(world: World, wanted: Campaign, when: str, result: CallResult | None = None) -> None:
    """The next contact, at this instant of rules time (UTC)."""
    await clock_says(world, utc(when))
    await world.call(await world.claim_one(wanted), result or CallResult(Outcome.BUSY))


async def rows(desk: Installation, since: str, until: str, zone: str = "UTC", **more: Any) -> list[dict[str, str]]:
    file = Path(desk.settings.data) / "calls.jsonl"
    asked = CallsRequest(dt.date.fromisoformat(since), dt.date.fromisoformat(until), zone, **more)
    made = await write_calls(desk, asked, file, TableFormat.JSON)
    found = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert made.rows == len(found)
    return found


def contacts(found: Sequence[dict[str, str]]) -> list[str]:
    return [row["contact"] for row in found]


async def test_a_row_says_who_was_called_when_and_on_what_consent(world: World, desk: Installation) -> None:
    await clock_says(world, utc("2026-11-16T00:00"))
    wanted = await world.running(campaign(), [CHENGDU])
    await called(world, wanted, "2026-11-16T02:00")
    (row,) = await rows(desk, "2026-11-16", "2026-11-16", SHANGHAI)
    assert row["local_time"].startswith("2026-11-16 10:00:0")
    assert row["local_time"].endswith("+08:00")
    assert row["utc_time"].startswith("2026-11-16 02:00:0")
    assert (row["place"], row["place_zh"], row["country"]) == ("Chengdu, Sichuan", "四川省成都市", "CN")
    assert (row["what"], row["campaign"], row["trunk"], row["outcome"]) == ("call", "checkup", "carrier", "busy")
    assert (row["consent_words"], row["consent_method"]) == ("I agree to reminder calls.", "web form")
    assert row["consent_given"] == "2026-01-05 17:00:00+08:00"
    assert (row["rules"], row["rule_set"]) == ("allowed", "rules-1")
    assert row["number"] == "+99986…01"
    assert number(CHENGDU) not in json.dumps(row)


async def test_a_day_begins_at_midnight_of_the_zone_that_was_asked_for(world: World, desk: Installation) -> None:
    """China: 16:00 UTC. New York: 04:00 UTC, and 05:00 after the day of 25 hours on which summer time ends."""
    await clock_says(world, utc("2026-10-31T00:00"))
    wanted = await world.running(campaign(), range(1, 8))
    for when in (
        "2026-10-31T15:59:30",  # row-1: 23:59 in Shanghai
        "2026-10-31T16:00:01",  # row-2: midnight there
        "2026-11-01T03:59:30",  # row-3: 23:59 in New York
        "2026-11-01T04:00:01",  # row-4: midnight
        "2026-11-01T15:59:30",  # row-5: the last of the day in Shanghai
        "2026-11-02T04:59:30",  # row-6: the last of 25 hours in New York
        "2026-11-02T05:00:01",  # row-7: the next day
    ):
        await called(world, wanted, when)
    of_china = await rows(desk, "2026-11-01", "2026-11-01", SHANGHAI)
    assert contacts(of_china) == ["row-2", "row-3", "row-4", "row-5"]
    of_new_york = await rows(desk, "2026-11-01", "2026-11-01", NEW_YORK)
    assert contacts(of_new_york) == ["row-4", "row-5", "row-6"]
    assert [row["local_time"][-6:] for row in of_new_york] == ["-04:00", "-05:00", "-05:00"]
    assert contacts(await rows(desk, "2026-11-01", "2026-11-02", NEW_YORK)) == ["row-4", "row-5", "row-6", "row-7"]


async def test_each_filter_leaves_out_what_was_not_asked_for(world: World, desk: Installation) -> None:
    await clock_says(world, utc("2026-11-16T00:00"))
    first = await world.running(campaign(), [CHENGDU, DEYANG, BEIJING])
    other = await world.running(campaign("other", trunk="second"), [2])
    for minute, outcome in enumerate((Outcome.BUSY, Outcome.NO_ANSWER, Outcome.BUSY)):
        await called(world, first, f"2026-11-16T01:0{minute}", CallResult(outcome))
    await called(world, other, "2026-11-16T01:10")

    async def asked(**more: Any) -> list[str]:
        return contacts(await rows(desk, "2026-11-16", "2026-11-16", **more))

    for sichuan in ("Sichuan", "四川"):
        assert await asked(places=(sichuan,)) == [f"row-{CHENGDU}", f"row-{DEYANG}"]
    assert await asked(places=("Chengdu", "北京市")) == [f"row-{CHENGDU}", "row-1", "row-2"]
    assert await asked(campaigns=("other",)) == ["row-2"]
    assert await asked(trunks=("carrier",)) == [f"row-{CHENGDU}", f"row-{DEYANG}", "row-1"]
    assert await asked(outcomes=("no_answer",)) == [f"row-{DEYANG}"]
    assert await asked(jurisdictions=("US",)) == []
    assert len(await asked(jurisdictions=("cn",))) == 4
    assert await asked(campaigns=("other",), places=("Sichuan",)) == []


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"campaigns": ("chekup",)}, r'--campaign chekup: there is none of that name; did you mean "checkup"'),
        ({"trunks": ("nobody",)}, r"--trunk nobody: there is none of that name; known here: carrier"),
        ({"jurisdictions": ("XX",)}, r"--jurisdiction XX: there is none of that name; known here: CN"),
        ({"jurisdictions": ("US-ZZ",)}, r"--jurisdiction US-ZZ: there is none of that name"),
        ({"places": ("Sichuann",)}, r'--region Sichuann: there is none of that name; did you mean "Sichuan"'),
        ({"places": ("四川人",)}, r"--region 四川人: there is none of that name"),
        ({"rules": ("consent",)}, r"--rule consent: there is none of that name"),
    ],
)
async def test_a_filter_that_fits_nothing_that_exists_is_refused_with_what_does(
    world: World, desk: Installation, filters: dict[str, Any], told: str
) -> None:
    await world.running(campaign(), [CHENGDU])
    with pytest.raises(InputError, match=told):
        await rows(desk, "2026-11-16", "2026-11-16", **filters)
    assert not (Path(desk.settings.data) / "calls.jsonl").exists()


async def test_refused_decisions_are_rows_only_when_asked_for(world: World, desk: Installation) -> None:
    await clock_says(world, utc("2026-11-16T01:00"))
    wanted = await world.running(campaign(), [1, 2, 3], consenting=[1, 3])
    await world.call(await world.claim_one(wanted))
    await world.claim(wanted)  # refuses 2, and claims 3
    assert contacts(await rows(desk, "2026-11-16", "2026-11-16")) == ["row-1"], "a claimed call was not dialled"
    found = await rows(desk, "2026-11-16", "2026-11-16", refused=True)
    assert [(row["contact"], row["what"]) for row in found] == [("row-1", "call"), ("row-2", "refused")]
    assert (found[1]["rules"], found[1]["reasons"]) == ("consent_missing", "there is no recorded consent")
    assert (found[1]["consent"], found[1]["outcome"], found[1]["trunk"]) == ("", "", "carrier")
    only = await rows(desk, "2026-11-16", "2026-11-16", rules=("consent_missing",), language="zh")
    assert [(row["contact"], row["reasons"]) for row in only] == [("row-2", "没有同意记录")]
    assert await rows(desk, "2026-11-16", "2026-11-16", rules=("suppressed",)) == []
    assert await rows(desk, "2026-11-15", "2026-11-15", refused=True) == []


async def test_whole_numbers_are_noted_before_anybody_has_them(
    world: World, desk: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clock_says(world, utc("2026-11-16T01:00"))
    wanted = await world.running(campaign(), [1, 2])
    for _ in range(2):
        await world.call(await world.claim_one(wanted))
    day = ("2026-11-16", "2026-11-16")
    with pytest.raises(InputError, match="--reason"):
        await rows(desk, *day, whole_numbers=True, reason=" ")
    await rows(desk, *day)
    assert await world.value("SELECT count(*) FROM access_log") == 0, "masked numbers are no access"

    async def broken(*_: object) -> None:
        raise StoreError("the database is away")

    folder = Path(desk.settings.data)
    (folder / "calls.jsonl").unlink()
    with monkeypatch.context() as away:
        away.setattr(calls, "log_access", broken)
        with pytest.raises(StoreError):
            await rows(desk, *day, whole_numbers=True, reason="complaint 7")
    assert [name for name in os.listdir(folder) if name.endswith((".jsonl", ".part"))] == []
    found = await rows(desk, *day, whole_numbers=True, reason="complaint 7")
    assert [row["number"] for row in found] == [number(1), number(2)]
    noted = await world.store.record(
        "SELECT command, entered_by, reason, numbers, cardinality(person_ids) AS of FROM access_log"
    )
    said = {"command": "report calls", "entered_by": "anna", "reason": "complaint 7"}
    assert noted == {**said, "numbers": 2, "of": 2}
    assert (folder / "calls.jsonl").stat().st_mode & 0o77 == 0


async def test_what_people_wrote_is_no_formula(world: World, desk: Installation, tmp_path: Path) -> None:
    await clock_says(world, utc("2026-11-16T01:00"))
    wanted = await world.running(campaign(), [])
    await world.running(campaign("another"), [1])  # has the consent
    await import_contacts(world.store, wanted.name, [replace(contact(1), external_id="=cmd|x")], await world.now())
    await world.call(await world.claim_one(wanted), CallResult(Outcome.ANSWERED, disposition="@SUM(A1)"))
    asked = CallsRequest(dt.date(2026, 11, 16), dt.date(2026, 11, 16))
    await write_calls(desk, asked, tmp_path / "calls.csv", TableFormat.CSV)
    with (tmp_path / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["contact"], row["disposition"], row["number"][:2]) == ("'=cmd|x", "'@SUM(A1)", "'+")


async def test_of_an_erased_person_nothing_is_told(
    world: World, desk: Installation, database_url: str, tmp_path: Path
) -> None:
    site = Site(world.store, database_url, tmp_path)
    await site.people(1, 2)
    await erase_person(
        world.store, number(1), Why(LONG_AGO, "letter", "wang"), lambda erasure: sign(erasure, site.notary.key)
    )
    today = (await world.now()).date()
    found = await rows(desk, f"{today - dt.timedelta(days=1)}", f"{today}", whole_numbers=True, reason="x")
    assert number(1) not in json.dumps(found)
    assert {row["number"] for row in found} <= {"erased", number(2)}
    assert all(row["consent_words"] in ("", "erased") for row in found if row["number"] == "erased")


async def test_who_may_export_masked_numbers_may_not_export_whole_ones(world: World, tmp_path: Path) -> None:
    await world.running(campaign(), [1])
    viewer = installation_for(world.store, Journal(tmp_path, Clock()), None, tmp_path, Role.VIEWER)
    assert await rows(viewer, "2026-11-16", "2026-11-16") == []
    with pytest.raises(Forbidden, match="compliance"):
        await rows(viewer, "2026-11-16", "2026-11-16", whole_numbers=True, reason="x")
    assert await world.value("SELECT count(*) FROM access_log") == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"zone": "Beijing"}, 'did you mean "Asia/Shanghai"'),
        ({"campaigns": ("checkupp",)}, "--campaign checkupp: there is none of that name"),
        ({"outcomes": ("engaged",)}, "--outcome engaged"),
        ({"rules": ("consent_mising",)}, 'did you mean "consent_missing"'),
        ({"rules": ("suppressed",), "outcomes": ("busy",)}, "ask for one of them"),
        ({"since": "2026-11-18"}, "is before"),
    ],
)
async def test_what_cannot_be_asked_is_said(world: World, desk: Installation, more: dict[str, Any], words: str) -> None:
    await world.running(campaign(), [1])
    with pytest.raises(InputError, match=words):
        await rows(desk, more.pop("since", "2026-11-16"), "2026-11-17", **more)


async def test_more_rows_than_are_read_at_once(
    world: World, desk: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi_app.store.reporting.calls.AT_ONCE", 2)
    await clock_says(world, utc("2026-11-16T01:00"))
    wanted = await world.running(campaign(), range(1, 6))
    for _ in range(5):
        await world.call(await world.claim_one(wanted))
    found = await rows(desk, "2026-11-16", "2026-11-16")
    assert contacts(found) == [f"row-{n}" for n in range(1, 6)]
    assert {row["consent_words"] for row in found} == {"I agree to reminder calls."}
