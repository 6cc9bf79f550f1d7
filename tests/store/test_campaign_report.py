"""The report of a campaign into a file: each contact and call once, some rows at a time; on a screen the first ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import InputError
from agi_app.operations.calling import reports
from agi_app.store.calling import reports as table
from tests.store.world import World, campaign, installation_for

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
    assert told["contact_list"] == found
    assert [call["external_id"] for call in told["attempt_list"]] == ["row-1", "row-2", "row-3"]
    assert told["agent_calls"] == []


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
