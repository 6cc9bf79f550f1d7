"""Contacts that the office cancels, one by one or by a list that is the whole truth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from agi_app.consent.opt_out_journal import Journal
from agi_app.contacts.import_batches import ImportSummary
from agi_app.contacts.importer import import_contacts_file
from agi_app.contacts.whole_list import Whole
from agi_app.errors import AuthorError, InputError
from agi_app.installation import Installation
from agi_app.model.campaign import Campaign, Due
from agi_app.operations.people import contact_changes
from agi_app.operations.people.contacts import WrittenCampaign, planner_for
from agi_app.store.database.pool import Store
from agi_app.store.people import contact_changes as table
from agi_app.store.people import stops
from tests.store import one
from tests.store.world import World, campaign, installation_for, number

pytestmark = pytest.mark.postgres


@pytest.fixture
def inst(store: Store, tmp_path: Path) -> Installation:
    return installation_for(store, Journal(tmp_path, store.clock))


def contacts_list(folder: Path, people: list[int], *more: str) -> Path:
    """A file of these people, and further lines."""
    file = folder / "contacts.csv"
    rows = [f"row-{n},{number(n)},Person {n}" for n in people]
    file.write_text("\n".join(["external_id,number,name", *rows, *more, ""]), "utf-8")
    return file


async def whole(world: World, file: Path, how: Whole | None = Whole.USUAL) -> ImportSummary:
    """Import the file as the whole list."""
    return await import_contacts_file(world.store, campaign(), (), file, await world.now(), whole=how)


async def states(world: World) -> dict[str, str]:
    """Every contact's state by its id."""
    rows = await world.store.records("SELECT external_id, state FROM contact")
    return {row["external_id"]: row["state"] for row in rows}


async def test_who_is_cancelled_is_neither_claimed_nor_marked_and_a_ringing_call_is_to_end(
    world: World, inst: Installation
) -> None:
    wanted = await world.running(campaign(), [1, 2, 3])
    ringing, claimed = (await world.claim(wanted, 2)).claims
    assert await one.mark(world.store, ringing, world.terms.node)
    done = await contact_changes.cancel(inst, "checkup", ["row-1", "row-2", "row-3", "row-9", "row-1"], "closed")
    assert (done.cancelled, done.already, done.unknown) == (3, 0, ("row-9",))
    assert await one.mark(world.store, claimed, world.terms.node) is None
    assert (await world.claim(wanted)).claims == ()
    assert await stops.live_check(world.store, [ringing.attempt_id]) == {ringing.attempt_id: "contact_changed"}
    assert set((await states(world)).values()) == {"cancelled"}
    again = await contact_changes.cancel(inst, "checkup", ["row-1"], "closed")
    assert (again.cancelled, again.already) == (0, 1)


async def test_what_is_known_of_contacts_is_found_by_their_ids(world: World) -> None:
    await world.running(campaign(), [1, 2])
    found = await table.known(world.store, "checkup", ["row-2", "row-9"])
    assert [(one.number, one.state) for one in found.values()] == [(number(2), "pending")]


async def test_unknown_contacts_and_campaigns_are_told(world: World, inst: Installation) -> None:
    await world.running(campaign(), [1])
    with pytest.raises(InputError, match="row-7"):
        await contact_changes.cancel(inst, "checkup", ["row-7"], "closed")
    with pytest.raises(InputError, match="no campaign other"):
        await contact_changes.cancel(inst, "other", ["row-1"], "closed")
    assert await states(world) == {"row-1": "pending"}


async def test_who_is_missing_from_a_whole_list_is_cancelled_and_who_comes_back_is_called(
    world: World, tmp_path: Path
) -> None:
    people = [n * 37 for n in range(1, 33)]  # no list that looks generated
    wanted = await world.running(campaign(), people[:30])
    done = await whole(world, contacts_list(tmp_path, people[2:]))
    assert (done.added, done.cancelled) == (2, 2)
    found = await states(world)
    assert {name for name, state in found.items() if state == "cancelled"} == {"row-37", "row-74"}
    assert not {"Person 37", "Person 74"} & {c.fields["name"] for c in (await world.claim(wanted, 9)).claims}
    assert (await whole(world, contacts_list(tmp_path, people))).cancelled == 0
    assert (await states(world))["row-37"] == "pending"


@pytest.mark.parametrize("people", [[], [1, 2, 3]])
async def test_more_than_a_tenth_goes_only_when_it_is_confirmed(
    world: World, tmp_path: Path, people: list[int]
) -> None:
    await world.running(campaign(), list(range(1, 11)))
    file = contacts_list(tmp_path, people, "row-99,,nobody")
    with pytest.raises(InputError, match=f"{10 - len(people)} contacts of the 10"):
        await whole(world, file)
    assert set((await states(world)).values()) == {"pending"}, "nothing was written"
    assert (await whole(world, file, Whole.CONFIRMED)).cancelled == 10 - len(people)


async def test_a_rejected_row_says_nothing_so_its_contact_is_not_called(world: World, tmp_path: Path) -> None:
    """It is on the list, so it is not cancelled: a good row calls it, unless it was reached."""
    wanted = await world.running(campaign(), list(range(1, 21)))
    done = await whole(world, contacts_list(tmp_path, list(range(1, 20)), "row-20,not a number,Person 20"))
    assert (done.rejected, done.held, done.cancelled) == (1, 1, 0)
    called = {claimed.fields["name"] for claimed in (await world.claim(wanted)).claims}
    assert (len(called), "Person 20" in called) == (19, False)


async def test_a_usual_import_cancels_nobody_and_puts_nobody_back(
    world: World, tmp_path: Path, inst: Installation
) -> None:
    await world.running(campaign(), list(range(1, 6)))
    await contact_changes.cancel(inst, "checkup", ["row-1"], "gone")
    done = await whole(world, contacts_list(tmp_path, [1, 2]), None)
    assert done.cancelled == 0
    found = await states(world)
    assert (found["row-1"], found["row-5"]) == ("cancelled", "pending")


async def test_a_person_in_a_whole_list_who_said_stop_stays_stopped(world: World, tmp_path: Path) -> None:
    wanted = await world.running(campaign(), [1, 2])
    for claimed in (await world.claim(wanted)).claims:
        await world.call(claimed)
    await whole(world, contacts_list(tmp_path, [1, 2]), Whole.CONFIRMED)
    assert set((await states(world)).values()) == {"done"}, "the same list calls nobody again"


def written(wanted: Campaign) -> WrittenCampaign:
    """A campaign as its file has it."""
    return cast(
        WrittenCampaign,
        SimpleNamespace(name=wanted.name, source=SimpleNamespace(parsed=SimpleNamespace(campaign=wanted))),
    )


def changes(folder: Path, *lines: str) -> Path:
    """A file of new times."""
    file = folder / "moved.csv"
    file.write_text("\n".join([*lines, ""]), "utf-8")
    return file


async def reminding(world: World, inst: Installation, folder: Path) -> Campaign:
    """A running campaign with appointments of the persons 1, 2 and 3, in ten days."""
    wanted = campaign(due=Due("appointment", (dt.timedelta(hours=48),)), zone="Asia/Shanghai")
    await world.running(wanted, [], consenting=[1, 2, 3])
    file = folder / "contacts.csv"
    rows = [f"row-{n},{number(n)},{await day(world, 10)} 10:00" for n in (1, 2, 3)]
    file.write_text("\n".join(["external_id,number,appointment", *rows, ""]), "utf-8")
    plan = await planner_for(world.store, inst.settings.project, wanted)
    await import_contacts_file(world.store, wanted, (), file, await world.now(), planner_for=plan)
    return wanted


async def day(world: World, days: int) -> str:
    """In so many days, in China."""
    return f"{(await world.now()).astimezone(ZoneInfo('Asia/Shanghai')) + dt.timedelta(days=days):%Y-%m-%d}"


async def test_rescheduled_contacts_have_the_new_time_in_their_plan_and_in_what_calls_say(
    world: World, inst: Installation, tmp_path: Path
) -> None:
    wanted = await reminding(world, inst, tmp_path)
    text = f"{await day(world, 12)} 14:30"
    file = changes(tmp_path, "external_id,appointment", f"row-1,{text}", f"row-9,{text}", "row-2,soon", "row-3,")
    done = await contact_changes.reschedule(inst, written(wanted), file, "they asked")
    assert (done.changed, done.unchanged, done.unknown) == (1, 0, ("row-9",))
    assert [(problem.line, problem.rule) for problem in done.problems] == [(4, "contacts/time"), (5, "contacts/time")]
    (row,) = await world.store.records("SELECT event_at, due_at, fields FROM contact WHERE external_id = 'row-1'")
    assert row["event_at"].astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M") == text
    assert row["due_at"] <= row["event_at"] - dt.timedelta(hours=47)
    assert row["fields"]["appointment"] == text
    again = await contact_changes.reschedule(inst, written(wanted), file, "they asked")
    assert (again.changed, again.unchanged) == (0, 1)


async def test_a_rescheduled_contact_that_is_cancelled_or_declined_stays_so(
    world: World, inst: Installation, tmp_path: Path
) -> None:
    wanted = await reminding(world, inst, tmp_path)
    await contact_changes.cancel(inst, "checkup", ["row-1"], "gone")
    await world.store.execute(
        "UPDATE contact SET state = 'done', last_outcome = 'rejected' WHERE external_id = 'row-2'"
    )
    await world.store.execute("UPDATE contact SET state = 'done', last_outcome = 'human' WHERE external_id = 'row-3'")
    text = f"{await day(world, 12)} 14:30"
    rows = [f"row-{n},{text}" for n in (1, 2, 3)]
    await contact_changes.reschedule(
        inst, written(wanted), changes(tmp_path, "external_id,appointment", *rows), "moved"
    )
    assert await states(world) == {"row-1": "cancelled", "row-2": "done", "row-3": "pending"}


async def test_what_was_decided_by_the_old_time_is_no_reason_after_a_change(
    world: World, inst: Installation, tmp_path: Path
) -> None:
    wanted = await reminding(world, inst, tmp_path)
    refused = "UPDATE contact SET state = 'expired', refused_by = '{contact_too_late}', last_decision_id = 1"
    await world.store.execute(f"{refused} WHERE external_id IN ('row-1', 'row-2')")
    await world.store.execute("UPDATE contact SET last_outcome = 'rejected' WHERE external_id = 'row-2'")
    later, gone = f"{await day(world, 12)} 14:30", f"{await day(world, -1)} 14:30"
    file = changes(tmp_path, "external_id,appointment", f"row-1,{later}", f"row-2,{later}", f"row-3,{gone}")
    done = await contact_changes.reschedule(inst, written(wanted), file, "moved")
    assert done.past == 1
    rows = await world.store.records("SELECT refused_by, last_decision_id FROM contact ORDER BY external_id")
    assert [(row["refused_by"], row["last_decision_id"]) for row in rows] == [
        (None, None),
        (["contact_too_late"], 1),
        (None, None),
    ]
    await world.store.execute(f"{refused} WHERE external_id = 'row-1'")
    list_ = changes(tmp_path, "external_id,number,appointment", f"row-1,{number(1)},{await day(world, 13)} 10:00")
    plan = await planner_for(world.store, inst.settings.project, wanted)
    await import_contacts_file(world.store, wanted, (), list_, await world.now(), planner_for=plan)
    assert await world.value("SELECT refused_by FROM contact WHERE external_id = 'row-1'") is None
    await world.store.execute("UPDATE contact SET refused_by = NULL")  # whose tallies are looked at after each test


async def test_a_file_that_says_no_time_changes_nothing(world: World, inst: Installation, tmp_path: Path) -> None:
    wanted = await reminding(world, inst, tmp_path)
    with pytest.raises(AuthorError, match="appointment not_before not_after"):
        await contact_changes.reschedule(inst, written(wanted), changes(tmp_path, "external_id,name", "row-1,x"), "why")
