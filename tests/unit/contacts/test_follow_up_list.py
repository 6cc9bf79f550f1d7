"""Whom a follow-up takes, and the file that it becomes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from agi_app.contacts.contacts_file import parse_contacts
from agi_app.contacts.follow_up_list import LEFT_OUT, FollowUpList, condition, reason
from agi_app.contacts.tables.csv_table import Table
from agi_app.errors import InputError
from agi_app.messages import speaking, spoken
from agi_app.model.person import ContactRow
from agi_app.store.people.follow_ups import FormerContact

ANN = FormerContact(
    external_id="P1",
    language="en",
    fields={"name": "Ann", "area": "north"},
    disposition="later",
    outcome="human",
    attempts=2,
    kinds=[],
    numbers=["+999861380000001"],
    answers=None,
    erased=False,
    cancelled=False,
    stopped=False,
    wrong_person=False,
    declined=False,
    call_back=False,
    waiting=False,
    there=False,
)


def gathered(where: str, *people: FormerContact) -> tuple[FollowUpList, list[ContactRow]]:
    """The list, and its file as an import reads it."""
    with ExitStack() as stack:
        found = FollowUpList(condition(where), stack)
        found.add(people)
        if not found.chosen:
            return found, []
        made = found.file("follow-up of march.csv")
        assert str(made) == "follow-up of march.csv"
        made.file.seek(0)
        rows = list(parse_contacts(Table(made.file, made.name), "CN", ("en", "zh-CN")))
    assert all(isinstance(row, ContactRow) for row in rows), rows
    return found, [row for row in rows if isinstance(row, ContactRow)]


@pytest.mark.parametrize("why", LEFT_OUT)
def test_each_reason_alone_leaves_somebody_out(why: str) -> None:
    out = replace(ANN, **{why: True})  # type: ignore[arg-type]
    assert (reason(ANN), reason(out)) == (None, why)
    found, rows = gathered("attempts > 0", out)
    assert (found.matched, found.chosen, dict(found.left_out), rows) == (1, 0, {why: 1}, [])
    with speaking("zh"):
        assert not spoken(LEFT_OUT[why]).isascii()


def test_a_stop_is_told_before_what_counts_less() -> None:
    assert reason(replace(ANN, stopped=True, declined=True, waiting=True)) == "stopped"


def test_who_is_not_asked_for_or_is_there_or_erased_is_not_left_out_but_passed_over() -> None:
    people = (replace(ANN, attempts=0), replace(ANN, there=True), replace(ANN, erased=True, stopped=True))
    found, rows = gathered("attempts > 0", *people)
    assert (found.contacts, found.matched, found.there, found.chosen, dict(found.left_out)) == (2, 1, 1, 0, {})
    assert rows == []


def test_the_file_has_what_the_list_had() -> None:
    """All columns of all contacts, in the order in which they came; several numbers with their kinds."""
    bo = replace(
        ANN, external_id="P2", language=None, fields={"name": 'B, "o"\nx', "城市": "北京"},
        numbers=["+999861380000002", "+999861380000004"], kinds=["mobile", ""],
    )  # fmt: skip
    _, rows = gathered('disposition == "later"', ANN, bo)
    assert [(row.external_id, row.number, row.language) for row in rows] == [
        ("P1", "+999861380000001", "en"),
        ("P2", "+999861380000002", None),
    ]
    assert rows[0].fields == {"name": "Ann", "area": "north", "城市": ""}
    assert rows[1].fields == {"name": 'B, "o"\nx', "area": "", "城市": "北京"}
    assert (rows[1].kind, [(n.number, n.kind) for n in rows[1].others]) == ("mobile", [("+999861380000004", None)])
    assert rows[0].others == ()


def test_a_column_that_would_be_a_number_by_now_is_left_out() -> None:
    nasty = {"Number 2": "+999861380000009", "手机": "+999861380000010", "person_id": "7", "name": "Ann"}
    found, rows = gathered("attempts > 0", replace(ANN, fields=nasty))
    assert sorted(found.unusable) == ["Number 2", "person_id", "手机"]
    assert (rows[0].fields, rows[0].others, rows[0].person_key) == ({"name": "Ann"}, (), None)


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ('disposition == "later" and outcome in ["human", "answered"]', True),
        ("attempts >= 2", True),
        ("attempts >= 3", False),
        ("contact.area == \"north\" and not contact.vip", True),
        ('answers.day == "3"', True),
        ("answers.none", False),
    ],
)  # fmt: skip
def test_what_a_condition_may_ask(where: str, holds: bool) -> None:
    found, _ = gathered(where, replace(ANN, answers={"day": "3"}))
    assert bool(found.chosen) == holds


def test_no_other_name_can_be_asked_for() -> None:
    for where in ("day", "answers", "contact", "person.number", "now.date", "answers.a.b", "external_id", "number"):
        with pytest.raises(
            InputError, match=r"at character 1 of the condition: .* is no name here; there is disposition"
        ):
            condition(where)
    with speaking("zh"), pytest.raises(InputError, match="条件的第 1 个字符：这里没有“day”这个名字"):
        condition("day")
