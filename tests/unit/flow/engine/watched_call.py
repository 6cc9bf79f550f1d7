"""A flow with everything in it, what may happen in a call, and a session whose every step is watched."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import (
    Event,
    KeyDown,
    KeyPressed,
    Listened,
    OptOutStored,
    PromptFinished,
    SpeechStarted,
    TimerFired,
)
from agi_app.flow.engine.session import Session
from agi_app.flow.load import parse_flow

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
