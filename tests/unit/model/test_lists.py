"""Cursors: each is good for its own list, filters and installation alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from agi_app.errors import InputError
from agi_app.messages import speaking
from agi_app.model.lists import checked_limit, decode, encode

NOW = dt.datetime(2026, 3, 4, 10, 0, 0, 123456, tzinfo=dt.UTC)
Key: Any = tuple[dt.datetime, int]
TOLD = encode(b"k", "decisions", {"campaign": "a", "rule": None}, [NOW, 7])


def test_a_cursor_gives_its_key_back_to_the_microsecond() -> None:
    assert decode(b"k", "decisions", {"campaign": "a"}, Key, TOLD) == (NOW, 7)


@pytest.mark.parametrize(
    ("secret", "name", "filters", "said"),
    [
        (b"other", "decisions", {"campaign": "a"}, "is not a cursor that a list of this installation gave"),
        (b"k", "attempts", {"campaign": "a"}, "of the list decisions, not of attempts"),
        (b"k", "decisions", {"campaign": "b"}, "of other filters"),
        (b"k", "decisions", {"campaign": "a", "rule": "x"}, "of other filters"),
    ],
)
def test_a_cursor_of_something_else_is_refused(secret: bytes, name: str, filters: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        decode(secret, name, filters, Key, TOLD)


@pytest.mark.parametrize("cut", range(0, len(TOLD), 9))
def test_no_changed_cursor_passes(cut: int) -> None:
    for wrong in (TOLD[:cut], TOLD[:cut] + ("A" if TOLD[cut] != "A" else "B") + TOLD[cut + 1 :]):
        with pytest.raises(InputError, match="is not a cursor"):
            decode(b"k", "decisions", {"campaign": "a"}, Key, wrong)


def test_a_limit_has_bounds_and_says_so_in_chinese_too() -> None:
    assert (checked_limit(1), checked_limit(1000)) == (1, 1000)
    for wrong in (0, 1001):
        with speaking("zh"), pytest.raises(InputError, match=f"每页 1 到 1000 行，不能是 {wrong}"):
            checked_limit(wrong)
