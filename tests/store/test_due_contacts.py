"""Contacts with times on a real PostgreSQL: who is due when, who has expired, and what the office changes meanwhile."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from agi_app.campaigns.forecast import Limits
from agi_app.campaigns.preview import Terms, preview
from agi_app.clock import Clock
from agi_app.gate.permit import MarkReceipt
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import CampaignState, Due, Window
from agi_app.store.calling import campaigns, reports
from agi_app.store.calling.dead_workers import sweep
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, contacts, stops
from tests.store import one
from tests.store.due_clinic import HOUR, Clinic, visit
from tests.store.world import HUMAN, World, consent, contact, number, rule_set

pytestmark = pytest.mark.postgres
DAY = dt.timedelta(days=1)
NO_ANSWER = CallResult(Outcome.NO_ANSWER)


@pytest.fixture
def clinic(world: World) -> Clinic:
    """A world whose caps leave room for a call a day."""
    world.rules = rule_set(cap=9)
    return Clinic(world)


async def test_a_patient_is_called_before_the_appointment_twice_and_never_after(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 72))
    assert await clinic.claims() == ()
    await clinic.later(24.1 * HOUR)
    (first,) = await clinic.claims()
    assert first.point == 0
    await clinic.calls(first)
    assert await clinic.claims() == ()
    assert await clinic.of(1) == "pending", "reached two days before; three hours before is still to come"
    await clinic.later(45 * HOUR)
    (second,) = await clinic.claims()
    assert second.point == 1
    await clinic.calls(second, NO_ANSWER)
    await clinic.later(4 * HOUR)
    assert await clinic.claims() == ()
    assert await clinic.of(1) == "done"


async def test_who_was_not_reached_in_time_has_expired_with_a_decision(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 2))
    await clinic.later(3 * HOUR)
    assert await clinic.claims() == ()
    assert await clinic.of(1) == "expired"
    assert await clinic.of(1, "refused_by") == ["contact_too_late"]
    decided = await clinic.world.value("SELECT rules FROM decision ORDER BY decision_id DESC LIMIT 1")
    assert decided == ["contact_too_late"]
    assert await clinic.world.value("SELECT number FROM campaign_recount WHERE name = 'expired'") == 1


async def test_a_retry_never_goes_beyond_the_appointment(clinic: Clinic) -> None:
    await clinic.opens(retry={"no_answer": (4 * HOUR,)})
    await clinic.imports(await visit(clinic, 1, 2.9))
    (only,) = await clinic.claims()
    await clinic.calls(only, NO_ANSWER)
    await clinic.later(4.1 * HOUR)
    assert await clinic.claims() == ()
    assert await clinic.of(1) == "expired"


async def test_a_retry_holds_until_the_next_point_comes(clinic: Clinic) -> None:
    await clinic.opens(retry={"no_answer": (1 * HOUR, 1 * HOUR)})
    await clinic.imports(await visit(clinic, 1, 5))
    (late,) = await clinic.claims()
    assert late.point == 0
    await clinic.calls(late, NO_ANSWER)
    await clinic.later(1.1 * HOUR)
    (again,) = await clinic.claims()
    assert again.point == 0
    await clinic.calls(again, NO_ANSWER)
    await clinic.later(1 * HOUR)  # the retry would be due a moment later: the point three hours before comes first
    (next_one,) = await clinic.claims()
    assert next_one.point == 1


async def test_at_most_six_tries_in_all(clinic: Clinic) -> None:
    await clinic.opens(retry={"no_answer": (HOUR,) * 5, "busy": (HOUR,) * 5})
    await clinic.imports(await visit(clinic, 1, 47))
    made = 0
    for _ in range(12):
        for claimed in await clinic.claims():
            await clinic.calls(claimed, CallResult(Outcome.NO_ANSWER if made % 2 else Outcome.BUSY))
            made += 1
        await clinic.later(1.1 * HOUR)
    assert made == 6
    assert await clinic.of(1) == "done"


async def test_who_declines_is_done_for_good_even_when_the_time_changes(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 40), await visit(clinic, 2, 40))
    for claimed in await clinic.claims():
        declined = CallResult(Outcome.REJECTED) if claimed.contact_id == 1 else replace(HUMAN, disposition="declined")
        await clinic.calls(claimed, declined)
    await clinic.imports(await visit(clinic, 1, 20), await visit(clinic, 2, 20))
    await clinic.later(DAY)
    assert await clinic.claims() == ()
    assert [await clinic.of(n) for n in (1, 2)] == ["done", "done"]


async def test_a_changed_time_makes_who_was_reached_due_again_once(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 2.5))
    (only,) = await clinic.claims()
    await clinic.calls(only)
    assert await clinic.of(1) == "done"
    moved = await visit(clinic, 1, 60)
    await clinic.imports(moved)
    assert (await clinic.of(1), await clinic.of(1, "point"), await clinic.of(1, "tries")) == ("pending", 0, 1)
    assert (await clinic.imports(moved)).unchanged == 1
    await clinic.later(13 * HOUR)
    (again,) = await clinic.claims()
    await clinic.calls(again)
    assert (await clinic.imports(moved)).unchanged == 1, "the same list again changes nothing"
    assert await clinic.claims() == ()


async def test_another_name_alone_calls_nobody_again(clinic: Clinic) -> None:
    await clinic.opens()
    row = await visit(clinic, 1, 2.5)
    await clinic.imports(row)
    (only,) = await clinic.claims()
    await clinic.calls(only)
    assert (await clinic.imports(replace(row, fields={"name": "Anna"}))).updated == 1
    assert await clinic.of(1) == "done"


@pytest.mark.parametrize("change", ["time", "cancelled", "name"])
async def test_no_mark_is_given_on_facts_that_the_office_has_changed(clinic: Clinic, change: str) -> None:
    await clinic.opens()
    row = await visit(clinic, 1, 40)
    await clinic.imports(row)
    (only,) = await clinic.claims()
    changed = {
        "time": await visit(clinic, 1, 41),
        "cancelled": replace(row, cancelled=True),
        "name": replace(row, fields={"name": "Anna"}),
    }
    await clinic.imports(changed[change])
    assert await one.mark(clinic.world.store, only, clinic.world.terms.node) is None
    assert await clinic.world.value("SELECT dialled FROM attempt") is False
    assert await clinic.of(1) == ("cancelled" if change == "cancelled" else "pending")
    again = await clinic.claims()
    assert [c.fields.get("name") for c in again] == {"time": ["Person 1"], "cancelled": [], "name": ["Anna"]}[change]


@pytest.mark.parametrize("change", ["time", "cancelled"])
async def test_a_ringing_call_with_an_old_time_is_to_end_and_one_about_a_new_name_is_not(
    clinic: Clinic, change: str
) -> None:
    await clinic.opens()
    row, other = await visit(clinic, 1, 40), await visit(clinic, 2, 40)
    await clinic.imports(row, other)
    ringing = await clinic.claims()
    for claimed in ringing:
        assert isinstance(await one.mark(clinic.world.store, claimed, clinic.world.terms.node), MarkReceipt)
    changed = await visit(clinic, 1, 30) if change == "time" else replace(row, cancelled=True)
    await clinic.imports(changed, replace(other, fields={"name": "Anna"}))
    verdicts = await stops.live_check(clinic.world.store, [c.attempt_id for c in ringing])
    assert verdicts == {ringing[0].attempt_id: "contact_changed"}


async def test_a_call_during_which_the_time_changed_leaves_the_contact_due_by_the_new_time(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 40))
    (only,) = await clinic.claims()
    assert await one.mark(clinic.world.store, only, clinic.world.terms.node)
    moved = await visit(clinic, 1, 60)
    await clinic.imports(moved)
    await clinic.ends(only)
    assert (await clinic.of(1), await clinic.of(1, "point")) == ("pending", 0)
    assert await clinic.of(1, "due_at") == moved.times.event - 48 * HOUR  # type: ignore[operator]


async def test_a_cancelled_contact_stays_so_whatever_its_call_brings_until_the_list_puts_it_back(
    clinic: Clinic,
) -> None:
    await clinic.opens(retry={"no_answer": (HOUR,)})
    row = await visit(clinic, 1, 40)
    await clinic.imports(row)
    (only,) = await clinic.claims()
    assert await one.mark(clinic.world.store, only, clinic.world.terms.node)
    await clinic.imports(replace(row, cancelled=True))
    await clinic.ends(only, NO_ANSWER)
    assert await clinic.of(1) == "cancelled"
    assert (await clinic.imports(row)).unchanged == 1, "a list that does not say leaves it cancelled"
    await clinic.later(2 * HOUR)
    assert await clinic.claims() == ()
    await clinic.imports(replace(row, cancelled=False))
    assert len(await clinic.claims()) == 1


async def test_after_a_dead_worker_the_next_point_still_comes(clinic: Clinic, store: Store) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 40))
    (only,) = await clinic.claims()
    assert await one.mark(store, only, clinic.world.terms.node)
    interrupted = CallResult(Outcome.INTERRUPTED)
    await sweep(store, clinic.world.terms.node, lambda _: interrupted)
    assert await clinic.of(1) == "pending"
    assert await clinic.claims() == (), "it may have been reached: the point is settled"
    await clinic.later(37.1 * HOUR)
    (second,) = await clinic.claims()
    assert second.point == 1


async def test_without_a_time_nobody_is_called_in_a_campaign_that_needs_one(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(contact(1))
    assert await clinic.claims() == ()
    assert await clinic.of(1, "refused_by") == ["contact_without_time"]
    await clinic.imports(await visit(clinic, 1, 20))
    assert len(await clinic.claims()) == 1


async def test_priority_goes_first_and_then_the_later_point(clinic: Clinic) -> None:
    await clinic.opens()
    rows = [
        await visit(clinic, 1, 40),
        await visit(clinic, 2, 45),
        await visit(clinic, 3, 47, priority=9),
        await visit(clinic, 4, 2),
    ]
    await clinic.imports(*rows)
    order = [(await clinic.claims(1))[0].contact_id for _ in range(4)]
    assert order == [3, 4, 1, 2]


async def test_hours_that_the_person_prefers_only_narrow(clinic: Clinic) -> None:
    await clinic.opens()
    hour = (await clinic.world.now()).astimezone(ZoneInfo("Asia/Shanghai")).hour
    other = Window(frozenset(range(7)), dt.time((hour + 3) % 24), dt.time((hour + 3) % 24, 59))
    row = await visit(clinic, 1, 40)
    await clinic.imports(replace(row, times=replace(row.times, preferred=(other,))))
    assert await clinic.claims() == ()
    assert await clinic.of(1, "refused_by") in (None, ["window_person"])
    await clinic.later(3.5 * HOUR - dt.timedelta(minutes=(await clinic.world.now()).minute))
    assert len(await clinic.claims()) == 1


async def test_a_preview_knows_when_contacts_are_due_and_whose_time_is_over(clinic: Clinic) -> None:
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 40), await visit(clinic, 2, 72), await visit(clinic, 3, -1))
    limits = Limits(10, 10)
    seen = await preview(clinic.world.store, Clock(), Terms(clinic.campaign, True, limits, clinic.world.rules))
    assert (seen.callable_now, seen.never) == (1, 1)
    assert dict(seen.by_rule) == {"not_due": 1, "contact_too_late": 1}
    assert seen.projection is not None
    assert seen.projection.calls == 4, "each at both points"


async def test_a_start_with_other_times_finds_the_points_of_those_who_wait(clinic: Clinic) -> None:
    """A retry keeps its time."""
    await clinic.opens(retry={"no_answer": (20 * HOUR,)})
    await clinic.imports(await visit(clinic, 1, 60), await visit(clinic, 2, 40))
    (late,) = await clinic.claims()
    await clinic.calls(late, NO_ANSWER)
    waits_until = await clinic.of(2, "due_at")
    clinic.campaign = replace(clinic.campaign, due=Due("appointment", (65 * HOUR, 3 * HOUR)))
    await campaigns.save_campaign(clinic.world.store, clinic.campaign, "flows/reminder.yaml", "flow: reminder\n")
    assert await clinic.of(2, "due_at") == waits_until
    assert [c.contact_id for c in await clinic.claims()] == [1], "65 hours before is past: at once"


async def test_who_expired_with_the_campaign_is_called_when_it_ends_later(clinic: Clinic) -> None:
    now = await clinic.world.now()
    await clinic.opens(due=None, ends=now + HOUR)
    await clinic.imports(contact(1))
    await clinic.later(2 * HOUR)
    assert await clinic.claims() == ()
    assert await clinic.of(1) == "expired"
    clinic.campaign = replace(clinic.campaign, ends=now + 9 * HOUR)
    await campaigns.save_campaign(clinic.world.store, clinic.campaign, "flows/reminder.yaml", "flow: reminder\n")
    assert len(await clinic.claims()) == 1


async def test_a_preview_names_whom_the_caps_of_one_person_leave_uncalled(clinic: Clinic) -> None:
    """Two children and one parent: this afternoon only one can be called; the day after there is time for both."""
    clinic.world.rules = rule_set(cap=1)
    await clinic.opens()
    parent = number(1)
    await clinic.imports(
        await visit(clinic, 1, 5), replace(await visit(clinic, 2, 6), number=parent), await visit(clinic, 3, 5)
    )
    terms = Terms(clinic.campaign, True, Limits(10, 10), clinic.world.rules)
    assert (await preview(clinic.world.store, Clock(), terms)).left_by_caps == ["row-2"]
    await clinic.imports(replace(await visit(clinic, 2, 40), number=parent))
    assert (await preview(clinic.world.store, Clock(), terms)).left_by_caps == []
    await clinic.imports(replace(await visit(clinic, 2, 20), number=parent))
    claimed = {c.contact_id: c for c in await clinic.claims()}
    assert len(claimed) == 2, "one of the two, and the third"
    await clinic.calls(next(iter(claimed.values())))
    assert (await preview(clinic.world.store, Clock(), terms)).left_by_caps == ["row-2"], "the other one had its call"


async def test_a_worker_spreads_moved_points_over_the_contacts_that_there_are(clinic: Clinic) -> None:
    """Over an imagined ten thousand, a reminder of three hours before came hours too early."""
    await clinic.opens()
    await clinic.imports(await visit(clinic, 1, 40), await visit(clinic, 2, 41), await visit(clinic, 3, 72))
    now = await clinic.world.now()
    (busy,) = await campaigns.load_busy_campaigns(clinic.world.store, now)
    assert busy.contacts == 3


@pytest.mark.parametrize("mended", ["consent", "start", "rules"])
async def test_who_was_refused_until_somebody_mends_it_is_called_before_the_appointment(
    clinic: Clinic, mended: str
) -> None:
    """With an end, too: such a contact is due at its end, to expire."""
    store = clinic.world.store
    await clinic.opens()
    await clinic.imports(await visit(clinic, 10, 40))
    assert await clinic.claims() == ()
    assert await clinic.of(10, "due_at") == await clinic.of(10, "event_at")
    view = await reports.why_waiting(store, clinic.campaign, await clinic.world.now())
    assert (view.later, view.next_due, view.rule_until) == (1, None, {}), "nobody is told that it will be called then"
    if mended == "consent":
        counted = await consents.import_consents(store, [consent(10)], "admin", await clinic.world.now())
        assert counted.woken == 1
    else:
        query = "UPDATE contact SET person_id = (SELECT person_id FROM person WHERE e164 = %(e164)s)"
        await store.execute(query, {"e164": number(1)})
        now = await clinic.world.now()
        if mended == "start":
            for state in (CampaignState.PAUSED, CampaignState.RUNNING):
                await campaigns.set_state(store, clinic.campaign.name, state, None, now)
        else:
            assert await contacts.wake_old_rules(store, "rules-2", now) == 1
    (claimed,) = await clinic.claims()
    assert claimed.point == 0
    await clinic.calls(claimed)
    assert await clinic.of(10, "due_at") < await clinic.of(10, "event_at")  # type: ignore[operator]
    await consents.import_consents(store, [consent(10)], "admin", await clinic.world.now())
    assert await clinic.claims() == (), "nor does another consent bring the next point nearer"


async def test_of_one_parents_children_who_had_no_call_yet_comes_first(clinic: Clinic) -> None:
    """Both reminders of one child, and none of the other, is what the order of points alone would bring."""
    clinic.world.rules = rule_set(cap=1)
    await clinic.opens()
    parent = number(1)
    await clinic.imports(await visit(clinic, 1, 25), replace(await visit(clinic, 2, 25), number=parent))
    (first,) = await clinic.claims()
    await clinic.calls(first)
    assert await clinic.claims() == ()
    await clinic.later(22.1 * HOUR)
    assert await clinic.claims() == (), "three hours before, by the cap"
    await clinic.later(2 * HOUR)
    (second,) = await clinic.claims()
    assert second.contact_id != first.contact_id
    assert second.point == 1


async def test_a_time_at_which_calls_are_due_is_no_end_so_who_waits_for_a_cap_is_told_when(clinic: Clinic) -> None:
    clinic.world.rules = rule_set(cap=1)
    await clinic.opens(due=Due("call_at"))
    await clinic.imports(await visit(clinic, 1, 0), replace(await visit(clinic, 2, 0), number=number(1)))
    (first,) = await clinic.claims()
    await clinic.calls(first)
    assert await clinic.claims() == ()
    now = await clinic.world.now()
    view = await reports.why_waiting(clinic.world.store, clinic.campaign, now)
    assert view.next_due is not None
    assert now < view.next_due <= now + DAY + dt.timedelta(seconds=2)
