"""Whoever writes a flow is told which word was not understood, in answers and in expected calls."""

from __future__ import annotations

import datetime as dt

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import Understood, understand
from agi_app.flow.answers.why_not_understood import why_not
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.load import load_flow, parse_flow
from agi_app.flow.simulation.expected_calls import check_cases, parse_cases, run_case
from agi_app.flow.simulation.simulator import Simulation

TODAY = dt.date(2026, 3, 4)  # a Wednesday
MEANINGS = shipped_meanings()
DAYS = {"mon": {"en": ["Monday"], "zh-CN": ["周一"]}, "sun": {"en": ["Sunday"], "zh-CN": ["周日"]}}


@pytest.mark.parametrize(
    ("language", "text", "label"),
    [("en", "on Monday", "mon"), ("en", "on Sunday please", "sun"), ("zh-CN", "星期一", "mon"),
     ("zh-CN", "礼拜天", "sun"), ("zh-CN", "在星期一", "mon"), ("zh-CN", "周日吧", "sun")],
)  # fmt: skip
def test_a_weekday_is_understood_in_all_its_forms(language: str, text: str, label: str) -> None:
    assert understand(MEANINGS.wanted(language, DAYS), Heard(text, 1.0)) == Understood(label, label)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("on Friday", "not understood: “on friday”"),
        ("maybe Monday", "“maybe” puts it in doubt"),
        ("not Monday", "“not” turns it round"),
        ("Monday and Sunday", "it is more than one answer (mon, sun)"),
        ("Monday afternoon then", "not understood: “afternoon”"),
        ("...", "there is no word in it"),
    ],
)
def test_which_word_was_not_understood(text: str, why: str) -> None:
    assert why in str(why_not(MEANINGS.wanted("en", DAYS), text, TODAY))


def test_what_is_an_answer_needs_no_reason() -> None:
    assert why_not(MEANINGS.wanted("en", DAYS), "on Monday", TODAY) is None
    assert why_not(MEANINGS.wanted("en", DAYS), "stop calling me", TODAY) is None


def test_values_tell_their_bounds_and_that_a_day_is_needed() -> None:
    number = MEANINGS.wanted("en", kind="number", least=1, most=50)
    assert "51 is not from 1 to 50" in str(why_not(number, "fifty one"))
    assert "there is no number in it" in str(why_not(number, "the big thing"))
    assert "the day is not known" in str(why_not(MEANINGS.wanted("en", kind="date"), "on Monday", None))


FLOW = """\
flow: depot
languages: [en]
identify: {business: {en: Sunshine}}
start: greeting
nodes:
  greeting:
    - play: greeting
    - play: notice
    - gather: {prompt: day, keys: {"1": mon, "2": wrong}, speech: {mon: {en: [Monday]}}, attempts: 1, save: day}
      on: {mon: message, wrong: stranger, no_input: later}
  message:
    - record: {prompt: tone, save: message}
      on: {recorded: bye, empty: bye}
  later:
    - call_back: {in: 2h, today_only: true}
    - hangup
  stranger:
    - wrong_number
  bye:
    - hangup
"""
PROMPTS = {("en", "greeting"): PromptFacts(True, "Deliver today after 18:00, or leave it.")}
CASES = """\
flow: depot
cases:
  - name: a message after an early key
    input: ["1", listen, listen, listen, '"please ring twice"']
    expect: {answers: {day: mon, message: recorded}}
  - name: hung up while the message is taken
    input: ["1", listen, listen, listen, hangup]
    expect: {answers: {message: recorded}}
  - name: silence
    now: "2026-03-02 10:00"
    input: []
    expect: {disposition: call_back, opted_out: false}
  - name: stranger
    input: [listen, listen, "2"]
    expect: {disposition: wrong_number, opted_out: false}
  - name: said otherwise
    input: []
    expect: {heard: [deliver tomorrow after 18:00]}
"""


def test_a_message_an_early_key_silence_and_a_stranger_in_expected_calls() -> None:
    """Words into a message are input of a flow that understands none; what is not said names its word."""
    flow, source = parse_flow(FLOW, "f.yaml"), parse_cases(CASES, "c.yaml")
    texts = {("en", name): PromptFacts(True, name) for name in ("notice", "day", "tone")} | PROMPTS
    unknown = check_cases(source, {"depot": flow}, texts)
    assert [problem.rule for problem in unknown] == ["simulation/unknown-text"]
    *good, otherwise = (run_case(source, index, flow.flow, texts, {}) for index in range(5))
    assert [verdict.differences for verdict in good] == [()] * 4
    assert "greeting has all of it but “tomorrow”" in otherwise.differences[0].message


def test_the_simulator_says_so_at_once() -> None:
    simulation = Simulation(load_flow(FLOW, "f.yaml"), PROMPTS, {})
    simulation.start()
    assert simulation.feed("1") == ["key 1 is kept for the next question"]
    assert "while a message is recorded" in simulation.help
    fresh = Simulation(load_flow(FLOW, "f.yaml"), PROMPTS, {})
    lines = [*fresh.start(), *fresh.feed("listen"), *fresh.feed("on Friday")]
    assert any("no answer: not understood: “on friday”" in line for line in lines)
