"""The report of a campaign into a file: each contact and call once, some rows at a time; on a screen the first ones."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import InputError
from agi_app.messages import speaking
from agi_app.operations.calling import reports
from agi_app.store.calling import reports as table
from tests.store.world import HUMAN, World, campaign, installation_for

pytestmark = pytest.mark.postgres
PEOPLE = range(1, 8)


@pytest.mark.parametrize("at_once", [1, 3, 7, 2000])
async def test_a_file_has_every_row_however_few_are_read_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(table, "AT_ONCE", at_once)
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    wanted = await world.running(campaign(), PEOPLE, consenting=[1, 2, 3])
    for _ in range(3):
        await world.call(await world.claim_one(wanted))
    await world.claim(wanted)
    await reports.as_csv(desk, "checkup", tmp_path / "report.csv")
    await reports.as_json(desk, "checkup", tmp_path / "report.json")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert [row["external_id"] for row in found] == [f"row-{n}" for n in PEOPLE]
    assert [row["refused_by"] for row in found] == [""] * 3 + ["consent_missing"] * 4
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (told["contacts"], told["done"]) == (7, 3)
    assert [row.pop("answer.menu") for row in found] == ["yes"] * 3 + [""] * 4
    assert told["contact_list"] == found
    assert [call["external_id"] for call in told["attempt_list"]] == ["row-1", "row-2", "row-3"]
    assert told["agent_calls"] == []
    with speaking("zh"):
        await reports.as_csv(desk, "checkup", tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as lines:
        assert "同意" in list(csv.DictReader(lines))[-1]["reason"]


async def test_the_answers_of_a_contact_are_columns_and_of_one_that_was_given_twice_the_last_counts(
    world: World, tmp_path: Path
) -> None:
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    wanted = await world.running(campaign(), [1, 2, 3])
    given = [{"service": "5", "language": "=1+1"}, {"hours": "no"}]
    for answers in given:
        await world.call(await world.claim_one(wanted), replace(HUMAN, answers=answers))
    await world.store.execute("UPDATE attempt SET contact_id = (SELECT min(contact_id) FROM contact)")
    await world.store.execute("UPDATE contact SET attempts_made = 2 WHERE external_id = 'row-1'")
    await reports.as_csv(desk, "checkup", tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as lines:
        first, second, third = csv.DictReader(lines)
    titles = [title for title in first if title.startswith("answer.")]
    assert titles == ["answer.hours", "answer.language", "answer.service"]
    assert [first[title] for title in titles] == ["no", "'=1+1", "5"]
    assert first["language"] != "'=1+1"
    assert [row[title] for row in (second, third) for title in titles] == [""] * 6


async def test_without_answers_there_is_no_column_for_them(world: World, tmp_path: Path) -> None:
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    await world.running(campaign(), [1])
    await reports.as_csv(desk, "checkup", tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text("utf-8").splitlines()[0].endswith(",reached_kind")


async def test_a_screen_has_the_first_contacts_and_the_figures_of_all(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_SHOWN", 2)
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    await world.running(campaign(), PEOPLE)
    shown = await reports.report(desk, "checkup")
    assert [contact["external_id"] for contact in shown.contacts] == ["row-1", "row-2"]
    assert shown.figures.totals.contacts == 7


async def test_a_campaign_that_there_is_not_leaves_no_file(world: World, tmp_path: Path) -> None:
    desk = installation_for(world.store, Journal(tmp_path, Clock()), data=tmp_path)
    for make in (reports.as_csv, reports.as_json):
        with pytest.raises(InputError):
            await make(desk, "nobody", tmp_path / "report")
    assert not (tmp_path / "report").exists()
