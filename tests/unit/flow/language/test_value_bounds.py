"""The smallest and the largest value of a ``collect``, and what else is wrong with the new steps: check says it."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.errors import AuthorError
from agi_app.flow.check.flow_rules import check_structure
from agi_app.flow.language.value_bounds import within
from agi_app.flow.load import parse_flow

FLOW = """\
flow: parcel
languages: [en]
identify: {business: {en: Sunshine}}
start: a
nodes:
  a:
    - STEP
    - hangup
"""


def faults(step: str, flow: str = FLOW) -> list[str]:
    try:
        document = parse_flow(flow.replace("STEP", step), "f.yaml")
    except AuthorError as error:
        return [str(problem).removeprefix("f.yaml:") for problem in error.problems]
    return [str(problem).removeprefix("f.yaml:") for problem in check_structure(document)]


def collect(rest: str) -> list[str]:
    return faults(f"collect: {{prompt: p, save: s, {rest}}}")


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("kind: number, min: 50, max: 1", "flow/collect min: this is greater than max"),
        ("kind: amount, currency: CNY, min: 5, max: 4", "flow/collect min: this is greater than max"),
        (
            "min: 1, max: 50",
            "flow/collect min: digits have no value; write kind: number, or how many there are: digits:",
        ),
        ("kind: number, min: 100, digits: {max: 2}", "flow/collect min: this has more digits than may be keyed"),
        ("kind: number, max: many", "flow/collect max: this must be a whole number"),
        ("kind: number, max: 1.5", "flow/collect max: this must be a whole number"),
        ("kind: number, min: true", "flow/collect min: this must be a whole number"),
        (
            "kind: date, min: soon",
            "flow/collect min: this is not a day; write today, tomorrow, so many days from today (30d)",
        ),
        ("kind: date, max: 5", "flow/collect max: this is not a day"),
        ("kind: date, min: 30d, max: tomorrow", "flow/collect min: this is later than max"),
        ('kind: date, min: "2026-03-06", max: "2026-03-05"', "flow/collect min: this is later than max"),
    ],
)
def test_bounds_that_nothing_fits_are_named_where_they_stand(rest: str, said: str) -> None:
    (fault,) = collect(rest)
    assert said in fault
    assert fault.startswith("7:"), fault


@pytest.mark.parametrize(
    "rest",
    ["kind: number, min: 1, max: 50", "kind: number, max: 0", "kind: amount, currency: CNY, min: 10",
     "kind: date, min: today, max: 30d", 'kind: date, min: today, max: "2026-12-31"', "kind: date, max: today"],
)  # fmt: skip
def test_good_bounds(rest: str) -> None:
    assert collect(rest) == []


def test_what_lies_within() -> None:
    today = dt.date(2026, 3, 4)
    assert [within("number", n, 1, 50, None) for n in ("0", "1", "50", "51", "007")] == [False, True, True, False, True]
    days = ("2026-03-03", "2026-03-04", "2026-03-06", "2026-03-07")
    assert [within("date", day, "today", "2d", today) for day in days] == [False, True, True, False]
    assert within("date", "1999-01-01", "today", "2d", None), "without a clock nobody knows what today is"
    assert not within("date", "1999-01-01", "2026-01-01", None, None)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("call_back: {in: 2h, at: '18:00'}", "one of in (2h), at"),
        ("call_back: {tomorrow_at: '10:00', today_only: true}", "tomorrow_at is never today"),
        ("call_back: {in: 2h, times: 9}", "times"),
        ("call_back: {in: 2h, promt: x}", "promt"),
        ("call_back: {}", "offer"),
        ("wrong_number: {promt: x}", "promt"),
        ("set: {disposition: wrong_number}", "to end the consents for this number write - wrong_number"),
    ],
)
def test_other_faults_of_the_new_steps(step: str, said: str) -> None:
    assert any(said in fault for fault in faults(step)), faults(step)


def test_a_line_has_neither() -> None:
    """Of who calls us nothing is proved: no consent ends, nobody is rung."""
    line = FLOW.replace("start: a", "opt_out: {without_number: a}\nstart: a")
    assert any("flow/line-tells wrong_number:" in fault for fault in faults("wrong_number", line))
    assert any("flow/line-tells call_back:" in fault for fault in faults("call_back: {in: 2h}", line))


def test_nothing_stands_behind_a_wrong_number() -> None:
    assert any("flow/unreachable-step" in fault for fault in faults("wrong_number: sorry"))
