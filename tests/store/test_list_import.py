"""A do-not-call list of others in force: whole or not at all, never from the future, never an older one."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from agi_app.contacts.do_not_call_import import import_list
from agi_app.errors import AuthorError, InputError
from agi_app.operations.people.do_not_call_lists import list_states
from agi_app.store.database.pool import Store
from agi_app.store.people.do_not_call_lists import ListTerms, lists_in_force
from agi_app.store.people.history import person_history
from tests.store.world import World, campaign, number, rule_set

pytestmark = pytest.mark.postgres

NOW = dt.datetime(2026, 3, 3, 12, 0, tzinfo=dt.UTC)
TERMS = ListTerms("cn-list", "CN", dt.date(2026, 3, 1), "wang")


def written(tmp_path: Path, *people: int) -> Path:
    """A list file with these test people."""
    file = tmp_path / "list.txt"
    file.write_text("".join(f"{number(n)}\n" for n in people), "utf-8")
    return file


async def test_a_listed_number_is_not_called(world: World, store: Store, tmp_path: Path) -> None:
    """Not even with a consent; the others are, and the list shows in the person's story."""
    wanted = await world.running(campaign(), [1, 2])
    done = await import_list(store, written(tmp_path, 1, 1, 9), TERMS, NOW)
    assert (done.lines, done.entries, done.unreadable) == (3, 2, 0)
    assert [c.number for c in (await world.claim(wanted)).claims] == [number(2)]
    told = await person_history(store, number(1))
    assert told is not None
    assert [(e.name, e.as_of) for e in told.lists] == [("cn-list", TERMS.as_of)]
    unknown = await person_history(store, number(9))
    assert unknown is not None
    assert unknown.person_id is None


@pytest.mark.attack("row 26: numbers of another country taken in silence")
async def test_numbers_of_another_country_are_told_and_bind_all_the_same(
    world: World, store: Store, tmp_path: Path
) -> None:
    """Of a list of the USA: a Chinese number on it is not called, whatever the rules of China say of lists."""
    wanted = await world.running(campaign(), [1])
    file = tmp_path / "list.txt"
    file.write_text(f"2015550101\n+99912125550102\n\n{number(1)}\n+8613800138000\n", "utf-8")
    done = await import_list(store, file, dataclasses.replace(TERMS, name="us-national-dnc", region="US"), NOW)
    assert (done.entries, done.unreadable) == (4, 0)
    (told,) = [note for note in done.notes if "another country" in note]
    assert told.startswith(f"{file}:4:1: the first of 2 numbers of another country than US; ")
    assert not (await world.claim(wanted)).claims


async def test_a_new_version_takes_the_place_of_the_old_one(store: Store, tmp_path: Path) -> None:
    await import_list(store, written(tmp_path, 1, 2), TERMS, NOW)
    later = dataclasses.replace(TERMS, as_of=dt.date(2026, 3, 2))
    assert (await import_list(store, written(tmp_path, 3), later, NOW)).entries == 1
    (found,) = await lists_in_force(store)
    assert (found.as_of, found.entries) == (later.as_of, 1)
    assert await person_history(store, number(1)) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"as_of": dt.date(2026, 3, 5)}, "is in the future"),
        ({"as_of": dt.date(2026, 2, 28)}, "in force is newer"),
        ({"region": "GB"}, "is of CN"),
        ({"region": "China"}, "two capital letters"),
        ({"region": "UK"}, "is not a country code"),
        ({"name": "CN List"}, "small letters, digits and hyphens"),
    ],
)
async def test_what_cannot_be_right_is_refused(
    changes: dict[str, object], reason: str, store: Store, tmp_path: Path
) -> None:
    """And the list in force stays."""
    await import_list(store, written(tmp_path, 1), TERMS, NOW)
    with pytest.raises(InputError, match=reason):
        await import_list(store, written(tmp_path, 2), dataclasses.replace(TERMS, **changes), NOW)  # type: ignore[arg-type]
    assert [(found.name, found.entries) for found in await lists_in_force(store)] == [("cn-list", 1)]
    assert await person_history(store, number(1)) is not None


async def test_a_file_of_something_else_leaves_the_old_list_in_force(store: Store, tmp_path: Path) -> None:
    await import_list(store, written(tmp_path, 1), TERMS, NOW)
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("hello\nworld\n", "utf-8")
    with pytest.raises(AuthorError, match="nothing was imported"):
        await import_list(store, wrong, TERMS, NOW)
    with pytest.raises(InputError, match="no such file"):
        await import_list(store, tmp_path / "none.txt", TERMS, NOW)
    assert await person_history(store, number(1)) is not None


async def test_the_status_says_what_is_missing_and_too_old(store: Store, tmp_path: Path) -> None:
    """As the gate judges it."""
    from agi_app.gate.ruleset import Jurisdiction, ListRule
    from agi_app.model.campaign import Purpose

    marketing = frozenset({Purpose.MARKETING})
    asked = (
        ListRule("cn-list", dt.timedelta(days=7), marketing),
        ListRule("cn-other", dt.timedelta(days=31), marketing),
    )
    china = rule_set().jurisdictions["CN"]
    rules = {"CN": Jurisdiction("CN", dataclasses.replace(china.rules, lists=asked))}
    await import_list(store, written(tmp_path, 1), TERMS, NOW)
    await import_list(store, written(tmp_path, 1), ListTerms("own", "GB", TERMS.as_of, "wang"), NOW)
    for days, state in ((0, "fresh"), (4, "fresh"), (5, "stale")):
        states = list_states(rules, await lists_in_force(store), NOW + dt.timedelta(days=days))
        assert [(s.name, s.state) for s in states] == [("cn-list", state), ("cn-other", "missing"), ("own", "extra")]


@pytest.mark.attack("row 19: a file of one number taken for a register")
async def test_a_list_that_lost_many_of_its_numbers_is_refused_unless_somebody_says_so(
    world: World, store: Store, tmp_path: Path
) -> None:
    wanted = await world.running(campaign(), [1, 30])
    await import_list(store, written(tmp_path, *range(1, 21)), TERMS, NOW)
    later = dataclasses.replace(TERMS, as_of=dt.date(2026, 3, 2))
    with pytest.raises(InputError, match=r"has 1 numbers, the list cn-list in force has 20: .* with --smaller"):
        await import_list(store, written(tmp_path, 9), later, NOW)
    (found,) = await lists_in_force(store)
    assert (found.as_of, found.entries) == (TERMS.as_of, 20)
    assert [c.number for c in (await world.claim(wanted)).claims] == [number(30)]
    assert (await import_list(store, written(tmp_path, *range(1, 19)), later, NOW)).entries == 18
    smaller = dataclasses.replace(later, smaller=True)
    assert (await import_list(store, written(tmp_path, 9), smaller, NOW)).entries == 1


@pytest.mark.attack("row 19: a file of one number taken for a register")
async def test_a_tiny_list_is_taken_with_a_word_about_it(store: Store, tmp_path: Path) -> None:
    done = await import_list(store, written(tmp_path, 1), TERMS, NOW)
    assert done.notes == ("cn-list has 1 number only; a register of a country has millions: is this the whole list?",)


async def test_a_file_without_a_number_puts_no_list_in_force(store: Store, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# nothing\n")
    with pytest.raises(InputError, match="has no telephone number; nothing was imported"):
        await import_list(store, tmp_path / "list.txt", dataclasses.replace(TERMS, smaller=True), NOW)
    assert await lists_in_force(store) == []
