"""The promises of a call that hold for every flow and any order of events."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import (
    Event,
    HungUp,
    KeyDown,
    KeyPressed,
    Listened,
    OptOutStored,
    PromptFinished,
    SpeechStarted,
    TimerFired,
)
from agi_app.flow.engine.session import Session
from agi_app.flow.language.steps import CollectStep
from agi_app.flow.load import parse_flow
from agi_app.flow.syntax.names_and_limits import MAX_STEPS_PER_CALL

FLOW = """\
flow: everything
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", phrases: {zh-CN: [不要再打], en: [stop calling]}, confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather:
        prompt: ask
        keys: {"1": yes, "*": star}
        speech: {yes: {zh-CN: [是的], en: ["yes"]}, star: {zh-CN: [星号], en: [star]}}
        attempts: 3
        save: answer
      on: {yes: number, no_input: notice}
    - say: {value: answer, as: digits}
    - collect: {prompt: number, kind: number, digits: {max: 3}, confirm: {prompt: ask}, attempts: 2, save: code}
      on: {no_match: number}
    - goto: loop
  number:
    - play: notice
    - gather: {prompt: number, digits: {min: 2, max: 4}, save: number}
      on: {no_match: greeting}
    - goto: notice
  notice:
    - play: {prompt: notice, barge_in: false}
    - gather: {prompt: number, digits: {min: 3, max: 3, end_key: null}, barge_in: false}
      on: {entered: loop}
    - set: {disposition: done}
    - hangup
  loop:
    - branch:
        - when: answer == "star"
          goto: spin
    - goto: greeting
  spin:
    - goto: loop
"""


EVERYTHING = parse_flow(FLOW, "everything.yaml").flow


IDS = st.integers(1, 12)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from("0123456789*#").map(KeyPressed),
    st.sampled_from("0123456789*#").map(KeyDown),
    IDS.map(lambda number: PromptFinished(f"p{number}")),
    IDS.map(lambda number: TimerFired(f"t{number}")),
    st.just(OptOutStored()),
    st.just(SpeechStarted()),
    st.builds(Listened, IDS.map(lambda number: f"r{number}"), st.just(Heard("是的", 1.0))),
)
SAID = [
    Heard("是的", 0.9),
    Heard("三月五号", 0.9),
    Heard("天气很好", 0.9),
    Heard("", 0.0, "noise"),
    Heard("", 0.0, "late"),
]
# What keeps a call going: the end of whatever it waits for, mixed with stray events.
MOVES = st.lists(st.one_of(st.just("next"), st.sampled_from(SAID), EVENTS), max_size=40)
Move = Event | Heard | str


class Watched:
    """A session whose every step is checked for what must never happen."""

    def __init__(self) -> None:
        self.session = Session.begin(EVERYTHING, {"a": "b"}, hears=True)
        self.seen: list[do.Command] = []
        self.playback: str | None = None
        self.timer: str | None = None
        self.listening: str | None = None
        self.watch(self.session.start())

    def next_event(self) -> Event:
        if self.playback:
            return PromptFinished(self.playback)
        if self.timer:
            return TimerFired(self.timer)
        return Listened(self.listening, SAID[-1]) if self.listening else OptOutStored()

    def make(self, move: Move) -> None:
        """An event, the next thing that must happen, or words of the person."""
        if isinstance(move, Heard):
            self.say(move)
        else:
            self.send(self.next_event() if isinstance(move, str) else move)

    def say(self, heard: Heard) -> list[do.Command]:
        """The person speaks, and is understood if somebody listens."""
        commands = self.send(SpeechStarted())
        return commands + self.send(Listened(self.listening, heard)) if self.listening else commands

    def send(self, event: Event) -> list[do.Command]:
        self.session = Session.restore(EVERYTHING, json.loads(json.dumps(self.session.state)))
        if isinstance(event, PromptFinished) and event.playback == self.playback:
            self.playback = None
        if isinstance(event, TimerFired) and event.timer == self.timer:
            self.timer = None
        if isinstance(event, Listened) and event.listening == self.listening:
            self.listening = None
        over = self.session.finished
        commands = self.session.handle(event)
        assert not (over and commands), "nothing comes after the end"
        self.watch(commands)
        return commands

    def watch(self, commands: list[do.Command]) -> None:
        for command in commands:
            stopped = any(isinstance(earlier, do.StoreOptOut) for earlier in self.seen)
            confirm = isinstance(command, do.PlayPrompt) and command.prompt == "stopped"
            assert not stopped or confirm or isinstance(command, do.Hangup), f"{command} after the opt-out"
            match command:
                case do.PlayPrompt() | do.SayPieces():
                    assert self.playback is None, "two playbacks at a time"
                    self.playback = command.playback
                case do.StopPlayback():
                    assert self.playback == command.playback
                    self.playback = None
                case do.StartTimer():
                    assert self.timer is None, "two timers at a time"
                    self.timer = command.timer
                case do.CancelTimer():
                    assert self.timer == command.timer
                    self.timer = None
                case do.StartListening():
                    assert self.listening is None, "two listenings at a time"
                    self.listening = command.listening
                case do.StopListening():
                    assert self.listening == command.listening
                    self.listening = None
                case _:
                    pass
            self.seen.append(command)
        if not self.session.finished:
            waits = (
                self.playback or self.timer or self.listening or any(isinstance(c, do.StoreOptOut) for c in self.seen)
            )
            assert waits, "a call that waits for nothing would never end"


@given(MOVES)
def test_no_order_of_events_breaks_a_call(moves: list[Move]) -> None:
    """One playback and one timer at most, nothing after an opt-out but confirm and hangup, nothing after the end."""
    call = Watched()
    for move in moves:
        call.make(move)


@given(MOVES)
def test_every_call_ends(moves: list[Move]) -> None:
    """From wherever a call stands, letting prompts and timers end leads to the hangup."""
    call = Watched()
    for move in moves:
        call.make(move)
    for _ in range(10 * MAX_STEPS_PER_CALL):
        if call.session.finished:
            break
        call.send(call.next_event())
    assert call.session.finished
    assert isinstance(call.seen[-1], do.Hangup)
    assert call.session.steps <= MAX_STEPS_PER_CALL + 1


@given(MOVES)
def test_star_nine_always_stops(moves: list[Move]) -> None:
    """At any moment of an unfinished call * and the opt-out key store the stop, once."""
    call = Watched()
    for move in moves:
        call.make(move)
    call.send(KeyPressed("*"))
    still_on_the_line = not call.session.finished  # in one menu of this flow * is an answer that may end the call
    call.send(KeyPressed("9"))
    assert call.session.opted_out or not still_on_the_line
    stores = [command for command in call.seen if isinstance(command, do.StoreOptOut)]
    assert len(stores) == int(call.session.disposition == "opted_out")


@given(MOVES)
def test_a_nine_that_goes_down_stops_wherever_a_nine_stops_and_its_release_adds_nothing(moves: list[Move]) -> None:
    """Whoever hangs up with the key still down has said stop; a digit is no stop, whether it is released or not."""
    call = Watched()
    for move in moves:
        call.make(move)
    stops, over = call.session.means_stop("9"), call.session.finished or call.session.opted_out
    down = call.send(KeyDown("9"))
    assert (do.StoreOptOut("key") in down) == (stops and not over)
    if stops and not over:
        assert call.send(KeyPressed("9")) == []


@given(MOVES, st.sampled_from("012345678#"))
def test_other_keys_do_nothing_while_they_go_down(moves: list[Move], key: str) -> None:
    call = Watched()
    for move in moves:
        call.make(move)
    assert call.send(KeyDown(key)) == []


def test_star_and_a_held_nine_stop_among_digits_whatever_was_heard_of_the_star() -> None:
    """Begins come over one connection and releases over another, so either of the star's may be there first."""
    stars: list[list[Event]] = [[KeyDown("*")], [KeyPressed("*")], [KeyDown("*"), KeyPressed("*")]]
    for star in stars:
        session = Session.begin(parse_flow(FLOW.replace("start: greeting", "start: number"), "x.yaml").flow, {})
        session.start()
        session.handle(PromptFinished("p1"))
        for event in star:
            session.handle(event)
        assert do.StoreOptOut("key") in session.handle(KeyDown("9"))


def test_a_star_before_another_digit_does_not_make_a_nine_a_stop() -> None:
    session = Session.begin(parse_flow(FLOW.replace("start: greeting", "start: number"), "x.yaml").flow, {})
    session.start()
    session.handle(PromptFinished("p1"))
    for key in "*5":
        session.handle(KeyDown(key))
        session.handle(KeyPressed(key))
    assert session.handle(KeyDown("9")) == []


@given(MOVES)
def test_nine_alone_stops_unless_digits_are_typed(moves: list[Move]) -> None:
    """In every prompt and menu one key is enough."""
    call = Watched()
    for move in moves:
        call.make(move)
    state = call.session.state
    step = EVERYTHING.nodes[state["node"]][state["step"]]
    typing = getattr(getattr(step, "gather", None), "digits", None) is not None
    typing = typing or (isinstance(step, CollectStep) and state["pending"] is None)
    if not (call.session.finished or call.session.opted_out or typing):
        assert call.send(KeyPressed("9"))[-1] == do.StoreOptOut("key")


@given(MOVES)
def test_a_spoken_stop_counts_at_any_moment(moves: list[Move]) -> None:
    """In every prompt, also without barge-in, and in every question, also for keys."""
    call = Watched()
    for move in moves:
        call.make(move)
    if not (call.session.finished or call.session.opted_out):
        assert call.say(Heard("不要再打了", 0.9))[-1] == do.StoreOptOut("speech")


@given(MOVES)
def test_a_hangup_is_the_end_at_any_moment(moves: list[Move]) -> None:
    """After HungUp no event has an effect."""
    call = Watched()
    for move in moves:
        call.make(move)
    assert call.send(HungUp()) == []
    assert call.session.finished


def test_a_stop_before_the_call_is_started_is_taken() -> None:
    """The key may be faster than our first prompt; then no prompt is played at all."""
    session = Session.begin(EVERYTHING, {})
    assert session.handle(KeyPressed("9")) == [do.SetDisposition("opted_out"), do.StoreOptOut("key")]
    assert session.start() == []
    assert session.handle(OptOutStored()) == [do.PlayPrompt("p1", "stopped", "zh-CN")]


def test_starting_twice_has_no_effect() -> None:
    """A repeated answer event must not play the greeting twice."""
    session = Session.begin(EVERYTHING, {})
    assert session.start() == [do.PlayPrompt("p1", "greeting", "zh-CN")]
    assert session.start() == []


def test_another_opt_out_key() -> None:
    """The key of the flow counts, not the 9."""
    other = parse_flow(FLOW.replace('key: "9"', 'key: "0"'), "f.yaml").flow
    session = Session.begin(other, {})
    session.start()
    assert session.handle(KeyPressed("9")) == []
    assert session.handle(KeyPressed("0"))[-1] == do.StoreOptOut("key")


def test_the_language_is_chosen_from_the_argument_then_the_contact_then_the_flow() -> None:
    """Unknown languages fall back to the first listed."""
    chosen = [
        Session.begin(EVERYTHING, {"language": column}, wanted).state["language"]
        for column, wanted in [("en", None), ("EN_us", None), ("zh", None), ("fr", None), ("en", "zh-CN"), ("", None)]
    ]
    assert chosen == ["en", "en", "zh-CN", "zh-CN", "zh-CN", "zh-CN"]
