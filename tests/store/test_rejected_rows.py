"""A contact whose row in a newer file was rejected: nobody calls it on what is stored until a row of it is good."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import Preview, Terms, preview
from agi_app.consent.opt_out_journal import Journal
from agi_app.contacts.import_batches import ImportSummary
from agi_app.contacts.importer import import_contacts_file
from agi_app.contacts.whole_list import Whole
from agi_app.due.planner import planner
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Campaign, Due
from agi_app.operations.calling.reports import status_of
from agi_app.operations.people import contact_changes
from agi_app.operations.people.contacts import WrittenCampaign
from agi_app.reports.why_waiting import held_back
from agi_app.store.calling import attempts
from agi_app.store.people import imports, stops
from tests.store import one
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres
HOUR = dt.timedelta(hours=1)
VISITS = campaign(due=Due("appointment", (48 * HOUR,)), zone="Asia/Shanghai")
LIST = "external_id,number,name"
NO_ANSWER = CallResult(Outcome.NO_ANSWER)


class Desk:
    """An office that sends lists, and the campaign that calls the persons 1 to 9 of them."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.inst = installation_for(world.store, Journal(folder, world.store.clock))
        self.campaign = campaign()

    async def opens(self, wanted: Campaign | None = None, people: int = 3) -> Desk:
        self.campaign = wanted or self.campaign
        await self.world.running(self.campaign, range(1, people + 1) if wanted is None else [], consenting=range(1, 10))
        return self

    async def sends(
        self, *rows: str, header: str = "external_id,number,name", how: Whole | None = None
    ) -> ImportSummary:
        file = self.file(header, *rows)
        plan = planner(self.campaign, self.world.rules, 10)
        return await import_contacts_file(
            self.world.store, self.campaign, (), file, await self.world.now(), planner_for=lambda _: plan, whole=how
        )

    async def moves(self, *rows: str) -> contact_changes.Rescheduled:
        parsed = SimpleNamespace(parsed=SimpleNamespace(campaign=self.campaign))
        written = cast(WrittenCampaign, SimpleNamespace(name=self.campaign.name, source=parsed))
        return await contact_changes.reschedule(
            self.inst, written, self.file("external_id,appointment", *rows), "they asked"
        )

    def file(self, *lines: str) -> Path:
        file = self.folder / "list.csv"
        file.write_text("\n".join([*lines, ""]), "utf-8")
        return file

    async def called(self) -> list[str]:
        """Who is called now, on what: the names of the contacts that a claim brings; they are given up at once."""
        claims = (await self.world.claim(self.campaign, plan=planner(self.campaign, self.world.rules, 10))).claims
        async with self.world.store.transaction() as connection:
            await attempts.give_back(connection, [claimed.attempt_id for claimed in claims], "looked", attempts.CLAIMED)
        return sorted(claimed.fields.get("name", claimed.fields.get("appointment", "")) for claimed in claims)

    async def of(self, n: int, column: str) -> Any:
        return await self.world.value(f"SELECT {column} FROM contact WHERE external_id = %s", f"row-{n}")

    async def foreseen(self) -> Preview:
        terms = Terms(self.campaign, True, Limits(1, 1), self.world.rules)
        return await preview(self.world.store, self.world.store.clock, terms)

    async def visit(self, days: float) -> str:
        return f"{await self.world.now() + dt.timedelta(days=days, hours=8):%Y-%m-%d %H:%M}"


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> Desk:
    return await Desk(world, tmp_path).opens()


def good(n: int, name: str = "") -> str:
    return f"row-{n},{number(n)},{name or f'Person {n}'}"


async def test_nobody_calls_a_contact_on_facts_that_a_rejected_row_may_have_changed(desk: Desk) -> None:
    done = await desk.sends(good(1), "row-2,12,Person 2", "row-9,12,nobody that is known")
    assert (done.rejected, done.held) == (2, 1)
    assert await desk.called() == ["Person 1", "Person 3"]
    assert await desk.of(2, "refused_by") == ["contact_row_rejected"]
    assert await desk.world.value("SELECT count(*) FROM contact") == 3
    mended = await desk.sends(good(2, "Anna"))
    assert (mended.updated, mended.held) == (1, 0)
    assert await desk.called() == ["Anna", "Person 1", "Person 3"]


async def test_the_same_row_as_before_is_good_enough(desk: Desk) -> None:
    await desk.sends("row-2,12,Person 2")
    assert "Person 2" not in await desk.called()
    assert (await desk.sends(good(2))).updated == 1
    assert "Person 2" in await desk.called()


async def test_a_claim_of_before_is_not_marked_and_what_rings_is_to_end_but_a_talk_goes_on(desk: Desk) -> None:
    world = desk.world
    claims = {claimed.fields["name"]: claimed for claimed in (await world.claim(desk.campaign)).claims}
    ringing, claimed, other = (claims[f"Person {n}"] for n in (1, 2, 3))
    assert await one.mark(world.store, ringing, world.terms.node)
    await desk.sends("row-1,12,Person 1", "row-2,12,Person 2")
    assert await one.mark(world.store, claimed, world.terms.node) is None
    assert await one.mark(world.store, other, world.terms.node)
    verdicts = await stops.live_check(world.store, [ringing.attempt_id, other.attempt_id])
    assert verdicts == {ringing.attempt_id: "contact_held"}
    assert await one.finish(world.store, ringing.attempt_id, NO_ANSWER, await world.now(), False)
    assert "Person 1" not in await desk.called(), "its retry comes too early: the row is not corrected yet"


async def test_no_mark_is_given_whatever_held_the_contact(desk: Desk) -> None:
    """Also if it was written by hand, without counting the office's changes."""
    claimed = await desk.world.claim_one(desk.campaign)
    await desk.world.store.execute("UPDATE contact SET faulty_row = 'list'")
    assert await one.mark(desk.world.store, claimed, desk.world.terms.node) is None


async def test_who_was_reached_before_is_not_called_again_when_the_row_is_good_again(desk: Desk) -> None:
    for claimed in (await desk.world.claim(desk.campaign)).claims:
        await desk.world.call(claimed)
    for how in (None, Whole.CONFIRMED):
        await desk.sends(good(1), "row-2,12,Person 2", good(3), how=how)
        assert (await desk.of(2, "state"), await desk.of(2, "faulty_row")) == ("done", "list")
        await desk.sends(good(1), good(2, "Anna"), good(3), how=how)
        assert (await desk.of(2, "state"), await desk.of(2, "faulty_row")) == ("done", None)
    assert await desk.called() == []


@pytest.mark.parametrize(
    "row",
    [
        f"row-2,{number(2)},Person 2,and more",
        f"row-2,{number(2)}",
        f'row-2,{number(2)},"Person 2',
        f"row-2,{number(2)},Person\x072",
    ],
    ids=["a cell too many", "a cell too few", "a quote that does not end", "a sign that nobody can see"],
)
async def test_a_row_that_is_broken_holds_whose_id_it_has(desk: Desk, row: str) -> None:
    assert (await desk.sends(good(1), row)).held == 1
    assert await desk.called() == ["Person 1", "Person 3"]


async def test_a_broken_row_is_read_from_its_end_when_the_id_stands_there(desk: Desk) -> None:
    done = await desk.sends(f"{number(2)},Person, the second,row-2", header="number,name,external_id")
    assert (done.rejected, done.held) == (1, 1)
    assert await desk.called() == ["Person 1", "Person 3"]


async def test_two_rows_of_one_id_that_differ_hold_it_and_the_same_row_twice_does_not(desk: Desk) -> None:
    """Which of the two is true, nobody can say: an export of changes may have the old one first."""
    done = await desk.sends(good(1), good(1), good(2), good(2, "Anna"))
    assert (done.rejected, done.held) == (2, 1)
    assert await desk.called() == ["Person 1", "Person 3"]
    new = await desk.sends(good(4), good(4, "Another"))
    assert (new.added, new.held) == (1, 1)
    assert await desk.called() == ["Person 1", "Person 3"]


async def test_of_a_whole_list_a_rejected_row_holds_and_a_missing_one_cancels(desk: Desk) -> None:
    done = await desk.sends(good(1), "row-2,12,Person 2", how=Whole.CONFIRMED)
    assert (done.held, done.cancelled) == (1, 1)
    assert (await desk.of(2, "state"), await desk.of(3, "state")) == ("pending", "cancelled")
    assert await desk.called() == ["Person 1"]


async def test_an_appointment_is_reminded_of_at_its_point_of_time_as_if_nothing_had_been(
    world: World, tmp_path: Path
) -> None:
    """Held before its point and corrected before it: then. Corrected after it: at once."""
    desk = await Desk(world, tmp_path).opens(VISITS)
    header = "external_id,number,appointment"
    old, new = await desk.visit(10), await desk.visit(5)
    await desk.sends(*(f"row-{n},{number(n)},{old}" for n in (1, 2)), header=header)
    due = await desk.of(1, "due_at")
    assert (await desk.sends(f"row-1,{number(1)},sometime", f"row-2,{number(2)},soon", header=header)).held == 2
    await desk.sends(f"row-1,{number(1)},{old}", header=header)
    assert await desk.of(1, "due_at") == due
    desk.world.terms = replace(world.terms, offset=dt.timedelta(days=9))
    assert await desk.called() == [old], "the other one is held"
    assert await desk.of(2, "refused_by") == ["contact_row_rejected"]
    await desk.sends(f"row-2,{number(2)},{old}", header=header)
    assert await desk.called() == [old, old]
    await desk.sends(f"row-2,{number(2)},soon", header=header)
    await desk.sends(f"row-2,{number(2)},{new}", header=header)
    assert await desk.called() == [old], "the new time is over by now, and that is what counts"


async def test_a_rejected_row_of_new_times_holds_until_a_good_one_of_either_file(world: World, tmp_path: Path) -> None:
    desk = await Desk(world, tmp_path).opens(VISITS)
    header, old, new = "external_id,number,appointment", await desk.visit(1), await desk.visit(1.5)
    rows = [f"row-{n},{number(n)},{old}" for n in (1, 2, 3, 4)]
    await desk.sends(*rows, header=header)
    await desk.sends(f"row-4,12,{old}", header=header)
    done = await desk.moves("row-1,soon", "row-2,soon", "row-4,soon", "row-9,soon")
    assert (done.changed, done.held) == (0, 2)
    assert await desk.called() == [old]
    assert (await desk.moves(f"row-1,{old}", f"row-2,{old}", f"row-4,{new}")).changed == 1
    assert await desk.called() == [old] * 3, "the number of the fourth is as wrong as it was"
    await desk.moves("row-2,soon")
    assert await desk.called() == [old] * 2
    await desk.sends(*rows, header=header)
    assert await desk.called() == [old] * 4


async def test_one_contact_that_was_given_a_wrong_time_by_hand_is_as_it_was(world: World, tmp_path: Path) -> None:
    """Who types it is told so at once."""
    desk = await Desk(world, tmp_path).opens(VISITS)
    await desk.sends(f"row-1,{number(1)},{await desk.visit(1)}", header="external_id,number,appointment")
    parsed = SimpleNamespace(parsed=SimpleNamespace(campaign=VISITS))
    written = cast(WrittenCampaign, SimpleNamespace(name="checkup", source=parsed))
    typed = contact_changes.SentFile("contact", b"external_id,appointment\nrow-1,soon\n")
    done = await contact_changes.reschedule(desk.inst, written, typed, "they asked")
    assert (len(done.problems), done.held) == (1, 0)
    assert await desk.of(1, "faulty_row") is None


async def test_the_status_and_the_preview_say_so_before_any_worker_looked(desk: Desk) -> None:
    await desk.sends("row-2,12,Person 2")
    _, view = await status_of(desk.world.store, desk.inst.clock, "checkup")
    told = {reason.by: reason.text for reason in held_back(view)}
    assert told["contact_row_rejected"] == (
        "1 contact is held: their rows in a newer list were rejected; correct and import them"
    )
    seen = await desk.foreseen()
    assert (seen.callable_now, seen.never, dict(seen.by_rule)) == (2, 1, {"contact_row_rejected": 1})
    await desk.called()
    _, view = await status_of(desk.world.store, desk.inst.clock, "checkup")
    assert [r.text for r in held_back(view) if r.by == "contact_row_rejected"] == [told["contact_row_rejected"]]


async def test_what_an_interrupted_import_has_held_is_counted_when_it_goes_on(desk: Desk) -> None:
    """Both rows were stored before it broke off."""
    await desk.sends("row-2,12,Person 2", good(3))
    kept = (
        "INSERT INTO contact_import (campaign, fingerprint, run, rows_done, held)"
        " VALUES ('checkup', %s, gen_random_uuid(), 2, 1)"
    )
    seen: list[bytes] = []
    began = imports.begin

    async def begin(store: Any, name: str, fingerprint: bytes) -> Any:
        seen.append(fingerprint)
        return await began(store, name, fingerprint)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "begin", begin)
        await desk.sends("row-1,12,Person 1", good(3))
    async with desk.world.store.connection() as connection:
        await connection.execute(kept, (seen[0],))
    assert (await desk.sends("row-1,12,Person 1", good(3))).held == 1
