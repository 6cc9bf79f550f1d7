"""Answers by voice against what the project has: its meanings, and an engine that understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import AuthorError, Problem
from agi_app.flow.check.graph import said_prompts
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.recording_notice import record_call_notice, record_notice
from agi_app.flow.check.speech_answers import by_voice_alone, check_meanings, check_recognizer
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.load import parse_flow

HEAD = "flow: f\nlanguages: [en]\nidentify: {business: {en: A}}\n"


def flow(gather: str, opt_out: str = "{}", languages: str = "[en]") -> FlowDocument:
    head = HEAD.replace("[en]", languages)
    text = f"{head}opt_out: {opt_out}\nstart: a\nnodes:\n  a:\n    - gather: {gather}\n    - hangup\n"
    return parse_flow(text, "flows/f.yaml")


def told(problems: list[Problem]) -> list[str]:
    return [f"{p.line}:{p.column} {p.rule} {p.message}" for p in problems]


def test_an_unknown_meaning_gets_the_nearest() -> None:
    (fault,) = told(check_meanings(flow("{prompt: x, speech: {yes: yess, no: no}}"), shipped_meanings()))
    assert fault.startswith('8:36 flow/unknown-meaning yes: there is no meaning "yess"; did you mean "yes"?')


def test_a_meaning_needs_phrases_in_each_language() -> None:
    (fault,) = told(check_meanings(flow("{prompt: x, speech: {yes: yes}}", languages="[en, fr]"), shipped_meanings()))
    assert fault == '8:36 flow/unknown-meaning yes: "yes" has no phrases in "fr"; write some in meanings/ or here'


@pytest.mark.parametrize(
    ("gather", "opt_out", "found"),
    [
        ("{prompt: x, speech: {kind: text}}", "{}", [("flow/no-recognizer", "error")]),
        ('{prompt: x, keys: {"1": yes}, speech: {yes: yes}}', "{}", [("flow/not-heard", "warning")]),
        ("{prompt: x, digits: {}, speech: {kind: number}}", "{}", [("flow/not-heard", "warning")]),
        ('{prompt: x, keys: {"1": yes}}', "{phrases: {en: [stop it]}}", [("flow/not-heard", "warning")]),
        ('{prompt: x, keys: {"1": yes}}', "{}", []),
    ],
)
def test_what_does_not_work_without_an_engine(gather: str, opt_out: str, found: list[tuple[str, str]]) -> None:
    source = flow(gather, opt_out)
    assert [(p.rule, p.severity) for p in check_recognizer(source)] == found
    assert bool(by_voice_alone(source.flow)) == (found[:1] == [("flow/no-recognizer", "error")])


def test_an_answer_that_can_be_said_only_is_named_where_nobody_hears_words() -> None:
    """A caller with the wrong number could not say so, and the campaign would start all the same."""
    source = flow('{prompt: x, keys: {"1": yes}, speech: {yes: yes, wrong: wrong_number}}')
    _, fault = told(check_recognizer(source))
    assert fault == (
        "8:64 flow/not-heard wrong: this answer can only be said, and without an engine nobody hears words; give it a"
        " key, too"
    )


@pytest.mark.parametrize(("engine", "told_so"), [("", True), ('[speech]\nengine = "scripted"\nmodel = "x"\n', False)])
def test_the_settings_decide_and_the_flows_know_the_meanings(tmp_path: Path, engine: str, told_so: bool) -> None:
    (tmp_path / "flows").mkdir()
    text = f"{HEAD}start: a\nnodes:\n  a:\n    - gather: {{prompt: x, speech: {{yes: yes}}}}\n    - hangup\n"
    (tmp_path / "flows" / "f.yaml").write_text(text, encoding="utf-8")
    (tmp_path / SETTINGS_FILE).write_text(engine, encoding="utf-8")
    project = read_project(tmp_path, None)
    assert ("flow/no-recognizer" in {p.rule for p in project.errors}) is told_so
    assert "yes" in project.flows["f"].parsed.flow.meanings.phrases("yes", "en")


@pytest.mark.parametrize("speech", ["", ", speech: {yes: yes}"])
def test_the_engine_of_trials_hears_nobody(tmp_path: Path, speech: str) -> None:
    (tmp_path / "flows").mkdir()
    text = f'{HEAD}start: a\nnodes:\n  a:\n    - gather: {{prompt: x, keys: {{"1": yes}}{speech}}}\n    - hangup\n'
    (tmp_path / "flows" / "f.yaml").write_text(text, encoding="utf-8")
    (tmp_path / SETTINGS_FILE).write_text('[speech]\nengine = "scripted"\nmodel = "x"\n', encoding="utf-8")
    warned = [p for p in read_project(tmp_path, None).problems if p.rule == "flow/not-heard"]
    assert [p.severity for p in warned] == (["warning"] if speech else [])


BOTH = HEAD.replace("[en]", "[en, zh-CN]").replace("{en: A}", "{en: A, zh-CN: A}")
RECORDS = f"{BOTH}start: a\nnodes:\n  a:\n    - play: hello\n"
TOLD = {"en": "Please tell us. Your answer will be recorded.", "zh-CN": "请讲，以下内容会录音。"}
UNTOLD = {"en": "This is a recorded message. Please tell us.", "zh-CN": "请讲。"}


@pytest.mark.parametrize(
    "step", ["record: {prompt: ask, save: x}", "gather: {prompt: ask, speech: {kind: text}, save: x, keep: true}"]
)
@pytest.mark.parametrize(
    ("first", "own", "missing"),
    [(UNTOLD, TOLD, 0), (TOLD, UNTOLD, 0), (UNTOLD, UNTOLD, 2), (UNTOLD, TOLD | {"en": "Hm."}, 1)],
)
def test_nobody_is_recorded_without_being_told(
    step: str, first: dict[str, str], own: dict[str, str], missing: int
) -> None:
    """By the prompt of that very step, or by what everybody hears first, in each language."""
    source = parse_flow(f"{RECORDS}    - {step}\n    - hangup\n", "flows/f.yaml")
    said = {"hello": first, "ask": own}
    prompts = {
        (tongue, name): PromptFacts(True, text) for name, texts in said.items() for tongue, text in texts.items()
    }
    found = list(record_notice(source, prompts))
    assert [(p.rule, p.line) for p in found] == [("flow/record-notice", 8)] * missing


def test_what_nobody_can_read_is_not_judged() -> None:
    source = parse_flow(f"{RECORDS}    - record: {{prompt: ask, save: x}}\n    - hangup\n", "flows/f.yaml")
    assert list(record_notice(source, {})) == []


def test_an_answer_is_kept_only_if_it_is_spoken_and_has_a_name() -> None:
    for gather in ('{prompt: x, keys: {"1": a}, save: y, keep: true}', "{prompt: x, speech: {yes: yes}, keep: true}"):
        with pytest.raises(AuthorError, match=r"only a spoken answer \(speech\) with a name \(save\) can be kept"):
            flow(gather)


ASKS = 'gather: {prompt: ask, keys: {"1": a}}'


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        (["play: told", "record: {call: true}"], 0),
        (["record: {call: true}", "play: told"], 1),
        (["play: hello", "record: {call: true}"], 1),
        (["play: told", ASKS, "record: {call: true}"], 1),  # a key answers before the notice is over
        (["play: {prompt: told, barge_in: false}", ASKS, "record: {call: true}"], 0),
        ([ASKS.replace("ask,", "told,"), "record: {call: true}"], 1),
        ([ASKS.replace("ask,", "told, barge_in: false,"), "record: {call: true}"], 0),
        (["collect: {prompt: told, save: n}", "record: {call: true}"], 1),
        (["record: {prompt: told, save: m}", "record: {call: true}"], 0),
        (["say: {text: {en: We record this.}}", "record: {call: true}"], 0),
        (['say: {text: {en: "{contact.x} We record this."}}', "record: {call: true}"], 1),  # perhaps not said
        (["transfer: {to: desk, whisper: told}", "record: {call: true}"], 1),  # the desk hears it, nobody else
        (["play: hello", "record: {call: false}"], 0),
        (["play: unread", "record: {call: true}"], 0),  # another rule wants its words
    ],
)
def test_the_call_is_recorded_only_after_a_notice_that_was_heard_out(steps: list[str], faults: int) -> None:
    nodes = "".join(f"    - {step}\n" for step in [*steps, "hangup"])
    source = parse_flow(f"{HEAD}start: a\nnodes:\n  a:\n{nodes}", "flows/f.yaml")
    said = {"hello": "Hello.", "ask": "Press 1.", "told": "This call will be recorded."}
    prompts = {("en", name): PromptFacts(True, text) for name, text in said.items()} | said_prompts(source.flow)
    found = list(record_call_notice(source, prompts))
    assert [p.rule for p in found] == ["flow/record-call-notice"] * faults


def test_every_way_to_where_the_call_is_recorded_needs_the_notice() -> None:
    """And in every language; the place of each fault is that of ``call``."""
    source = parse_flow(
        f'{RECORDS}    - branch:\n        - {{when: contact.vip == "yes", goto: b}}\n    - play: told\n    - goto: b\n'
        "  b:\n    - record: {call: true}\n    - hangup\n",
        "flows/f.yaml",
    )
    prompts = {
        (tongue, name): PromptFacts(True, texts[tongue])
        for name, texts in (("hello", UNTOLD), ("told", TOLD)) for tongue in texts
    }  # fmt: skip
    found = list(record_call_notice(source, prompts))
    assert [(p.line, p.column, p.message.split(" (")[0][-2:]) for p in found] == [(13, 16, "ed"), (13, 16, "ed")]
    assert {"in en that" in p.message for p in found} == {True, False}


def test_a_notice_in_one_language_is_none_in_the_other() -> None:
    source = parse_flow(f"{RECORDS}    - record: {{call: true}}\n    - hangup\n", "flows/f.yaml")
    prompts = {(t, "hello"): PromptFacts(True, (TOLD | {"en": "Hm."})[t]) for t in TOLD}
    assert ["in en" in p.message for p in record_call_notice(source, prompts)] == [True]


def test_a_recording_of_the_call_takes_nothing_beside_it() -> None:
    for step in ("record: {call: true, prompt: x}", "record: {call: yes please}", "record: {call: true}\n      on: {}"):
        with pytest.raises(AuthorError):
            parse_flow(f"{HEAD}start: a\nnodes:\n  a:\n    - {step}\n    - hangup\n", "flows/f.yaml")
