"""Expected calls: what a case says is compared with what the simulated call really does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agi_app.campaigns.project.read_project import read_project
from agi_app.errors import AuthorError
from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.load import parse_flow
from agi_app.flow.simulation.expected_calls import check_cases, parse_cases, run_case
from agi_app.flow.simulation.simulator import Simulation

ROOT = Path(__file__).resolve().parents[4]
FLOW = """\
flow: checkup
languages: [en, zh-CN]
identify: {business: {en: Sunshine Dental, zh-CN: 阳光口腔}}
opt_out: {confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": yes, "2": no}, attempts: 2, save: answer}
      on: {yes: late, no: bye, no_input: bye}
  late:
    - branch:
        - {when: now.time >= "17:00", goto: evening}
        - else: bye
  evening:
    - play: evening
    - goto: bye
  bye:
    - set: {disposition: done}
    - hangup
"""
SAID = {"greeting": "Hello from Sunshine Dental.", "ask": "Press 1.", "evening": "Good evening.", "stopped": "No more."}
PROMPTS = {(language, name): PromptFacts(True, text) for name, text in SAID.items() for language in ("en", "zh-CN")}


def flow() -> FlowDocument:
    return parse_flow(FLOW, "flows/checkup.yaml")


def differences(case: str) -> list[str]:
    """What a case of this text says came out otherwise, as line:column message."""
    source = parse_cases(f"flow: checkup\ncases:\n  - name: x\n{case}", "simulations/s.yaml")
    assert check_cases(source, {"checkup": flow()}, PROMPTS) == []
    verdict = run_case(source, 0, flow().flow, PROMPTS, source.file.cases[0].contact)
    return [f"{d.line}:{d.column} {d.message}" for d in verdict.differences]


@pytest.mark.parametrize(
    "case",
    [
        '    input: ["1"]\n    expect: {disposition: done, answers: {answer: "yes"}, opted_out: false}',
        "    input: []\n    expect: {answers: {answer: null}, heard: [greeting, ask, ask]}",
        '    input: ["9"]\n    expect: {disposition: opted_out, opted_out: true, heard: [stopped], not_heard: [ask]}',
        "    input: [listen, hangup]\n    expect: {disposition: null, not_heard: [No more]}",
        "    input: [listen, hangup]\n    expect: {disposition: hung_up}",
        '    now: "2026-03-02 18:00"\n    input: ["1"]\n    expect: {heard: [greeting, Good evening]}',
        '    now: "2026-03-02 16:59"\n    input: ["1"]\n    expect: {not_heard: [evening]}',
        '    input: [listen, "1"]\n    expect: {heard: [hello from, sunshine, ask, press 1]}',
    ],
)
def test_what_happens_is_as_expected(case: str) -> None:
    """After the last input the person listens to the end and says nothing."""
    assert differences(case) == []


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            "    input: []\n    expect: {disposition: opted_out}",
            '5:14 disposition: expected "opted_out", the call gave "done"',
        ),
        ("    input: []\n    expect: {disposition: null}", '5:14 disposition: expected nothing, the call gave "done"'),
        (
            '    input: ["2"]\n    expect: {answers: {answer: "yes"}}',
            '5:24 answers: answer: expected "yes", the call gave "no"',
        ),
        ('    input: ["9"]\n    expect: {opted_out: false}', "5:14 opted_out: expected false, the call gave true"),
        ('    input: ["9"]\n    expect: {not_heard: [stopped]}', '5:26 not_heard: "stopped" was heard'),
        (
            '    input: ["1"]\n    expect: {heard: [greeting, ask]}',
            '5:32 heard: "ask" was not heard; heard were greeting',
        ),
        (
            "    input: []\n    expect: {heard: [ask, greeting]}",
            '5:27 heard: "greeting" was not heard after "ask"; heard were greeting, ask, ask',
        ),
        (
            "    input: []\n    expect: {heard: [ask, ask, ask]}",
            '5:32 heard: "ask" was not heard after "ask"; heard were greeting, ask, ask',
        ),
        ('    input: ["2", "1"]\n    expect: {disposition: done}', '4:18 input: the call was over before "1"'),
    ],
)
def test_what_comes_out_otherwise_is_told_where_the_file_expects_it(case: str, expected: str) -> None:
    """Line and column are those of the expectation, not of the case."""
    assert differences(case) == [expected]


def test_all_differences_of_a_case_are_told_at_once() -> None:
    """One does not hide the other."""
    case = "    input: []\n    expect: {disposition: x, answers: {answer: a}, opted_out: true, heard: [evening]}"
    assert [text.split()[1] for text in differences(case)] == ["disposition:", "answers:", "opted_out:", "heard:"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "input: [1]\n    expect: {opted_out: true}",
            ["4:13: simulation/input input: 1 is not an input; put keys in quotes"],
        ),
        (
            "input: [wiat]\n    expect: {}",
            ['4:13: simulation/input input: "wiat" is not an input; write keys ("1"), listen'],
        ),
        (
            "input: []\n    expect: {heart: [a]}",
            ['5:14: schema/unknown-key unknown key "heart"; did you mean "heard"?'],
        ),
        ("input: []\n    expect: {answers: {a: 5}}", ["5:24: schema/type a: this must be text; put it in quotes"]),
    ],
)
def test_a_faulty_file_is_explained(text: str, faults: list[str]) -> None:
    """As for every other YAML file of a project."""
    with pytest.raises(AuthorError) as caught:
        parse_cases(f"flow: checkup\ncases:\n  - name: x\n    {text}", "s.yaml")
    found = [str(problem).removeprefix("s.yaml:") for problem in caught.value.problems]
    assert [whole[: len(start)] for whole, start in zip(found, faults, strict=True)] == faults


@pytest.mark.slow
@pytest.mark.parametrize("example", ["clinic", "survey", "visit-survey", "whitening", "bulk"])
def test_the_examples_do_what_their_files_expect(example: str) -> None:
    """The files are part of the examples, and people copy them."""
    project = read_project(ROOT / "examples" / example, None)
    assert project.problems == []
    assert project.simulations
    for source in project.simulations.values():
        document = project.flows[source.parsed.file.flow].parsed
        for index, case in enumerate(source.parsed.file.cases):
            verdict = run_case(source.parsed, index, document.flow, project.prompts, case.contact)
            assert verdict.differences == (), case.name


SPOKEN = FLOW.replace(
    "opt_out: {confirm", "opt_out: {phrases: {en: [stop calling], zh-CN: [不要再打]}, confirm"
).replace('keys: {"1": yes, "2": no}', 'keys: {"1": yes, "2": no}, speech: {yes: {en: ["yes"], zh-CN: [是的]}}')


@pytest.mark.parametrize(
    ("said", "language", "answer"), [("'\"yes\"'", "en", "yes"), ("是的", "zh-CN", "yes"), ("not at all", "en", None)]
)
def test_words_are_inputs_of_a_flow_that_listens(said: str, language: str, answer: str | None) -> None:
    listening = parse_flow(SPOKEN, "flows/checkup.yaml")
    expected = f"{{answers: {{answer: {answer or 'null'}}}}}"
    text = f"    language: {language}\n    input: [listen, {said}]\n    expect: {expected}"
    source = parse_cases(f"flow: checkup\ncases:\n  - name: x\n{text}", "simulations/s.yaml")
    assert check_cases(source, {"checkup": listening}, PROMPTS) == []
    assert run_case(source, 0, listening.flow, PROMPTS, {}).differences == ()
    (problem,) = check_cases(source, {"checkup": flow()}, PROMPTS)
    assert (problem.rule, problem.line, problem.column) == ("simulation/input", 5, 21)


def test_one_latin_word_without_quotes_is_a_misspelt_command() -> None:
    with pytest.raises(AuthorError, match=r"\"lisen\" is not an input; write keys .*, or '\"words\"'"):
        parse_cases("flow: x\ncases:\n  - {name: x, input: [lisen], expect: {opted_out: true}}", "s.yaml")


def test_the_time_that_a_call_back_was_promised_for_is_an_answer() -> None:
    """``call_back`` saves it without a ``save`` of the author's."""
    text = """\
flow: later
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: ask
nodes:
  ask:
    - call_back: {prompt: when, offer: [{tomorrow_at: "10:00"}]}
    - hangup
"""
    later = parse_flow(text, "flows/later.yaml")
    case = 'name: x, now: "2026-03-03 10:30", input: ["1"], expect: {answers: {call_back: "2026-03-04T10:00"}}'
    source = parse_cases(f"flow: later\ncases:\n  - {{{case}}}\n", "simulations/s.yaml")
    assert check_cases(source, {"later": later}, PROMPTS) == []
    assert run_case(source, 0, later.flow, PROMPTS, {}).differences == ()


AGAIN = """\
flow: again
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: ask
nodes:
  ask:
    - gather: {prompt: ask, keys: {"1": yes}, attempts: 1}
      on: {yes: done, no_input: silent}
  silent:
    - call_back: {in: 3h, today_only: true}
    - goto: done
  done:
    - hangup
"""


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ('input: ["1"], expect: {disposition: completed}', None),
        ('input: ["1"], expect: {disposition: null}', None),
        ("input: [hangup], expect: {disposition: completed}", 'expected "completed", the call gave "hung_up"'),
        ('now: "2026-03-03 10:00", input: [], expect: {disposition: call_back}', None),
        ('now: "2026-03-03 21:05", input: [], expect: {disposition: not_called_back}', None),
        (
            "input: [], expect: {disposition: call_back}",
            'expected "call_back", the call gave "completed"; call_back: no time is known; give --now or now:',
        ),
    ],
)
def test_a_disposition_is_that_of_a_real_call(case: str, expected: str | None) -> None:
    """Whoever ended a call without one is told, and why a call-back came to nothing."""
    again = parse_flow(AGAIN, "flows/again.yaml")
    source = parse_cases(f"flow: again\ncases:\n  - {{name: x, {case}}}\n", "simulations/s.yaml")
    found = [d.message for d in run_case(source, 0, again.flow, PROMPTS, {}).differences]
    assert found == ([] if expected is None else [f"disposition: {expected}"])


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (None, "call_back: no time is known; give --now or now:"),
        (dt.datetime(2026, 3, 3, 21, 5, tzinfo=dt.UTC), "does not call back at 2026-03-04 00:05 (their time): "),
        (
            dt.datetime(2026, 3, 3, 20, 5, tzinfo=dt.UTC),
            "calls back at 2026-03-03 23:05 (their time), if the rules allow it ",
        ),
    ],
)
def test_what_becomes_of_a_call_back_is_told(now: dt.datetime | None, told: str) -> None:
    simulation = Simulation(parse_flow(AGAIN, "flows/again.yaml").flow, PROMPTS, {}, None, now)
    lines = [*simulation.start(), *simulation.feed("silence")]
    assert [line for line in lines if line.startswith(told)]


@pytest.mark.parametrize(
    ("keys", "told"),
    [('"7#", listen, "1"', False), ('"17", listen, "1"', False), ('"7", silence, "1"', False), ('"7", "1"', True)],
)
def test_an_answer_that_was_not_confirmed_says_how_to_key_it(keys: str, told: bool) -> None:
    """71 is more than the largest: whoever writes 7 and 1 means another thing."""
    ask = "collect: {prompt: ask, kind: number, max: 50, confirm: {prompt: right}, save: locker}"
    head = "flow: f\nlanguages: [en]\nidentify: {business: {en: A}}\nstart: a\nnodes:\n  a:\n"
    text = f"{head}    - {ask}\n    - hangup\n"
    wanted = "17" if "17" in keys else "7"
    case = (
        f'flow: f\ncases:\n  - name: x\n    input: [listen, {keys}]\n    expect: {{answers: {{locker: "{wanted}"}}}}\n'
    )
    verdict = run_case(parse_cases(case, "s.yaml"), 0, parse_flow(text, "f.yaml").flow, {}, {})
    assert [('"7#", listen, "1"' in d.message) for d in verdict.differences] == ([True] if told else [])
