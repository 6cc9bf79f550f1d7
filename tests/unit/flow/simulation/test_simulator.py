"""The simulator shows what the called person hears and what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest

from agi_app.flow.check.prompt_facts import PromptFacts
from agi_app.flow.engine.commands import PlayPrompt, StoreOptOut
from agi_app.flow.engine.events import Event, KeyDown, KeyPressed, OptOutStored, PromptFinished, TimerFired
from agi_app.flow.engine.session import Session
from agi_app.flow.load import load_flow
from agi_app.flow.simulation.simulator import Simulation

FLOW = """\
flow: checkup
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": yes}, attempts: 2, save: answer}
      on: {yes: number, no_input: bye}
  number:
    - gather: {prompt: number, digits: {min: 2, max: 4}, save: number}
    - goto: bye
  bye:
    - set: {disposition: done}
    - hangup
"""
PROMPTS = {
    ("en", "greeting"): PromptFacts(True, "Hello from\nSunshine Dental."),
    ("en", "ask"): PromptFacts(True, "One?"),
}


def play_script(simulation: Simulation, inputs: Iterable[str]) -> list[str]:
    """A whole call as a transcript: each input line as ``> line``, then what happens."""
    lines = simulation.start()
    for line in inputs:
        if simulation.finished:
            lines.append(f"> {line}    (not used: the call is over)")
            continue
        lines += [f"> {line}", *simulation.feed(line)]
    return lines


def script(*inputs: str) -> list[str]:
    return play_script(Simulation(load_flow(FLOW, "f.yaml"), PROMPTS, {}), inputs)


def test_the_time_of_the_call_decides() -> None:
    """``now`` is the time where the person is; each event may bring a later one."""
    text = FLOW.replace(
        "    - play: greeting\n", '    - branch: [{when: now.time >= "17:00", goto: bye}]\n    - play: greeting\n'
    )
    flow = load_flow(text, "f.yaml")
    late, early = (dt.datetime(2026, 3, 31, hour, 0, tzinfo=dt.UTC) for hour in (17, 16))
    assert play_script(Simulation(flow, PROMPTS, {}, None, late), []) == ["disposition done", "hangs up (hangup)"]
    assert play_script(Simulation(flow, PROMPTS, {}, None, early), []) == [
        "plays greeting (en): Hello from Sunshine Dental."
    ]


def test_a_whole_call() -> None:
    """Transcripts are read out; keys may be typed several at a time."""
    assert script("listen", "1", "123#", "1") == [
        "plays greeting (en): Hello from Sunshine Dental.",
        "> listen",
        "plays ask (en): One?",
        "> 1",
        "the prompt stops",
        "saves answer = yes",
        "plays number (en): (no transcript)",
        "> 123#",
        "the prompt stops",
        "saves number = 123",
        "disposition done",
        "hangs up (hangup)",
        "> 1    (not used: the call is over)",
    ]


def test_keys_in_a_row_are_keyed_quickly_and_only_the_wait_after_the_last_is_told() -> None:
    """As in a call each key starts the time again; who keys on never waits so long."""
    assert script("listen", "1", "12", "3", "4")[7:] == [
        "> 12",
        "the prompt stops",
        "waits 5 s for the next key",
        "> 3",
        "waits 5 s for the next key",
        "> 4",
        "saves number = 1234",
        "disposition done",
        "hangs up (hangup)",
    ]


TWO_AHEAD = FLOW.replace("    - play: greeting\n", "    - play: greeting\n    - play: notice\n")


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("keys", ["1", "11", "17", "71", "9", "*9", "11234"])
def test_keys_before_a_question_do_what_they_do_on_the_line(keys: str, early: bool) -> None:
    """The line's keys go down and up, each; what the prompts between say is heard to its end."""
    text = TWO_AHEAD if early else TWO_AHEAD.replace("attempts: 2,", "attempts: 2, early: false,")
    simulation = Simulation(load_flow(text, "f.yaml"), PROMPTS, {})
    simulation.start()
    simulation.feed(keys)
    line = Session.begin(load_flow(text, "f.yaml"), {}, hears=True)
    played = [c.prompt for c in line.start() if isinstance(c, PlayPrompt)]

    def happens(event: Event) -> None:
        for command in line.handle(event):
            played.extend([command.prompt] if isinstance(command, PlayPrompt) else [])
            if isinstance(command, StoreOptOut):
                happens(OptOutStored())

    for key in keys:
        happens(KeyDown(key))
        happens(KeyPressed(key))
    for _ in range(10):
        assert [heard.prompt for heard in simulation.heard] == played
        assert simulation.session.state == line.state
        simulation.feed("listen")
        if (playing := line.state["playback"]) is not None:
            happens(PromptFinished(playing))
        elif (timer := line.state["timer"]) is not None:
            happens(TimerFired(timer))
    assert simulation.finished
    assert line.finished
    assert ("notice" in played) is ("9" not in keys)


def test_an_opt_out_is_stored_and_confirmed() -> None:
    """The simulator plays the part of the store."""
    assert script("key 9", "")[2:] == [
        "the prompt stops",
        "disposition opted_out",
        "stores the stop: this person is never called again",
        "plays stopped (en): (no transcript)",
        "> ",
        "hangs up (opted_out)",
    ]


def test_silence_waits_until_the_time_is_up() -> None:
    """A gather's prompt and its timer are one input; every attempt is shown."""
    assert script("", "silence", "silence")[3:] == [
        "> silence",
        "waits 5 s for a key",
        "silence",
        "plays ask (en): One?",
        "> silence",
        "waits 5 s for a key",
        "silence",
        "disposition done",
        "hangs up (hangup)",
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("5", "key 5 is not taken while this plays"),
        ("dance", "not understood: 'dance'. Enter or listen"),
        ("hangup", "the person hangs up"),
    ],
)
def test_inputs_without_an_answer_of_the_flow_are_explained(line: str, answer: str) -> None:
    """Nobody wonders whether an input was seen."""
    assert script(line)[2].startswith(answer)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("1,2", "; one input each: --input 1 --input 2. "),
        ("listen,1", "; one input each: --input listen --input 1. "),
        ("listen 1", "; one input each: --input listen --input 1. "),
        ("听，按1", "; one input each: --input listen --input 1. "),
        ("hang up, 1", "; one input each: --input hangup --input 1. "),
        ("listen, dance", ". "),
        ("1，2", "; one input each: --input 1 --input 2. "),
        ("１", "; １ (U+FF11) is full-width; type the ASCII 1. "),
        ("dance", ". "),
    ],
)
def test_what_is_no_input_is_remembered_with_what_to_write(line: str, instead: str) -> None:
    """The command ends with 1 then: the call was not the one that was meant."""
    simulation = Simulation(load_flow(FLOW, "f.yaml"), PROMPTS, {})
    simulation.start()
    assert not simulation.not_understood
    (told,) = simulation.feed(line)
    assert told.startswith(f"not understood: {line!r}{instead}")
    assert simulation.not_understood


SPOKEN = """\
flow: survey
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {phrases: {en: [stop calling]}, confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": happy}, speech: {happy: {en: [very happy]}}, attempts: 2, save: answer}
      on: {happy: bye, no_input: bye}
  bye:
    - hangup
"""


def said(*inputs: str) -> list[str]:
    return play_script(Simulation(load_flow(SPOKEN, "f.yaml"), PROMPTS, {}), inputs)


def test_words_are_said_and_break_the_prompt_off() -> None:
    """Words that are no answer bring the prompt again; in quotes a command is only a word."""
    assert said("what is it", "listen", '"listen"', "listen", "very happy") == [
        "plays greeting (en): Hello from Sunshine Dental.",
        "> what is it",
        "the prompt stops",
        "no answer: not understood: “what is it”",
        "plays greeting (en): Hello from Sunshine Dental.",
        "> listen",
        "plays ask (en): One?",
        '> "listen"',
        "the prompt stops",
        "no answer: not understood: “listen”",
        "plays ask (en): One?",
        "> listen",
        "waits 5 s for a key",
        "listens to what is said",
        "> very happy",
        "saves answer = happy",
        "hangs up (hangup)",
    ]


def test_a_spoken_stop_is_stored_at_any_moment() -> None:
    assert said("stop calling", "listen")[1:] == [
        "> stop calling",
        "the prompt stops",
        "disposition opted_out",
        "stores the stop: this person is never called again",
        "plays stopped (en): (no transcript)",
        "> listen",
        "hangs up (opted_out)",
    ]


def test_a_flow_of_keys_alone_understands_no_words() -> None:
    """There the words are explained, as they always were."""
    (line,) = script("very happy")[2:]
    assert line.startswith("not understood: 'very happy'")


def test_it_shows_from_where_to_where_the_call_is_recorded() -> None:
    text = FLOW.replace("    - gather: {prompt: ask", "    - record: {call: true}\n    - gather: {prompt: ask")
    text = text.replace("  bye:\n", "  bye:\n    - record: {call: false}\n")
    shown = play_script(Simulation(load_flow(text, "f.yaml"), PROMPTS, {}), ["listen", "silence", "silence"])
    assert shown[2:4] == ["records the call from here on", "plays ask (en): One?"]
    assert shown[-3:] == ["records the call no longer", "disposition done", "hangs up (hangup)"]


@pytest.mark.parametrize(("visit", "told"), [("9 March", True), ("2026-03-09", False), ("", False)])
def test_a_column_that_cannot_be_read_as_its_kind_is_told(visit: str, told: bool) -> None:
    say = "    - say: {value: contact.visit, as: date}\n      on: {empty: bye}\n"
    flow = load_flow(FLOW.replace("    - play: greeting\n", say), "f.yaml")
    shown = Simulation(flow, PROMPTS, {"visit": visit}).start()
    words = "write it like 2026-03-05; it is not said, and the call goes to bye (empty)"
    assert (f"contact.visit: '9 March': not a date; {words}" in shown) is told


@pytest.mark.parametrize(
    ("contact", "known"), [({}, ""), ({"tiem": "10:15"}, " (known are tiem)"), ({"time": "10:15"}, None)]
)
def test_a_column_without_which_nobody_is_called_is_told(contact: dict[str, str], known: str | None) -> None:
    flow = load_flow(
        FLOW.replace("    - play: greeting\n", '    - say: {text: {en: "At {contact.time}."}}\n'), "f.yaml"
    )
    lines = [line for line in Simulation(flow, PROMPTS, contact).start() if "has no value" in line]
    what = "it is not said here, and a campaign calls nobody without it; try --field time=VALUE"
    assert lines == ([] if known is None else [f"contact.time has no value{known}: {what}"])
