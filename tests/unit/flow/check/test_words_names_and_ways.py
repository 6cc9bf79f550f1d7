"""Rules of the linter for flows, each asked alone: what it finds, and on which line."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agi_app.authoring.yaml_lines import load
from agi_app.errors import Problem
from agi_app.flow.check import first_prompt, impossible_values, line_flows, names_and_keys, said_keys
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.load import parse_flow, unknown_targets

HEAD = "flow: f\nlanguages: [en]\nidentify: {business: {en: Sunshine Dental}}\n"
QUESTION = """start: a
nodes:
  a:
    - gather: {prompt: x, keys: {"1": yes}, save: answer}
    - branch: [{when: answer == "maybe", goto: b}, {when: contact.age > "9", goto: b}, {else: b}]
  b:
    - set: {visitz: "1"}
    - branch: [{when: visits == "1", goto: c}, {else: c}]
  c: [hangup]
"""
KEYS = """start: a
nodes:
  a:
    - gather: {prompt: x, keys: {"9": yes}}
    - say: {text: {en: hello, fr: bonjour}}
    - hangup
"""
LINE = """opt_out: {without_number: n}
start: a
nodes:
  a:
    - say: {value: contact.name, as: name}
    - hangup
  n: [hangup]
"""


def flow(text: str) -> FlowDocument:
    return parse_flow(HEAD + text, "f.yaml")


def found(problems: Iterable[Problem]) -> list[tuple[str, int | None]]:
    return [(problem.rule, problem.line) for problem in problems]


def test_whoever_meets_no_agent_hears_who_rang_and_how_to_stop() -> None:
    source = flow("abandoned: sorry\nstart: a\nnodes: {a: [hangup]}\n")
    good = "Sunshine Dental called. To stop our calls, press 9."
    for words, faults in (("Sorry.", [("flow/abandoned", 4)]), (good, [])):
        prompts = {("en", "sorry"): PromptFacts(True, words)}
        assert found(first_prompt.abandoned_says_who(source, prompts)) == faults


def test_a_way_to_nowhere_is_told_of_a_file_with_other_faults() -> None:
    document = load("flow: f\nstart: a\nnodes:\n  a:\n    - goto: nowhere\n", "f.yaml")
    assert found(unknown_targets(document, [])) == [("flow/unknown-target", 5)]


def test_values_that_cannot_be() -> None:
    """An answer that no key gives, a number among texts, a variable that nothing reads."""
    source = flow(QUESTION)
    assert found(impossible_values.never_answered(source)) == [("flow/unknown-answer", 8)]
    assert found(impossible_values.number_in_quotes(source)) == [("flow/number-in-quotes", 8)]
    assert found(impossible_values.never_read(source)) == [("flow/unknown-variable", 10)]
    assert impossible_values.columns_read(source.flow) == {"age"}
    ((column, words),) = impossible_values.misspelt_columns(["phone_type"], ["phone_typ"])
    assert (column, "phone_typ" in words) == ("phone_type", True)


def test_what_is_read_has_a_value_and_what_is_said_has_its_languages() -> None:
    source = flow(QUESTION)
    assert found(names_and_keys.unknown_variable(source)) == [("flow/unknown-variable", 11)]
    assert names_and_keys.saved_names(source.flow) == {"answer"}
    assert found(names_and_keys.opt_out_key_used(flow(KEYS))) == [("flow/opt-out-key-used", 7)]
    assert found(names_and_keys.say_language(flow(KEYS))) == [("flow/say-language", 8)]


def test_a_line_takes_stops_and_tells_nothing() -> None:
    assert found(line_flows.line_takes_stops(flow(LINE))) == [("flow/line-without-number", 4)]
    assert found(line_flows.line_knows_nothing(flow(LINE))) == [("flow/line-tells", 8)]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Your time is 【时间】.", "时间"),
        ("Hello <name>", "name"),
        ("Hello [contact.name]", "name"),
        ("【阳光 口腔】", ""),
        *((text, "") for text in ("It takes < 5 minutes, > 2", "《时间》", "[3]")),
    ],
)
def test_a_placeholder_of_another_kind_is_told(text: str, column: str) -> None:
    source = flow(f"start: a\nnodes:\n  a:\n    - say: {{text: {{en: '{text}'}}}}\n    - hangup\n")
    told = [str(problem).partition("if it is a column, ")[2] for problem in names_and_keys.say_placeholder(source)]
    assert told == ([f"write {{contact.{column}}}"] if column else [])


@pytest.mark.parametrize(
    ("says", "keys"),
    [
        ("Press 1 to confirm, 3 to change the time.", ["3"]),
        ("Press 1 to confirm or press 4. Press 9 to stop.", ["4"]),
        ("Press 1 to confirm, 9 to stop. It takes 10 minutes, 2 to 3 visits.", []),
    ],
)
def test_a_recording_that_says_another_key_is_told(says: str, keys: list[str]) -> None:
    prompts = {("en", "x"): PromptFacts(True, says)}
    told = [problem.message for problem in said_keys.said_keys(flow(QUESTION), prompts)]
    assert told == [f'prompt: "x" says in en to press {key}, no key of this question' for key in keys]
