"""What a flow does, in words for people: the lines that ``simulate`` and ``rehearse`` show."""

from __future__ import annotations

import datetime as dt

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
from agi_app.messages import spoken, t, template

NO_TIME = template("call_back: no time is known; give --now or now:")
_CALLS_BACK = {  # whether today only, and without asking
    (True, True): template("calls back at {at}, if the rules allow it today, without asking"),
    (True, False): template("calls back at {at}, if the rules allow it today"),
    (False, True): template("calls back at {at}, if the rules allow it then, without asking"),
    (False, False): template("calls back at {at}, if the rules allow it then"),
}


def told(command: Command, prompts: Prompts) -> list[str]:
    """The lines about one command."""
    match command:
        case PlayPrompt(_, prompt, language):
            return [
                t(
                    "plays {prompt} ({language}): {words}",
                    prompt=prompt,
                    language=language,
                    words=transcript_of(prompts, language, prompt) or t("(no transcript)"),
                )
            ]
        case SayPieces(_, parts, language):
            return [t("says ({language}): {words}", language=language, words=words(parts, language))]
        case StopPlayback():
            return [t("the prompt stops")]
        case StartTimer(_, seconds):
            return [t("waits {seconds:g} s for a key", seconds=seconds)]
        case StartRecording(_, _, seconds):
            return [t("records what is said, at most {seconds} s", seconds=seconds)]
        case StartCallRecording():
            return [t("records the call from here on")]
        case EndCallRecording():
            return [t("records the call no longer")]
        case KeepSpoken(_, name):
            return [t("keeps the recording of the answer {name}", name=name)]
        case StartTransfer(_, to, seconds):
            return [t("transfers to {to}, at most {seconds:g} s of ringing", to=to, seconds=seconds)]
        case StopTransfer():
            return [t("takes the person back")]
        case _:
            return _kept(command)


def told_event(event: Event) -> list[str]:
    """The lines about what came from outside; keys as they are typed into ``simulate``."""
    match event:
        case KeyPressed(key):
            return [f"> {key}"]
        case TimerFired():
            return [t("silence")]
        case Listened(_, heard):
            return [_heard(heard)]
        case Recorded(_, result):
            return [t("the recording is over: {result}", result=result)]
        case TransferEnded(_, result):
            return [t("the transfer is over: {result}", result=result)]
    return []


def _heard(heard: Heard) -> str:
    if heard.why == "":
        return f"> {heard.text}"
    return (
        t("> {text} (heard badly)", text=heard.text)
        if heard.text
        else t("nothing was understood: {why}", why=heard.why)
    )


def _there(at: str) -> str:
    """The time of day where the person is; a simulation has it without a zone."""
    return t("{at:%Y-%m-%d %H:%M} (their time)", at=dt.datetime.fromisoformat(at))


def _kept(command: Command) -> list[str]:
    match command:
        case SaveAnswer(name, value):
            return [t("saves {name} = {value}", name=name, value=value)]
        case NoTimeKnown():
            return [spoken(NO_TIME)]
        case CallBackAt(at, too_late=True):
            return [t("does not call back at {at}: that is no longer today (today_only)", at=_there(at))]
        case CallBackAt(at, unasked, today_only):
            return [t(_CALLS_BACK[today_only, unasked], at=_there(at))]
        case StoreWrongNumber():
            return [t("ends the consents for this number: no campaign calls it on them again")]
        case SetDisposition(label):
            return [t("disposition {label}", label=label)]
        case StoreOptOut():
            return [t("stores the stop: this person is never called again")]
        case StoreStop():
            return [t("stores the stop: the number that was keyed in is never called again")]
        case Hangup(reason):
            return [t("hangs up ({reason})", reason=reason)]
    return []
