"""Contacts with several numbers on a real PostgreSQL: their order, and whom a stop, a cap and a lock hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from agi_app.model.call import CallResult, Outcome
from agi_app.model.person import ContactRow, FurtherNumber
from agi_app.store.database.pool import Store
from agi_app.store.people import consents, contact_changes
from tests.store.due_clinic import HOUR, Clinic, visit
from tests.store.world import HUMAN, World, consent, contact, number, rule_set

pytestmark = pytest.mark.postgres
NO_ANSWER = CallResult(Outcome.NO_ANSWER, ringing_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


@pytest.fixture
def clinic(world: World) -> Clinic:
    """A world whose caps leave room for nine calls a day; persons 1 to 9 consent."""
    world.rules = rule_set(cap=9)
    return Clinic(world)


def several(n: int, *others: int, **changes: object) -> ContactRow:
    """The n-th contact with further numbers."""
    more = tuple(FurtherNumber(number(m), "CN", ("Asia/Shanghai",), "home") for m in others)
    return replace(contact(n), others=more, **changes)  # type: ignore[arg-type]


async def called(clinic: Clinic, result: CallResult = NO_ANSWER) -> list[str]:
    """The numbers that are called now, each with this result."""
    found = await clinic.claims()
    for claimed in found:
        await clinic.calls(claimed, result)
    return [claimed.number for claimed in found]


async def test_each_number_is_called_once_in_its_order_and_then_the_retry(clinic: Clinic) -> None:
    await clinic.opens(due=None, retry={"no_answer": (HOUR,)})
    await clinic.imports(several(1, 2, 3))
    assert [await called(clinic) for _ in range(4)] == [[number(1)], [number(2)], [number(3)], []]
    await clinic.later(1.1 * HOUR)
    assert [await called(clinic) for _ in range(4)] == [[number(1)], [number(2)], [number(3)], []]
    assert await clinic.of(1) == "done", "six calls, and one retry"


@pytest.mark.parametrize(
    "result",
    [
        HUMAN,
        CallResult(Outcome.REJECTED),
        replace(HUMAN, disposition="opted_out"),
        replace(HUMAN, disposition="declined"),
    ],
)
async def test_who_was_reached_declined_or_said_stop_gets_no_second_number(clinic: Clinic, result: CallResult) -> None:
    await clinic.opens(due=None, retry={"no_answer": (HOUR,)})
    await clinic.imports(several(1, 2))
    assert [await called(clinic, result) for _ in range(2)] == [[number(1)], []]
    assert await clinic.of(1) == "done"


async def test_a_number_without_consent_or_that_does_not_exist_is_passed_over(clinic: Clinic) -> None:
    await clinic.opens(due=None)
    await clinic.imports(several(20, 1), several(2, 3))  # the 20th has not consented
    assert await called(clinic, CallResult(Outcome.INVALID_NUMBER)) == [number(2)]
    assert sorted(await called(clinic, HUMAN)) == [number(1), number(3)]
    assert await clinic.of(20, "last_outcome") == "human"


async def test_no_number_that_may_be_called_parks_the_contact_and_a_consent_for_any_wakes_it(clinic: Clinic) -> None:
    await clinic.opens(due=None)
    await clinic.imports(several(21, 22))
    for _ in range(4):
        assert await clinic.claims() == ()
    assert await clinic.of(21, "due_at = 'infinity'") is True
    await consents.import_consents(clinic.world.store, [consent(22)], "admin", await clinic.world.now())
    assert [await called(clinic, HUMAN) for _ in range(2)] == [[], [number(22)]]


async def test_caps_hold_for_the_person_over_all_numbers(clinic: Clinic) -> None:
    clinic.world.rules = rule_set(cap=1)
    await clinic.opens(due=None)
    await clinic.imports(several(1, 2))
    assert await called(clinic) == [number(1)]
    await clinic.later(20 * HOUR)
    assert await called(clinic) == []
    await clinic.later(5 * HOUR)
    assert await called(clinic) == [number(2)]


async def test_rows_that_share_a_number_are_one_person_with_one_call_at_a_time(clinic: Clinic, store: Store) -> None:
    await clinic.opens(due=None)
    await clinic.imports(several(1, 2), several(2, 3, external_id="row-x"))
    (first,) = await clinic.claims()
    assert await clinic.claims() == (), "the other row is the same person, who is being called"
    await clinic.calls(first)
    query = "SELECT count(DISTINCT coalesce(same_as, person_id)) FROM person"
    assert await store.value(int, query) == 9 - 2, "persons 1, 2 and 3 are one"


async def test_the_next_point_begins_at_the_first_number_with_retries_anew(clinic: Clinic) -> None:
    await clinic.opens(retry={"no_answer": (40 * HOUR,)})
    row = await visit(clinic, 1, 40)
    await clinic.imports(replace(row, others=several(1, 2).others))
    assert [await called(clinic) for _ in range(2)] == [[number(1)], [number(2)]]
    await clinic.later(37.1 * HOUR)
    found = await clinic.claims()
    assert [(c.number, c.point, c.retries_used) for c in found] == [(number(1), 1, {})]


async def test_a_changed_list_begins_at_the_first_number_and_the_same_one_changes_nothing(clinic: Clinic) -> None:
    await clinic.opens(due=None)
    row = several(1, 2)
    await clinic.imports(row)
    assert await called(clinic) == [number(1)]
    assert (await clinic.imports(row)).unchanged == 1
    assert await clinic.of(1, "number_place") == 2
    await clinic.imports(several(1, 3))
    assert await clinic.of(1, "number_place") == 1


@pytest.mark.parametrize("way", ["list", "reschedule"])
async def test_another_time_begins_at_the_first_number_with_all_retries_and_another_name_does_not(
    clinic: Clinic, way: str
) -> None:
    await clinic.opens(retry={"no_answer": (HOUR,)})
    row = replace(await visit(clinic, 1, 40), others=several(1, 2).others)
    await clinic.imports(row)
    assert [await called(clinic) for _ in range(2)] == [[number(1)], [number(2)]]
    await clinic.later(1.1 * HOUR)
    assert await called(clinic) == [number(1)]
    assert (await clinic.of(1, "number_place"), await clinic.of(1, "retries_used")) == (2, {"no_answer": 1})
    await clinic.imports(replace(row, fields={**row.fields, "name": "Ann"}))
    assert await clinic.of(1, "number_place") == 2, "another name is no other plan"
    moved = replace(await visit(clinic, 1, 47), others=row.others)
    if way == "list":
        await clinic.imports(moved)
    else:
        new = contact_changes.NewTime("row-1", moved.times.event, None, None, await clinic.world.now(), 0, None)
        assert await contact_changes.reschedule(clinic.world.store, clinic.campaign.name, "appointment", [new]) == (
            1,
            0,
        )
    assert [(c.number, c.point, c.retries_used) for c in await clinic.claims()] == [(number(1), 0, {})]


async def test_a_row_that_mends_why_it_was_refused_is_called_though_it_has_an_end(clinic: Clinic) -> None:
    await clinic.opens()
    row = await visit(clinic, 1, 40)
    await clinic.imports(replace(row, number=number(10)))
    assert await called(clinic) == [], "number 10 has no consent"
    assert await clinic.of(1, "due_at") == row.times.event
    await clinic.imports(row)
    assert await called(clinic) == [number(1)]


async def test_a_number_of_more_than_five_persons_joins_nobody_and_is_not_called(clinic: Clinic) -> None:
    """A switchboard in six rows: each row is held, with its reason; five are a family."""
    await clinic.opens(due=None)
    await clinic.imports(*(several(n, 9) for n in range(1, 6)))
    assert len(await clinic.claims()) == 1, "five rows with one number are one person"
    await clinic.imports(*(several(n, 8) for n in range(11, 17)))
    assert await clinic.claims() == ()
    assert "number_shared" in (await clinic.of(11, "refused_by") or ())  # type: ignore[operator]
    joined = await clinic.world.value("SELECT count(*) FROM person WHERE e164 = %s AND same_as IS NOT NULL", number(11))
    assert joined == 0


async def test_retries_begin_anew_at_the_point_after_a_last_number_that_is_refused(clinic: Clinic) -> None:
    await clinic.opens(retry={"no_answer": (HOUR,)})
    row = await visit(clinic, 1, 40)
    await clinic.imports(replace(row, others=several(1, 20).others))  # the 20th has not consented
    assert await called(clinic) == [number(1)]
    assert await called(clinic) == []
    assert await clinic.of(1, "retries_used") == {"no_answer": 1}
    await clinic.later(1.1 * HOUR)
    assert await called(clinic) == [number(1)]
    assert await called(clinic) == []
    assert (await clinic.of(1, "point"), await clinic.of(1, "retries_used")) == (1, {})
