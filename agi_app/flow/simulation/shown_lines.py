"""What a flow does, in words for people: the lines that ``simulate`` and ``rehearse`` show."""

from __future__ import annotations

from agi_app.flow.answers.recognition import Heard
from agi_app.flow.check.prompt_facts import Prompts, transcript_of
from agi_app.flow.engine.commands import (
    CallBackAt,
    Command,
    EndCallRecording,
    Hangup,
    KeepSpoken,
    NoTimeKnown,
    PlayPrompt,
    SaveAnswer,
    SayPieces,
    SetDisposition,
    StartCallRecording,
    StartRecording,
    StartTimer,
    StartTransfer,
    StopPlayback,
    StopTransfer,
    StoreOptOut,
    StoreStop,
    StoreWrongNumber,
)
from agi_app.flow.engine.events import Event, KeyPressed, Listened, Recorded, TimerFired, TransferEnded
from agi_app.flow.saying.numbers_and_dates import words

NO_TIME = "call_back: no time is known; give --now or now:"


def told(command: Command, prompts: Prompts) -> list[str]:
    """The lines about one command."""
    match command:
        case PlayPrompt(_, prompt, language):
            return [f"plays {prompt} ({language}): {transcript_of(prompts, language, prompt) or '(no transcript)'}"]
        case SayPieces(_, parts, language):
            return [f"says ({language}): {words(parts, language)}"]
        case StopPlayback():
            return ["the prompt stops"]
        case StartTimer(_, seconds):
            return [f"waits {seconds:g} s for a key"]
        case StartRecording(_, _, seconds):
            return [f"records what is said, at most {seconds} s"]
        case StartCallRecording():
            return ["records the call from here on"]
        case EndCallRecording():
            return ["records the call no longer"]
        case KeepSpoken(_, name):
            return [f"keeps the recording of the answer {name}"]
        case StartTransfer(_, to, seconds):
            return [f"transfers to {to}, at most {seconds:g} s of ringing"]
        case StopTransfer():
            return ["takes the person back"]
        case _:
            return _kept(command)


def told_event(event: Event) -> list[str]:
    """The lines about what came from outside; keys as they are typed into ``simulate``."""
    match event:
        case KeyPressed(key):
            return [f"> {key}"]
        case TimerFired():
            return ["silence"]
        case Listened(_, heard):
            return [_heard(heard)]
        case Recorded(_, result):
            return [f"the recording is over: {result}"]
        case TransferEnded(_, result):
            return [f"the transfer is over: {result}"]
    return []


def _heard(heard: Heard) -> str:
    if heard.why == "":
        return f"> {heard.text}"
    return f"> {heard.text} (heard badly)" if heard.text else f"nothing was understood: {heard.why}"


def _kept(command: Command) -> list[str]:
    match command:
        case SaveAnswer(name, value):
            return [f"saves {name} = {value}"]
        case NoTimeKnown():
            return [NO_TIME]
        case CallBackAt(at, too_late=True):
            return [f"does not call back at {at}: that is no longer today (today_only)"]
        case CallBackAt(at, unasked, today_only):
            day = "today" if today_only else "then"
            return [f"calls back at {at}, if the rules allow it {day}{', without asking' if unasked else ''}"]
        case StoreWrongNumber():
            return ["ends the consents for this number: no campaign calls it on them again"]
        case SetDisposition(label):
            return [f"disposition {label}"]
        case StoreOptOut():
            return ["stores the stop: this person is never called again"]
        case StoreStop():
            return ["stores the stop: the number that was keyed in is never called again"]
        case Hangup(reason):
            return [f"hangs up ({reason})"]
    return []
