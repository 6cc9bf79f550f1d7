"""Conditions: what they mean, and that nothing but conditions gets through."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.flow.syntax.expression_parser import ExpressionError, parse
from agi_app.flow.syntax.expressions import Value, moment

VARIABLES: dict[str, Value] = {"answer": "yes", "tries": 2, "vip": True, "nothing_yet": None, "empty": ""}
CONTACT = {"age": "17", "city": "Berlin", "since": "2024-05-01", "note": "n/a", "vip": ""}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('answer == "yes"', True),
        ("answer == 'yes'", True),
        ('answer != "yes"', False),
        ("tries >= 2 and tries < 3", True),
        ("tries > 2 or vip", True),
        ("not vip", False),
        ("not contact.vip", True),
        ("not (vip and contact.vip)", True),
        ("vip == true", True),
        ("vip == 1", False),
        ("contact.age < 18", True),
        ("contact.age == 17", True),
        ("contact.note < 18", False),
        ("contact.note != 18", True),
        ('contact.city in ["Berlin", "Hamburg"]', True),
        ("contact.age in [16, 17]", True),
        ('contact.since < "2025-01-01"', True),
        ("contact.missing == 1", False),
        ("contact.missing != 1", False),
        ("missing < 1 or missing >= 1", False),
        ("nothing_yet == nothing_yet", False),
        ("empty", False),
        ("true and not false", True),
        ("false or false or answer", True),
        ("true or false and false", True),
        ("-1 < 0.5", True),
    ],
)
def test_meaning(condition: str, expected: bool) -> None:
    """and binds closer than or; nothing compared with anything is false; columns are read as numbers at need."""
    assert parse(condition).test(VARIABLES, CONTACT) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('now.time >= "09:30" and now.time < "10:00"', True),
        ('now.time >= "10:00"', False),
        ('now.weekday == "tue"', True),
        ('now.weekday in ["sat", "sun"]', False),
        ('now.date == "2026-03-31"', True),
        ('now.date > "2026-03-31" or now.date < "2026-03-01"', False),
        ("now.time > contact.opens", True),
    ],
)
def test_the_time_where_the_person_is(condition: str, expected: bool) -> None:
    """Times, weekdays and dates compare as they read; an unknown time makes no condition true."""
    parsed = parse(condition)
    assert parsed.test(moment(dt.datetime(2026, 3, 31, 9, 59, tzinfo=dt.UTC)), {"opens": "09:00"}) is expected
    assert parsed.test(moment(None), {"opens": "09:00"}) is False


SIGNS = [
    *(("=>", ">="), ("≥", ">="), ("≧", ">="), ("＞＝", ">="), ("> =", ">="), (">==", ">="), ("大于等于", ">=")),
    *(("=<", "<="), ("≤", "<="), ("＜", "<"), ("<>", "!="), ("≠", "!="), ("! =", "!="), ("===", "=="), ("is", "==")),
]


@pytest.mark.parametrize(
    ("condition", "column", "message"),
    [
        ("", 1, "not the end"),
        ("answer = 1", 8, 'write "=="'),
        *((f"a {sign} 1", 3, f'write "{right}"') for sign, right in SIGNS),
        ("answer == ", 10, "not the end"),
        ("answer == 1 2", 13, "not expected here"),
        ("a && b", 3, 'write "and"'),
        ("!a", 1, 'write "not"'),
        ('a == "x', 6, "quote is not closed"),
        ("a == “x”", 6, "straight quotes"),
        ("(a or b", 8, '")" is missing'),
        ("a in b", 6, '"[" is missing'),
        ("a in []", 7, "is needed here"),
        ("a < b < c", 7, "two values at a time"),
        ("a == null", 6, "not NAME"),
        ("a.b == 1", 1, "only contact.COLUMN"),
        ("contact.a.b", 1, "only contact.COLUMN"),
        ("now.hour > 9", 1, '"now.hour": there is now.time, now.weekday, now.date'),
        ('now.time < "9:30"', 12, 'a time such as "09:30"'),
        ('"24:00" == now.time', 1, 'a time such as "09:30"'),
        ("now.time > 12", 12, 'a time such as "09:30"'),
        ('now.weekday in ["sat", "sunday"]', 24, 'one of "mon"'),
        ('now.date == "2026-3-1"', 13, 'a date such as "2026-03-31"'),
        ("f(1)", 2, "not expected here"),
        ("__import__('os')", 11, "not expected here"),
        ("1abc", 1, "is not allowed here"),
        ("and", 1, "is needed here"),
        ("a ==" + " " * 500, 500, "at most 500"),
        ("(" * 30 + "a" + ")" * 30, 22, "nested deeper"),
        ("not " * 40 + "a", 85, "nested deeper"),
    ],
)
def test_faults_have_a_column(condition: str, column: int, message: str) -> None:
    """The column is where the author must look."""
    with pytest.raises(ExpressionError) as caught:
        parse(condition)
    assert message in str(caught.value)
    assert caught.value.column == column


PIECES = ["a", "contact.b", "1", "2.5", '"x"', "==", "<", "and", "or", "not", "in", "[", "]", "(", ")", ",", "true"]
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=30), VALUES, st.text(max_size=5))
def test_any_text_is_a_condition_or_an_explained_fault(text: str, variable: Value, column: str) -> None:
    """Parsing fails with ExpressionError only; what was parsed never fails on any values."""
    expression = None
    with contextlib.suppress(ExpressionError):
        expression = parse(text)
    if expression is not None:
        assert expression.test({"a": variable}, {"b": column}) in (True, False)
