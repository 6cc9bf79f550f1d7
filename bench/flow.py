"""What a step of a flow costs in CPU: whole calls of the examples, played through again and again without a telephone.

The flow engine is pure, so a call is a list of events. Each is found once by asking the flow where it stands; then the
same events are timed, with nothing else between them. What a spoken answer means is measured beside it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agi_app.campaigns.project.read_project import read_project
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import commands as cmd
from agi_app.flow.engine.events import (
    Event,
    KeyPressed,
    Listened,
    OptOutStored,
    PromptFinished,
    Recorded,
    TimerFired,
    TransferEnded,
)
from agi_app.flow.engine.session import Session
from agi_app.flow.language.definition import Flow
from agi_app.flow.syntax.names_and_limits import DONE, RECORDED
from bench.output import machine, say

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PROJECTS = ("clinic", "survey", "visit-survey", "whitening", "bulk")
NOW = dt.datetime(2026, 3, 3, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CONTACT = {"name": "王芳", "amount": "120.50", "visit": "cleaning", "date": "2026-03-09", "time": "15:30"}
MOST_US = 50.0
STEPS = 20_000  # of each flow, about
SAID = {"zh-CN": ("是的", "我考虑一下", "嗯我打九分吧"), "en": ("yes please", "maybe another day", "not interested")}


def run() -> dict[str, Any]:
    """One run."""
    before = machine()
    steps: dict[str, float] = {}
    answers: list[float] = []
    for name, flow in _flows():
        script = _script(flow)
        count = _replay(flow, script)
        rounds = max(1, STEPS // count)
        began = time.process_time()
        for _ in range(rounds):
            _replay(flow, script)
        steps[name] = round((time.process_time() - began) * 1e6 / rounds / count, 1)
        answers += _answers(flow)
    return {
        "bench": "flow",
        **before,
        "load_after": machine()["load"],
        "step_us": steps,
        "worst_step_us": max(steps.values()),
        "spoken_answer_us": round(sum(answers) / len(answers), 1) if answers else None,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    worst = record["worst_step_us"]
    return [f"{worst} µs of CPU for a step, more than {MOST_US:g}"] if worst > MOST_US else []


def _flows() -> Iterator[tuple[str, Flow]]:
    for name in PROJECTS:
        for flow, found in read_project(EXAMPLES / name, None).flows.items():
            if not found.parsed.flow.is_called:
                say(f"   {name}/{flow}")
                yield f"{name}/{flow}", found.parsed.flow


def _script(flow: Flow) -> list[Event]:
    """The events of a call in which everything is heard and answered by keys."""
    session = Session.begin(flow, CONTACT, None, NOW)
    script: list[Event] = []
    waiting = _waits_for(session.start())
    while not session.finished and len(script) < 200:
        event = waiting if waiting is not None else _key(session, flow)
        script.append(event)
        waiting = _waits_for(session.handle(event, NOW))
    return script


def _waits_for(commands: list[cmd.Command]) -> Event | None:
    """What answers the last command that is answered; None: a key does."""
    found: Event | None = None
    for command in commands:
        match command:
            case cmd.PlayPrompt(playback) | cmd.SayPieces(playback):
                found = PromptFinished(playback)
            case cmd.StartTransfer(transfer):
                found = TransferEnded(transfer, DONE)
            case cmd.StartRecording(recording):
                found = Recorded(recording, RECORDED)
            case cmd.StoreOptOut():
                found = OptOutStored()
    return found


def _key(session: Session, flow: Flow) -> Event:
    """The first key that the question takes; the end key for digits that are there, and silence where no key helps."""
    state = session.state
    here = flow if state["flow"] is None else flow.parts[state["flow"]]
    step: Any = here.nodes[state["node"]][state["step"]]
    gather = getattr(step, "gather", None) or getattr(getattr(step, "call_back", None), "question", None)
    if gather is not None and gather.keys:
        return KeyPressed(next(iter(gather.keys)))
    if state["pending"] is not None or gather is None:
        return KeyPressed("1")
    return KeyPressed("#" if state["digits"] else "7") if gather.digits is not None else TimerFired(str(state["timer"]))


def _replay(flow: Flow, script: list[Event]) -> int:
    session = Session.begin(flow, CONTACT, None, NOW)
    session.start()
    for event in script:
        session.handle(event, NOW)
    return session.steps


def _answers(flow: Flow) -> list[float]:
    """CPU of what is understood in the first question that listens, µs a time."""
    if not flow.listens:
        return []
    found = []
    language = flow.languages[0]
    for text in SAID[language] * 20:
        session = Session.begin(flow, CONTACT, language, NOW, hears=True)
        commands = session.start()
        for _ in range(10):
            listening = next((c.listening for c in commands if isinstance(c, cmd.StartListening)), None)
            if listening is not None:
                began = time.process_time()
                session.handle(Listened(listening, Heard(text, 0.9)), NOW)
                found.append((time.process_time() - began) * 1e6)
                break
            event = _waits_for(commands)
            if event is None:
                break
            commands = session.handle(event, NOW)
    return found[len(SAID[language]) :]  # the first ones fill the caches
