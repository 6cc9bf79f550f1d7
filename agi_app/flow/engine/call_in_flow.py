"""A call in its flow: the step it has come to, the ways on from there, and what it waits for.

Every subject of the engine is a module of functions that take this, change it and return commands. A call waits for
at most one playback, timer, listening, transfer and recording, each with an id used once. One that waits for nothing
is ``running``; then ``run_steps`` goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agi_app.flow.engine import commands as do
from agi_app.flow.engine.state import Phase, SessionState
from agi_app.flow.language.asking_steps import (
    AskStep,
    CallBackStep,
    Collect,
    CollectStep,
    Gather,
    GatherStep,
    LanguageStep,
    StopNumberStep,
)
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.language.steps import AnyStep
from agi_app.flow.saying.spoken_parts import Part
from agi_app.flow.syntax.names_and_limits import FLOW_LIMIT


@dataclass(frozen=True, slots=True)
class Walked:
    """A step that was left: where it stands, its outcome, if it has ways, and the node gone to; None: the next step."""

    flow: str | None  # None: the one that the call began with
    node: str
    step: int
    outcome: str | None
    target: str | None


class CallInFlow(SessionState):
    """The state of a call, with the flow that it began with."""

    __slots__ = ("first_flow", "walked")

    def __init__(self, first_flow: Flow, /, **state: Any) -> None:
        super().__init__(**state)
        self.first_flow = first_flow  # key and confirmation of the opt-out are its own everywhere
        self.walked: list[Walked] = []  # since it was restored

    @property
    def here(self) -> Flow:
        """The flow whose steps run now."""
        return self.first_flow if self.flow is None else self.first_flow.parts[self.flow]

    def current(self, ahead: int = 0) -> AnyStep | None:
        """The step the call has come to, or one behind it; None: the node has no more."""
        steps, index = self.here.nodes[self.node], self.step + ahead
        return steps[index] if index < len(steps) else None

    def question(self) -> Gather | None:
        """What the person is being asked now, if the step asks."""
        step = self.current()
        if isinstance(step, CollectStep | StopNumberStep) and self.pending is not None:
            return collect_of(step).confirmation
        return first_question(step) if isinstance(step, AskStep) else None

    # ---- on to another step; nothing else is to be done for that

    def go_on(self, node: str | None = None, outcome: str | None = None) -> list[do.Command]:
        """Run on, from the beginning of ``node``; None is the next step here."""
        self.phase = "running"
        self.walked.append(Walked(self.flow, self.node, self.step, outcome, node))
        self.node, self.step = (self.node, self.step + 1) if node is None else (node, 0)
        return []

    def leave(self, outcome: str) -> list[do.Command]:
        """Run on, the way that the step has for the outcome."""
        step, self.pending = self.current(), None
        return self.go_on(step.way(outcome) if isinstance(step, StepWithWays) else None, outcome)

    def skip_prompt(self) -> None:
        """To the question that is the very next step, which has been answered already."""
        self.step += 1
        self.steps_done += 1
        self.attempt, self.digits, self.pending, self.early = 1, "", None, ""

    def save(self, name: str, value: str) -> list[do.Command]:
        """Keep an answer, for the flow as a variable and for the reports."""
        self.variables[name] = self.answers[name] = value
        return [do.SaveAnswer(name, value)]

    # ---- waiting

    def play(self, phase: Phase, prompt: str) -> list[do.Command]:
        """Play a prompt and wait for its end."""
        self.phase, self.playback = phase, self.new_id("p")
        return [do.PlayPrompt(self.playback, prompt, self.language)]

    def say(self, phase: Phase, parts: tuple[Part, ...]) -> list[do.Command]:
        """Say the parts and wait for the end."""
        self.phase, self.playback = phase, self.new_id("p")
        return [do.SayPieces(self.playback, parts, self.language)]

    def hush(self) -> list[do.Command]:
        """Stop what plays and what counts, if anything does; their late events are stale from now on."""
        commands: list[do.Command] = [do.StopPlayback(self.playback)] if self.playback else []
        commands += [do.CancelTimer(self.timer)] if self.timer else []
        self.playback = self.timer = self.broken = None
        return commands

    def stop(self) -> list[do.Command]:
        """Stop everything: what plays and counts, a transfer, listening to what is said, and recording it."""
        commands = self.hush()
        commands += [do.StopTransfer(self.transfer)] if self.transfer else []
        commands += [do.StopListening(self.listening)] if self.listening else []
        commands += [do.DropRecording(self.recording)] if self.recording else []
        self.transfer = self.listening = self.recording = None
        return commands

    # ---- the end

    def end(self, reason: str) -> list[do.Command]:
        """Stop everything and hang up."""
        commands = [*self.stop(), do.Hangup(reason)]
        self.phase = "done"
        return commands

    def end_at_limit(self) -> list[do.Command]:
        """Too many steps, or flows too deep in each other: without this a call might never end."""
        self.disposition = FLOW_LIMIT
        return [do.SetDisposition(FLOW_LIMIT), *self.end(FLOW_LIMIT)]


def first_question(step: AskStep) -> Gather:
    """What a step asks first."""
    match step:
        case GatherStep():
            return step.gather
        case CollectStep() | StopNumberStep():
            return collect_of(step).entry
        case CallBackStep():
            return step.call_back.question
        case LanguageStep():
            return step.language.question


def collect_of(step: CollectStep | StopNumberStep) -> Collect:
    """What a step collects and reads back."""
    return step.collect if isinstance(step, CollectStep) else step.stop_number.collect
