"""Golden flows: a flow file, a case file (inputs -> commands), and the state through JSON between any two steps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agi_app.authoring.yaml_lines import load
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import commands as do
from agi_app.flow.engine.events import (
    Event,
    HungUp,
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
from agi_app.flow.engine.session import Session
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_flow, parse_flow
from agi_app.flow.saying.numbers_and_dates import words

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.case.yaml"))


def read(path: Path) -> dict[str, Any]:
    return dict(load(path.read_bytes(), path.name).value)


def cases() -> Iterator[Any]:
    for path in FILES:
        content = read(path)
        for name, case in content["cases"].items():
            yield pytest.param(content["flow"], case, id=f"{path.name.partition('.')[0]}: {name}")


def show(command: do.Command) -> str:
    if isinstance(command, do.StartTransfer):
        return f"transfer {command.transfer} {command.to} {command.seconds:g}s"
    if isinstance(command, do.NoTimeKnown):
        return "no time is known"
    if isinstance(command, do.StopTransfer):
        return f"take back {command.transfer}"
    if isinstance(command, do.StartListening):
        until = "now" if command.waits is None else f"within {command.waits:g}s"
        beside = " beside the prompt" if command.beside else ""
        sought = "an answer" if len(command.phrases) > 1 else "a stop"  # the one stop of the flow
        return f"listen {command.listening} {until} for {sought}{beside}"
    if isinstance(command, do.StopListening):
        return f"stop listening {command.listening}"
    if isinstance(command, do.StartRecording):
        return f"record {command.recording} {command.name} {command.seconds}s until {command.silence}s of silence"
    if isinstance(command, do.EndRecording | do.DropRecording):
        return f"{'end' if isinstance(command, do.EndRecording) else 'drop'} {command.recording}"
    if isinstance(command, do.StartCallRecording | do.EndCallRecording):
        return f"{'record' if isinstance(command, do.StartCallRecording) else 'end'} the call {command.recording}"
    if isinstance(command, do.KeepSpoken):
        return f"keep {command.listening} as {command.name}"
    return show_other(command)


def show_other(command: do.Command) -> str:
    match command:
        case do.PlayPrompt():
            return f"play {command.playback} {command.prompt} {command.language}"
        case do.SayPieces():
            text = words(command.parts, command.language).replace(",", "")  # which parts the commands in the file
            return f"say {command.playback} {text!r} {command.language}"
        case do.StopPlayback():
            return f"stop {command.playback}"
        case do.StartTimer():
            return f"timer {command.timer} {command.seconds:g}s"
        case do.CancelTimer():
            return f"cancel {command.timer}"
        case do.StoreOptOut():
            return f"store opt-out {command.how}"
        case do.StoreWrongNumber():
            return "store wrong number"
        case do.SaveAnswer():
            return f"save {command.name} {command.value}"
        case do.CallBackAt():
            day = ", today only" if command.today_only else ""
            return f"call back {command.at}{' unasked' if command.unasked else ''}{day}".replace(", ", " ")
        case do.SetDisposition():
            return f"disposition {command.label}"
        case do.Hangup():
            return f"hangup {command.reason}"
        case _:
            raise AssertionError(command)


def event(text: str) -> Event:
    word, _, rest = text.partition(" ")
    rest = rest.strip('"')
    made: dict[str, Event] = {
        "played": PromptFinished(rest),
        "key": KeyPressed(rest),
        "timeout": TimerFired(rest),
        "over": TransferEnded(*(rest.split()[:2] if " " in rest else (rest, ""))),
        "talk": SpeechStarted(),
        "heard": Listened(rest.split(" ")[0], heard(rest.partition(" ")[2])),
        "recorded": Recorded(rest.split(" ")[0], rest.partition(" ")[2]),
        "stored": OptOutStored(),
        "ended": StopStored(),
        "hungup": HungUp(),
    }
    return made[word]


def heard(text: str) -> Heard:
    return Heard("", 0.0, text[1:]) if text.startswith("!") else Heard(text, 0.9)  # type: ignore[arg-type]


def run(flow: Flow, case: dict[str, Any]) -> dict[str, Any]:
    """What really happens, in the shape of a case."""
    now = dt.datetime.fromisoformat(case["now"]) if "now" in case else None
    hears = case.get("hears", False)
    session = Session.begin(flow, case.get("contact") or {}, case.get("language"), now, hears=hears)
    call: list[dict[str, list[str]]] = []
    for step in case["call"]:
        (given,) = step
        session = Session.restore(flow, json.loads(json.dumps(session.state)))
        commands = session.start() if given == "start" else session.handle(event(given))
        call.append({given: [show(command) for command in commands]})
    ends = {"finished": session.finished, "disposition": session.disposition, "answers": session.answers}
    return {"call": call, "ends": ends}


def flow_of(name: str) -> Flow:
    """A flow of this folder; the lint is for people, so these may have faults that only it minds."""
    return parse_flow((FOLDER / name).read_bytes(), name).flow


@pytest.mark.parametrize(("flow", "case"), list(cases()))
def test_case(flow: str, case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """The flow gives exactly the expected commands for each input, and ends as expected."""
    if request.config.getoption("--update-goldens", default=False):
        pytest.skip("rewriting")
    assert run(flow_of(flow), case) == {"call": case["call"], "ends": case.get("ends")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_update(path: Path, request: pytest.FixtureRequest) -> None:
    """With --update-goldens the file is rewritten; without it, it is in the form that would be written."""
    content = read(path)
    lines = [f"flow: {content['flow']}", "cases:"]
    for name, case in content["cases"].items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {quoted(case[key])}" for key in ("contact", "language", "now", "hears") if key in case]
        result = run(flow_of(content["flow"]), case)
        lines.append("    call:")
        lines += [f"      - {given}: [{', '.join(done)}]" for step in result["call"] for given, done in step.items()]
        lines.append(f"    ends: {quoted(result['ends'])}")
    if request.config.getoption("--update-goldens", default=False):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "\n".join(lines) + "\n"


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_the_files_of_this_folder_load() -> None:
    """The flows that have no fault on purpose are safe to run as they are."""
    assert load_flow((FOLDER / "menu.yaml").read_bytes(), "menu.yaml").flow == "menu"
    assert load_flow((FOLDER / "digits.yaml").read_bytes(), "digits.yaml").flow == "digits"
