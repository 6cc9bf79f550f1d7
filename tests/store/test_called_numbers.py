"""Which of a contact's numbers was called, and which was reached: in figures, tables, the person's record and lists."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.consent.person_record_text import story
from agi_app.installation import Installation
from agi_app.model.call import CallResult, Outcome
from agi_app.model.person import ContactRow
from agi_app.operations.calling import reports
from agi_app.operations.reporting.calls import CallsRequest, write_calls
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.reports.totals import NumberFigures
from agi_app.store.calling import attempts, tallies
from agi_app.store.lists import calls
from agi_app.store.lists.paging import PageOf
from agi_app.store.people.history import PersonHistory, person_history
from tests.store import one
from tests.store.due_clinic import Clinic
from tests.store.test_second_numbers import several
from tests.store.test_webhook_events import endpoint, events
from tests.store.world import HUMAN, World, contact, installation_for, number, rule_set

pytestmark = pytest.mark.postgres
RANG = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NO_ANSWER = CallResult(Outcome.NO_ANSWER, ringing_at=RANG)
REACHED = replace(HUMAN, answered_at=RANG)


@pytest.fixture
async def clinic(world: World) -> Clinic:
    """Caps leave room for nine calls a day; each further number is "home"."""
    world.rules = rule_set(cap=9)
    return await Clinic(world).opens(due=None)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Installation:
    return installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)


def mobile(row: ContactRow) -> ContactRow:
    return replace(row, kind="mobile")


async def called(clinic: Clinic, result: CallResult) -> None:
    for claimed in await clinic.claims():
        await clinic.calls(claimed, result)


async def reached_at_the_second(clinic: Clinic) -> None:
    """Contact 1 at home after its mobile did not answer; contact 4, with one number, by a machine."""
    await clinic.imports(mobile(several(1, 2)))
    await called(clinic, NO_ANSWER)
    await called(clinic, REACHED)
    await clinic.imports(mobile(contact(4)))
    await called(clinic, CallResult(Outcome.MACHINE, answered_at=RANG))


async def table_of_calls(clinic: Clinic, desk: Installation) -> list[dict[str, str]]:
    today = (await clinic.world.now()).date()
    asked = CallsRequest(today - dt.timedelta(days=1), today + dt.timedelta(days=1))
    file = Path(desk.settings.data) / "calls.jsonl"
    await write_calls(desk, asked, file, TableFormat.JSON)
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


async def known(clinic: Clinic) -> PersonHistory:
    found = await person_history(clinic.world.store, number(1))
    assert found is not None
    return found


async def test_figures_count_calls_by_the_place_of_the_number(clinic: Clinic, desk: Installation) -> None:
    await reached_at_the_second(clinic)
    totals = (await reports.figures(desk, clinic.campaign.name)).totals
    assert totals.numbers == [NumberFigures(1, 2, 2, 1, 0), NumberFigures(2, 1, 1, 1, 1)]
    assert await tallies.recount(clinic.world.store, correct=False) == []


async def test_a_call_that_did_not_ring_counts_as_called_alone(clinic: Clinic, desk: Installation) -> None:
    await clinic.imports(several(1, 2))
    await called(clinic, CallResult(Outcome.BUSY))
    await called(clinic, CallResult(Outcome.INVALID_NUMBER))
    totals = (await reports.figures(desk, clinic.campaign.name)).totals
    assert totals.numbers == [NumberFigures(1, 1, 0, 0, 0), NumberFigures(2, 1, 0, 0, 0)]


async def test_a_late_result_moves_the_figures_of_its_number(clinic: Clinic, desk: Installation) -> None:
    """A worker that was cut off: its call counted as interrupted, and had rung at the second number."""
    await clinic.imports(several(1, 2))
    await called(clinic, NO_ANSWER)
    (claimed,) = await clinic.claims()
    assert await one.mark(clinic.world.store, claimed, clinic.world.terms.node)
    guess = attempts.Ended(claimed.attempt_id, CallResult(Outcome.INTERRUPTED), None, True)
    async with clinic.world.store.connection() as connection:
        await attempts.store_ends(connection, [guess], swept=True)
    assert await attempts.finish(clinic.world.store, [attempts.Ended(claimed.attempt_id, REACHED, None, True)]) == [
        True
    ]
    totals = (await reports.figures(desk, clinic.campaign.name)).totals
    assert totals.numbers[1] == NumberFigures(2, 1, 1, 1, 1)


async def test_tables_say_which_number_was_called_and_its_kind_and_no_whole_number(
    clinic: Clinic, desk: Installation, tmp_path: Path
) -> None:
    await reached_at_the_second(clinic)
    rows = await table_of_calls(clinic, desk)
    told = [(row["contact"], row["number_place"], row["number_kind"], row["outcome"]) for row in rows]
    assert told == [
        ("row-1", "1", "mobile", "no_answer"),
        ("row-1", "2", "home", "human"),
        ("row-4", "1", "mobile", "machine"),
    ]
    await reports.as_csv(desk, clinic.campaign.name, tmp_path / "report.csv")
    await reports.as_json(desk, clinic.campaign.name, tmp_path / "report.json")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as lines:
        reached = [(row["reached_number"], row["reached_kind"]) for row in csv.DictReader(lines)]
    assert reached == [("2", "home"), ("", "")], "a machine is nobody"
    whole = (tmp_path / "report.json").read_text("utf-8")
    calls_told = [(c["number_place"], c["number_kind"]) for c in json.loads(whole)["attempt_list"]]
    assert calls_told == [(1, "mobile"), (2, "home"), (1, "mobile")]
    assert not any(number(n) in whole + json.dumps(rows) for n in (1, 2, 4))


async def test_a_list_that_changes_the_order_later_changes_no_place_of_a_call(
    clinic: Clinic, desk: Installation
) -> None:
    """The place is what it was; the kind is what the list says of that number now; one that it lacks has none."""
    await clinic.imports(mobile(several(1, 2)))
    await called(clinic, NO_ANSWER)
    await called(clinic, REACHED)
    turned = replace(several(1, 1), number=number(2), kind="at work", external_id="row-1")
    await clinic.imports(turned)
    told = [(row["number_place"], row["number_kind"]) for row in await table_of_calls(clinic, desk)]
    assert told == [("1", "home"), ("2", "at work")]
    await clinic.imports(several(1, 3))
    told = [(row["number_place"], row["number_kind"]) for row in await table_of_calls(clinic, desk)]
    assert told == [("1", ""), ("2", "")]


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "mobile, campaign checkup", "number 2 of the contact, home, campaign checkup"),
        ("zh", "mobile，活动 checkup", "联系人的第 2 个号码，home，活动 checkup"),
    ],
)
async def test_the_record_of_a_person_says_which_number_each_call_was_to(
    clinic: Clinic, language: str, first: str, second: str
) -> None:
    await reached_at_the_second(clinic)
    found = await known(clinic)
    assert [(call.number_place, call.number_kind) for call in found.calls] == [(1, "mobile"), (2, "home")]
    lines = story(found, language, await clinic.world.now())  # type: ignore[arg-type]
    told = "\n".join(lines)
    assert first in told
    assert second in told


async def test_lists_of_calls_say_it_too(clinic: Clinic) -> None:
    await reached_at_the_second(clinic)
    page = await calls.attempts(clinic.world.store, calls.AttemptFilter(clinic.campaign.name), PageOf(10, None))
    assert [(row.number_place, row.number_kind) for row in page.rows] == [(1, "mobile"), (2, "home"), (1, "mobile")]


async def test_refused_decisions_have_no_number_that_was_called(clinic: Clinic, desk: Installation) -> None:
    await clinic.imports(mobile(contact(20)))  # has not consented
    assert await clinic.claims() == ()
    today = (await clinic.world.now()).date()
    asked = CallsRequest(today, today, str(ZoneInfo("UTC")), refused=True)
    await write_calls(desk, asked, Path(desk.settings.data) / "calls.jsonl", TableFormat.JSON)
    (row,) = map(json.loads, (Path(desk.settings.data) / "calls.jsonl").read_text("utf-8").splitlines())
    assert (row["what"], row["number_place"], row["number_kind"]) == ("refused", "", "mobile")


async def test_events_for_others_programs_tell_which_number_was_called(clinic: Clinic) -> None:
    await endpoint(clinic.world.store, "attempt.ended", "answer.saved")
    await reached_at_the_second(clinic)
    told = [(event["type"], event["number_place"]) for event in await events(clinic.world.store)]
    assert [place for what, place in told if what == "attempt.ended"] == [1, 2, 1]
    assert [place for what, place in told if what == "answer.saved"] == [2]
