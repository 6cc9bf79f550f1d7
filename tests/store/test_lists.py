"""Lists by pages: each row comes once while others come and change, by any filters; and cursors that are not theirs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agi_app.consent.opt_out_journal import Journal
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.model.lists import Count, encode
from agi_app.operations.calling import call_lists, contact_lists
from agi_app.operations.people import record_lists
from agi_app.store.ledger import accounts
from agi_app.store.lists import paging
from bench.service import population
from tests.store.conftest import Cluster, open_store
from tests.store.list_cases import CASES, NOW, List, change, filled
from tests.store.world import installation_for

pytestmark = pytest.mark.postgres
SIZE = 2_000
Between = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def past(cluster: Cluster) -> Iterator[str]:
    """How to reach a database with two thousand contacts that nobody changes."""
    yield asyncio.run(filled(cluster, "lists_past", SIZE))
    cluster.run("DROP DATABASE lists_past WITH (FORCE)")


@pytest.fixture
async def inst(past: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation on it."""
    store = await open_store(past)
    yield installation_for(store, Journal(tmp_path, store.clock))
    await store.close()


async def those_that_fit(inst: Installation, name: str) -> set[Any]:
    """The keys of all rows that fit now."""
    return {row["key"] for row in await inst.store.records(CASES[name].table)}


async def all_pages(
    of: List, inst: Installation, filters: dict[str, Any], limit: int, between: Between | None = None
) -> list[Any]:
    """The rows of each page to the end; ``between`` is called after each of the first five."""
    rows: list[Any] = []
    after = None
    for page in range(10 + 3 * SIZE // limit):
        found = await of(inst, **filters, limit=limit, after=after)
        assert len(found.rows) <= limit
        rows += found.rows
        if (after := found.next) is None:
            return rows
        if between and page < 5:
            await between()
    raise AssertionError("it does not end")


async def test_each_row_comes_once_while_others_come_and_change(cluster: Cluster, past: str, tmp_path: Path) -> None:
    cluster.run("CREATE DATABASE lists_copy TEMPLATE lists_past")
    store = await open_store(cluster.url("lists_copy"))
    inst, numbers = installation_for(store, Journal(tmp_path, store.clock)), itertools.count(1)
    for name, case in CASES.items():
        before = await those_that_fit(inst, name)
        rows = await all_pages(
            case.of, inst, case.filters, max(1, len(before) // 7), lambda: change(store, next(numbers))
        )
        seen = [getattr(row, case.key) for row in rows]
        after = await those_that_fit(inst, name)
        assert len(seen) == len(set(seen)), f"{name}: a row came twice"
        assert before & after <= set(seen), f"{name}: a row that fitted throughout did not come"
        assert set(seen) <= before | after, f"{name}: a row came that never fitted"
    await store.close()
    cluster.run("DROP DATABASE lists_copy WITH (FORCE)")


async def test_what_fits_comes_also_when_a_page_looks_at_few_rows(
    inst: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be short, or empty, and the list still goes on."""
    monkeypatch.setattr(paging, "WALK", 40)
    for name, case in CASES.items():
        wanted = await those_that_fit(inst, name)
        rows = await all_pages(case.of, inst, case.filters, max(9, len(wanted) // 9))
        assert {getattr(row, case.key) for row in rows} == wanted, name
        assert len(rows) == len(wanted), name


async def test_the_order_is_that_of_the_file_or_the_newest_first(inst: Installation) -> None:
    contacts = await all_pages(contact_lists.contacts, inst, {"campaign": "autumn"}, 250)
    assert [row.external_id for row in contacts] == [f"C{n:08d}" for n in range(1, 1601)]
    attempts = await all_pages(call_lists.attempts, inst, {}, 90)
    assert [row.claimed_at for row in attempts] == sorted((row.claimed_at for row in attempts), reverse=True)
    assert {row.campaign for row in attempts[:40]} == {name for name, _ in population.SHARES}


async def test_a_cursor_is_good_for_its_own_list_and_filters_alone(inst: Installation) -> None:
    first = await call_lists.decisions(inst, campaign="autumn", limit=3)
    assert first.next is not None
    with pytest.raises(InputError, match="of the list decisions, not of attempts"):
        await call_lists.attempts(inst, campaign="autumn", after=first.next)
    for other in ({"campaign": "recall"}, {}, {"campaign": "autumn", "allowed": True}):
        with pytest.raises(InputError, match="this cursor is of other filters"):
            await call_lists.decisions(inst, **other, after=first.next)
    forged = encode(b"guessed", "decisions", {"campaign": "autumn"}, [NOW, 1])
    for wrong in (forged, first.next[:-2], first.next[:20] + "x" + first.next[21:], "", "%", "你好", "1"):
        with pytest.raises(InputError, match="`after`: this is not a cursor that a list of this installation gave"):
            await call_lists.decisions(inst, campaign="autumn", after=wrong)
    assert (await call_lists.decisions(inst, campaign="autumn", limit=900, after=first.next)).rows, (
        "another limit is fine"
    )


async def test_a_cursor_holds_on_in_another_process(inst: Installation, past: str) -> None:
    first = await record_lists.stops(inst, limit=3)
    other = await open_store(past)
    again = await record_lists.stops(installation_for(other, inst.journal), limit=3, after=first.next)
    assert again.rows[0].stop_id == first.rows[-1].stop_id - 1
    await other.close()


async def test_wrong_limits_and_filters_are_refused(inst: Installation) -> None:
    for limit in (0, -1, 1001):
        with pytest.raises(InputError, match="a page has 1 to 1000 rows"):
            await contact_lists.contacts(inst, "autumn", limit=limit)
        with pytest.raises(InputError, match="a page has 1 to 1000 rows"):
            await call_lists.attempts(inst, limit=limit)
    with pytest.raises(InputError, match='did you mean "pending"'):
        await contact_lists.contacts(inst, "autumn", state="pendin")
    with pytest.raises(InputError, match='did you mean "autumn"'):
        await contact_lists.contacts(inst, "autum")
    with pytest.raises(InputError, match="say of which campaign"):
        await call_lists.decisions(inst, external_id="C00000001")


async def test_counts_are_right_and_stop_at_their_cap(inst: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    of = contact_lists.count_contacts
    assert await of(inst, "autumn") == Count(1600)
    chosen: list[dict[str, Any]] = [{"state": "parked"}, {"rule": "suppressed"}, {"state": "done", "outcome": "human"}]
    for filters in chosen:
        rows = await all_pages(contact_lists.contacts, inst, {"campaign": "autumn", **filters}, 1000)
        assert rows
        assert await of(inst, "autumn", **filters) == Count(len(rows)), filters
    assert await call_lists.count_attempts(inst) == Count(400)
    assert await call_lists.count_decisions(inst, campaign="autumn", allowed=False) == Count(320)
    monkeypatch.setattr("agi_app.store.lists.contacts.COUNTED", 10)
    monkeypatch.setattr(paging, "CAP", 10)
    monkeypatch.setattr(paging, "COUNTED", 50)
    assert await of(inst, "autumn", outcome="human") == Count(10, more=True)
    assert await call_lists.count_attempts(inst) == Count(10, more=True)
    assert (await call_lists.count_attempts(inst, outcome="invalid_number")).more, "it looked at the newest 50 only"


async def test_one_contact_comes_with_what_was_decided_and_done(inst: Installation) -> None:
    found = await contact_lists.contact(inst, "autumn", "C00000005")
    assert (found.contact.state, found.contact.attempts_made) == ("done", 1)
    assert [row.allowed for row in found.decisions] == [True]
    assert [row.external_id for row in found.attempts] == ["C00000005"]
    refused = await contact_lists.contact(inst, "autumn", "C00000006")
    assert [reason.rule for row in refused.decisions for reason in row.reasons] == list(refused.contact.rules)
    assert not refused.attempts
    with pytest.raises(InputError, match="campaign autumn has no contact C1"):
        await contact_lists.contact(inst, "autumn", "C1")


async def test_search_by_id_and_by_whole_number(inst: Installation) -> None:
    """The second one is a look at a person, and noted as such, also when nobody is found."""
    await accounts.add(inst.store, inst.actor.account, None, [Role.COMPLIANCE], None)
    everywhere = await contact_lists.find_contacts(inst, "C00000005")
    assert [row.campaign for row in everywhere] == ["autumn", "recall", "spring", "survey"]
    assert await contact_lists.find_contacts(inst, "C") == []
    noted = "SELECT entered_by, reason, person_ids FROM access_log ORDER BY access_id"
    found = await contact_lists.find_contacts_by_number(inst, "+999861300000005", reason="she asked")
    assert {row.person_id for row in found} == {5}
    assert found[0].external_id == "C00000005"
    assert found[0].number == "+99986…05", "and shown with its middle hidden all the same"
    assert await contact_lists.find_contacts_by_number(inst, "+999861399999999", reason="who is it") == []
    assert await inst.store.records(noted) == [
        {"entered_by": inst.actor.account, "reason": "she asked", "person_ids": [5]},
        {"entered_by": inst.actor.account, "reason": "who is it", "person_ids": []},
    ]
    with pytest.raises(InputError):
        await contact_lists.find_contacts_by_number(inst, "5", reason="x")


async def test_campaigns_come_with_their_kept_figures(inst: Installation) -> None:
    found = {row.name: sum(row.contacts.values()) for row in (await call_lists.campaigns(inst)).rows}
    assert found == {"autumn": 1600, "recall": 100, "spring": 240, "survey": 60}
    assert (await call_lists.campaigns(inst, state="running")).rows == []
