"""Small hooks of the dialplan: the call goes on first, what they learn is kept after."""

from __future__ import annotations

from typing import Any, cast

import pytest

from agi_app.screening.challenge import challenged
from agi_app.screening.hooks import dialled, report
from tests.unit.screening.test_incoming_call_hook import FakeSession


class Book:
    """Keeps what it is told, in order with what the dialplan was told."""

    def __init__(self, told: list[tuple[str, str]]) -> None:
        self.told = told

    async def dialled(self, number: str) -> None:
        self.told.append(("dialled", number))

    async def vote(self, call_id: str, nuisance: bool) -> bool:
        self.told.append(("vote", f"{call_id} {nuisance}"))
        return call_id == "known"

    async def challenged(self, call_id: str, passed: bool) -> None:
        self.told.append(("challenged", f"{call_id} {passed}"))

    def unheard(self, call_id: str) -> None:
        self.told.append(("unheard", call_id))

    def passed(self, call_id: str) -> None:
        self.told.append(("passed", call_id))


DONE = ("AGI_APP_ACTION", "done")


async def test_a_dialled_number_is_remembered_after_the_call_went_on() -> None:
    session = FakeSession("+1")
    await dialled(cast(Any, Book(session.told)), cast(Any, session))
    assert session.told == [DONE, ("", "left"), ("dialled", "+1")]


@pytest.mark.parametrize(("word", "call_id", "thanked"), [
    ("nuisance", "known", True), ("fine", "another", False), ("hello", "known", False), ("fine", "", False),
])  # fmt: skip
async def test_a_report_is_thanked_for_once_it_is_stored(word: str, call_id: str, thanked: bool) -> None:
    session = FakeSession(word, "", call_id)
    await report(cast(Any, Book(session.told)), cast(Any, session))
    assert (DONE in session.told) is thanked


@pytest.mark.parametrize(("result", "kept"), [("passed", 2), ("failed", 1), ("maybe", 0)])
async def test_who_passed_the_challenge_is_kept_with_the_opening_words(result: str, kept: int) -> None:
    session = FakeSession(result, "", "c1")
    book = cast(Any, Book(session.told))
    await challenged(book, book, cast(Any, session))
    assert len([name for name, _ in session.told if name in ("passed", "challenged")]) == kept


async def test_who_heard_no_digits_has_neither_passed_nor_failed() -> None:
    session = FakeSession("unheard", "", "c1")
    book = cast(Any, Book(session.told))
    await challenged(book, book, cast(Any, session))
    assert session.told == [DONE, ("", "left"), ("unheard", "c1")]
