"""The linter: each rule has a flow that breaks it, and a flow that keeps all of them."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from agi_app.errors import AuthorError
from agi_app.flow.check import (
    early_answers,
    first_prompt,
    impossible_values,
    line_flows,
    names_and_keys,
    prompt_files,
    recording_notice,
    said_keys,
    speech_answers,
    unreachable_nodes,
)
from agi_app.flow.check.disclosure_words import offers_key, says
from agi_app.flow.check.flow_rules import PROMPT_RULES, STRUCTURE_RULES, check_flow, check_structure
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.check.prompt_files import unused_prompts
from agi_app.flow.load import parse_flow

GOOD = """\
flow: checkup
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: stopped}
start: greeting
nodes:
  greeting:
    - set: {tries: 0}
    - play: greeting
    - goto: ask
  ask:
    - gather: {prompt: ask, keys: {"1": yes}, save: answer}
      on: {yes: bye, no_input: number}
  number:
    - gather: {prompt: number, digits: {min: 4}, save: number}
    - hangup
  bye:
    - branch:
        - when: answer == "yes"
          goto: number
        - else: number
"""
TRANSCRIPTS = {
    ("zh-CN", "greeting"): "您好，这里是阳光口腔的自动电话。如不想再接到来电，请按 9。",
    ("en", "greeting"): "Hello, this is an automated call from Sunshine Dental. To stop these calls, press nine.",
    ("zh-CN", "ask"): "确认请按1。",
    ("en", "ask"): "Press 1 to confirm.",
    ("zh-CN", "number"): "请输入号码。停止来电请按星号九。",
    ("en", "number"): "Enter your number, or press star nine to stop these calls.",
    ("zh-CN", "stopped"): "好的。",
    ("en", "stopped"): "Fine.",
}
SOUND = PromptFacts(has_audio=True, sample_rate=8000, channels=1, sample_width=2, seconds=2.5)
PROMPTS = {key: replace(SOUND, transcript=text) for key, text in TRANSCRIPTS.items()}


def problems(text: str = GOOD, **changed: PromptFacts | None) -> list[str]:
    """Problems with some prompts changed; ``en_ask`` stands for (en, ask), None removes it."""
    prompts = dict(PROMPTS)
    for key, facts in changed.items():
        language, name = key.split("_")
        del prompts[{"zh": "zh-CN"}.get(language, language), name]
        if facts is not None:
            prompts[{"zh": "zh-CN"}.get(language, language), name] = facts
    return [str(problem).removeprefix("f.yaml:") for problem in check_flow(parse_flow(text, "f.yaml"), prompts)]


def said(text: str) -> PromptFacts:
    return replace(SOUND, transcript=text)


def test_a_good_flow_has_no_problem() -> None:
    """The flow all other tests break on purpose."""
    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("goto: ask", "goto: aks", '10:7: flow/unknown-target goto: there is no node "aks"; did you mean "ask"?'),
        (
            "else: number",
            "else: nummer",
            '21:11: flow/unknown-target else: there is no node "nummer"; did you mean "number"?',
        ),
        (
            "goto: number",
            "goto: x",
            '20:11: flow/unknown-target goto: there is no node "x"; known here: ask, bye, greeting, number',
        ),
        (
            "yes: bye",
            "yes: ask",
            '17:3: flow/unreachable-node bye: no way leads from "greeting" to this node; add a way to it, or remove it',
        ),
        (
            "    - goto: ask\n",
            "    - goto: ask\n    - play: ask\n",
            "11:7: flow/unreachable-step greeting: this step is never reached, because the step before it always leaves"
            " the node",
        ),
        (
            "    - hangup\n",
            "",
            "15:7: flow/no-way-out number: the node just ends here; end it with goto, hangup or opt_out, "
            "or give a way in its on to entered, no_input, no_match",
        ),
        (
            "    - hangup\n",
            "    - play: ask\n",
            "16:7: flow/no-way-out number: the node just ends here; end it with goto, hangup or opt_out",
        ),
        (
            '"1": yes',
            '"9": yes',
            '12:36: flow/opt-out-key-used 9: "9" is the opt-out key of this flow and always means stop; '
            "use another key",
        ),
        (
            "answer ==",
            "anwser ==",
            '19:11: flow/unknown-variable when: nothing gives "anwser" a value; did you mean "answer"?',
        ),
    ],
)
def test_structure(old: str, new: str, expected: str) -> None:
    """Structural rules need no prompts, point at the line, and are errors."""
    source = parse_flow(GOOD.replace(old, new, 1), "f.yaml")
    found = check_structure(source)
    assert expected in [str(problem).removeprefix("f.yaml:") for problem in found]
    assert {problem.severity for problem in found} == {"error"}


def test_a_loop_without_an_exit_is_no_way_out() -> None:
    """Nodes that only lead to each other keep a person on the line."""
    found = problems(GOOD.replace("    - hangup\n", "    - goto: ask\n"))
    assert "7:3: flow/no-way-out greeting: from here no way leads to the end of the call" in "".join(found)
    assert len([line for line in found if "flow/no-way-out" in line]) == 4


def test_a_missing_recording_is_reported_for_each_language() -> None:
    """A transcript alone is not enough to play; a near name is suggested."""
    assert problems(zh_ask=None, en_ask=PromptFacts(has_audio=False, transcript="Press 1.")) == [
        '12:16: flow/prompt-missing "ask" has no recording prompts/en/ask.wav; its text is there: record it, or let an'
        " engine speak it ([tts] engine in agi-app.toml)",
        '12:16: flow/prompt-missing "ask" has no recording prompts/zh-CN/ask.wav',
    ]
    assert problems(GOOD.replace("play: greeting", "play: greetings")) == [
        '9:7: flow/prompt-missing "greetings" has no recording prompts/en/greetings.wav; did you mean "greeting"?',
        '9:7: flow/prompt-missing "greetings" has no recording prompts/zh-CN/greetings.wav; did you mean "greeting"?',
    ]


def test_a_missing_confirm_prompt_is_reported() -> None:
    """The prompt after the opt-out counts like any other."""
    assert problems(en_stopped=None) == ['4:21: flow/prompt-missing "stopped" has no recording prompts/en/stopped.wav']


@pytest.mark.parametrize("transcript", [None, "", "  \n"])
def test_a_recording_needs_its_transcript(transcript: str | None) -> None:
    """Rules about what is said can only read text."""
    found = problems(en_ask=replace(SOUND, transcript=transcript))
    assert found == ['12:16: flow/transcript-missing "ask": write what the recording says into prompts/en/ask.txt']


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sample_rate": 44100}, "44100 Hz; run `agi-app prompts prepare`"),
        ({"sample_rate": 16000}, "16000 Hz; run `agi-app prompts prepare`"),
        ({"channels": 2}, "2 channels; run `agi-app prompts prepare`"),
        ({"sample_width": 1}, "8 bit; run `agi-app prompts prepare`"),
        ({"seconds": 0.0}, "the recording is empty"),
        ({"error": "this is no WAV file"}, "this is no WAV file"),
    ],
)
def test_a_recording_has_the_format_that_telephones_play(change: dict, fault: str) -> None:
    """Asterisk plays nothing else from a .wav, also not 16 kHz (tests/asterisk/test_prompts.py)."""
    assert problems(en_ask=replace(PROMPTS["en", "ask"], **change)) == [
        f"12:16: flow/prompt-format prompts/en/ask.wav: {fault}"
    ]


def test_a_text_that_an_engine_speaks_needs_no_recording_but_the_right_words() -> None:
    spoken = replace(PROMPTS["en", "ask"], has_audio=False, sample_rate=0, channels=0, sample_width=0, seconds=0.0)
    assert [p.split()[1] for p in problems(en_ask=spoken)] == ["flow/prompt-missing"]
    assert problems(en_ask=replace(spoken, by_engine=True)) == []
    silent = replace(said("Hello."), has_audio=False, by_engine=True)
    assert {p.split()[1] for p in problems(en_greeting=silent)} == {
        "flow/business-not-named",
        "flow/opt-out-not-offered",
    }


def test_the_first_prompt_names_the_business() -> None:
    """Per language, whatever the spacing and case."""
    found = problems(en_greeting=said("Hello. To stop these calls, press nine."))
    assert found == [
        '9:7: flow/business-not-named "greeting" may be the first prompt, but in en it does not say "Sunshine Dental";'
        " say it there, or correct identify: business"
    ]
    assert problems(en_greeting=said("SUNSHINE  dental here. Press 9 to stop.")) == []


def test_the_first_prompt_offers_the_opt_out() -> None:
    """Another key, or the key without being told to press it, is not enough."""
    found = problems(zh_greeting=said("您好，这里是阳光口腔。确认请按1。"))
    assert found == [
        '9:7: flow/opt-out-not-offered "greeting" may be the first prompt, but in zh-CN it does not say to press 9 '
        "to stop the calls"
    ]


def test_every_possible_first_prompt_is_judged() -> None:
    """Behind a branch, each way has its own first prompt."""
    text = GOOD.replace(
        "    - play: greeting\n", "    - branch: [{when: not contact.a, goto: ask}]\n    - play: greeting\n"
    )
    assert [line.split(" ")[1] for line in problems(text)] == [
        "flow/business-not-named",
        "flow/business-not-named",
        "flow/opt-out-not-offered",
        "flow/opt-out-not-offered",
    ]


def test_a_gather_of_digits_offers_star_and_the_key() -> None:
    """While digits are typed the key alone is a digit."""
    assert problems(en_number=said("Enter your number, or press nine to stop these calls.")) == [
        '15:16: flow/opt-out-not-offered "number" collects digits, but in en it does not say to press *9 '
        "to stop the calls"
    ]


def test_unused_prompts_are_a_warning() -> None:
    """Over all flows, since they share one folder."""
    found = [*unused_prompts([parse_flow(GOOD, "f.yaml")], {**PROMPTS, ("en", "old"): SOUND})]
    assert [str(problem) for problem in found] == [
        "prompts/en/old.wav:1:1: flow/unused-prompt (warning) no flow plays this prompt"
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-CN", "不想再接到电话请按9。"),
        ("zh-CN", "请按数字键 ９ 停止来电"),
        ("zh-CN", "停止来电，请按“九”号键"),
        ("zh", "拨九退订"),
        ("en", "Press 9 to stop these calls."),
        ("en-GB", "Press the number nine, and we stop."),
        ("en", "To stop, push 9"),
        ("en", "If you don’t want\nthese calls, press\nnine."),
        ("en", "Press 1 to confirm, 2 to change, or 9 to stop these calls."),
        ("zh-CN", "确认请按1，改期按2，不想再接听请按9"),
        ("zh-CN", "按1确认、9停止来电"),
        ("fr", "Pour ne plus être appelé, tapez 9."),
    ],
)
def test_what_offers_the_key_nine(language: str, text: str) -> None:
    """Digit or word, half or full width."""
    assert offers_key(text, "9", language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-CN", "九点以前确认请按1。"),
        ("zh-CN", "请按1确认，19日见。"),
        ("zh-CN", "请按十九"),
        ("en", "Press 1 to confirm. We open at 9."),
        ("en", "We open at nine. Press one."),
        ("en", "Press 19."),
        ("en", "Press 1 to confirm your visit at 9."),
        ("en", "Press one, ninety percent do."),
        ("fr", "Tapez 1."),
    ],
)
def test_what_does_not_offer_the_key_nine(language: str, text: str) -> None:
    """Another sentence, another number, another key."""
    assert not offers_key(text, "9", language)


def test_names_are_found_whatever_the_width_and_spacing() -> None:
    """Transcripts are typed by people."""
    assert says("这里是 阳光 口腔。", "阳光口腔")
    assert says("ｓｕｎｓｈｉｎｅ-dental", "Sunshine Dental")
    assert not says("Sun Dental", "Sunshine Dental")


def test_a_fault_of_the_schema_hides_no_unknown_node() -> None:
    """One run shows both; at the place of a schema fault only that one is told."""
    text = GOOD.replace("- play: greeting", "- plya: greeting").replace("else: number", "else: nummer")
    text = text.replace("goto: ask", 'goto: "a sk"')
    with pytest.raises(AuthorError) as caught:
        parse_flow(text, "f.yaml")
    assert [str(p).removeprefix("f.yaml:") for p in caught.value.problems] == [
        '9:7: flow/verb plya: there is no verb "plya"; did you mean "play"?',
        '10:7: schema/name goto: "a sk" does not fit; use letters, digits, - and _ (at most 64); write a_sk',
        '21:11: flow/unknown-target else: there is no node "nummer"; did you mean "number"?',
    ]


def test_every_rule_of_every_subject_is_asked() -> None:
    subjects = (
        *(early_answers, first_prompt, impossible_values, line_flows, names_and_keys, prompt_files),
        *(recording_notice, said_keys, speech_answers, unreachable_nodes),
    )
    written: set[object] = {
        function
        for subject in subjects
        for name, function in vars(subject).items()
        if inspect.isfunction(function) and function.__module__ == subject.__name__ and not name.startswith("_")
        if [*(given := inspect.signature(function)).parameters][:1] == ["source"]
        if given.return_annotation == "Iterator[Problem]"
    }
    assert written == {*STRUCTURE_RULES, *PROMPT_RULES}
