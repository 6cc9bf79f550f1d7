"""Talk to a flow in a terminal: what the called person would hear, and what would be stored.

Nothing here waits or prints; the command line reads the lines and shows the answers. Time
stands still: a prompt plays until it is listened to, a key or a hang-up comes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agi_app.flow.answers import recognition as speech
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.engine.commands import (
    Command,
    EndRecording,
    NoTimeKnown,
    PlayPrompt,
    SayPieces,
    StartListening,
    StartTimer,
    StartTransfer,
    StoreOptOut,
    StoreStop,
    StoreWrongNumber,
)
from agi_app.flow.engine.events import (
    Event,
    HungUp,
    KeyDown,
    KeyPressed,
    Listened,
    OptOutStored,
    PromptFinished,
    Recorded,
    SpeechStarted,
    StopStored,
    TimerFired,
    TransferEnded,
)
from agi_app.flow.engine.say_texts import unsaid_columns
from agi_app.flow.engine.session import Session, meant_by_its_end
from agi_app.flow.engine.state import Caller
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.transfer_step import RESULTS
from agi_app.flow.saying.numbers_and_dates import words
from agi_app.flow.simulation.inputs import HELP, KEYS, QUOTES, help_for, instead
from agi_app.flow.simulation.shown_lines import told, told_event
from agi_app.flow.syntax.names_and_limits import CALLER_COLUMN, DONE, EMPTY, RECORDED, SHOWN, WITHHELD
from agi_app.messages import spoken, t


@dataclass(frozen=True, slots=True)
class PlayedPrompt:
    """One prompt that began to play: its name, what it says, and in which language."""

    prompt: str
    text: str
    language: str


class Simulation:
    """One simulated call; ``start()``, then ``feed(line)`` until ``finished``."""

    def __init__(
        self,
        flow: Flow,
        prompts: Prompts,
        contact: Mapping[str, str],
        language: str | None = None,
        now: dt.datetime | None = None,
        region: str | None = None,
    ) -> None:
        """``now``: the time where the person is. A line is called from a number, unless the column ``caller`` says
        ``withheld``; keyed numbers are read as those of ``region``.
        """
        caller = None
        if flow.is_line:
            contact = {CALLER_COLUMN: SHOWN, **contact}
            caller = Caller(contact[CALLER_COLUMN] != WITHHELD, region)
        self.session = Session.begin(flow, contact, language, now, hears=True, caller=caller)
        self._unread = tuple(unsaid_columns(flow, self.session.state["language"], contact))
        self._listens, self.help = flow.listens, help_for(flow)
        self._prompts, self._flow = prompts, flow.flow
        self._hung_up = self._more_keys = False
        self.heard: list[PlayedPrompt] = []
        self.not_understood = False  # an input was none
        self.no_time = False  # a call_back would have needed one

    @property
    def finished(self) -> bool:
        """The call is over."""
        return self.session.finished

    @property
    def disposition(self) -> str:
        """What a real call would report once it is over: as the flow set it, else by who ended the call."""
        return self.session.disposition or meant_by_its_end(ended_by_flow=self.finished and not self._hung_up)

    @property
    def playing(self) -> bool:
        """A prompt is being played; otherwise the flow waits for a key."""
        return self.session.state["playback"] is not None

    @property
    def place(self) -> tuple[str, str]:
        """The flow and the node that the call has come to."""
        state = self.session.state
        return state["flow"] or self._flow, state["node"]

    def start(self) -> list[str]:
        """The person answers."""
        return [*self._unread, *self._carry_out(self.session.start())]

    def feed(self, line: str) -> list[str]:
        """One line of input (see ``HELP``); an unknown one is explained and changes nothing."""
        if self.finished:
            return []
        word, waits = line.strip().lower(), self.session.state
        keys = word.removeprefix("keys ").removeprefix("key ").replace(" ", "")
        match word:
            case "" | "listen":
                return self._send(*self._next_event())
            case "silence":
                return self._silence()
            case "hangup" | "hang up":
                kept = self._end_recording() if waits["recording"] else []  # as in a call
                self._hung_up = not self.finished
                return [*kept, *self._send(HungUp()), t("the person hangs up")]
            case _ if word in RESULTS and waits["transfer"]:
                return self._send(TransferEnded(waits["transfer"], word))
            case _ if re.fullmatch(KEYS, keys):
                return self._press_all(keys)
            case _ if waits["recording"]:
                return self._end_recording()
            case _ if self._listens:
                return self._say(line.strip())
        self.not_understood = True
        return [
            t(
                "not understood: {line!r}{instead}. {help}",
                line=line.strip(),
                instead=instead(line.strip()),
                help=spoken(HELP),
            )
        ]

    def _say(self, said: str) -> list[str]:
        """The person speaks: what plays is broken off, and the words are understood without a doubt."""
        shown = self._send(SpeechStarted())
        said, listening = said.strip(QUOTES), self.session.state["listening"]
        if listening is None:
            return [*shown, t("nobody listens now")]
        why = self.session.why_not(said)
        return [*shown, *([why] if why else []), *self._send(Listened(listening, speech.Heard(said, 1.0)))]

    def _end_recording(self) -> list[str]:
        return self._send(Recorded(self.session.state["recording"], RECORDED))

    def _press_all(self, keys: str) -> list[str]:
        """One after the other, quickly: the lines have the wait after the last one only."""
        shown: list[str] = []
        for index, key in enumerate(keys):
            self._more_keys = index + 1 < len(keys)
            shown += self._press(key)
        self._more_keys = False
        return shown

    def _press(self, key: str) -> list[str]:
        """As on the line: the key goes down, where a stop counts, and then up, where an answer does."""
        if self.finished:
            return []
        before = self.session.state
        shown = self._send(KeyDown(key), KeyPressed(key))
        after = self.session.state
        if shown or after["digits"] != before["digits"] or key == "*":
            return shown
        if after["early"] != before["early"]:
            return [t("key {key} is kept for the next question", key=key)]
        return [
            t("key {key} is not taken while this plays", key=key)
            if self.playing
            else t("key {key} means nothing here", key=key)
        ]

    def _silence(self) -> list[str]:
        shown = self._send(*self._next_event()) if self.playing else []
        return shown if self.playing or self.finished else [*shown, *self._send(*self._next_event())]

    def _next_event(self) -> list[Event]:
        waits = self.session.state
        if waits["playback"]:
            return [PromptFinished(waits["playback"])]
        if waits["transfer"]:
            return [TransferEnded(waits["transfer"], DONE)]
        if waits["recording"]:
            return [Recorded(waits["recording"], EMPTY)]
        return [TimerFired(waits["timer"])] if waits["timer"] else []

    def _send(self, *events: Event) -> list[str]:
        shown: list[str] = []
        for event in events:
            if isinstance(event, Recorded):
                shown.append(t("the message is kept") if event.result == RECORDED else t("nothing was said"))
            elif isinstance(event, TransferEnded | TimerFired):
                shown += told_event(event)
            shown += self._carry_out(self.session.handle(event))
        return shown

    def _carry_out(self, commands: Iterable[Command]) -> list[str]:
        return [line for command in commands for line in self._carry_out_one(command)]

    def _carry_out_one(self, command: Command) -> list[str]:
        lines = told(command, self._prompts)
        match command:
            case StartTimer() if self._more_keys:
                lines = []  # the key that follows starts it again
            case StartTimer(_, seconds) if self.session.state["digits"]:
                lines = [t("waits {seconds:g} s for the next key", seconds=seconds)]
            case PlayPrompt(_, prompt, language):
                self.heard.append(PlayedPrompt(prompt, transcript_of(self._prompts, language, prompt), language))
            case SayPieces(_, parts, language):
                self.heard.append(PlayedPrompt("say", words(parts, language), language))
            case StartTransfer():
                lines = [f"{lines[0]} ({', '.join(RESULTS)})"]
            case StartListening(waits=waits):
                lines += [] if waits is None else [t("listens to what is said")]
            case EndRecording():
                lines += self._end_recording()
            case NoTimeKnown():
                self.no_time = True
            case StoreStop() | StoreWrongNumber():
                lines += self._carry_out(self.session.handle(StopStored()))
            case StoreOptOut():
                lines += self._carry_out(self.session.handle(OptOutStored()))
        return lines
