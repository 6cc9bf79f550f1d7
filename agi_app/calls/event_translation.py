"""Between what Asterisk reports and what the attempt and the flow understand. Pure.

A playback id is the channel's id, a dash and the session's own id, because Asterisk wants it
unique over all calls.
"""

from __future__ import annotations

from agi_app.calls import attempt as att
from agi_app.flow.engine import events as flow
from agi_app.flow.syntax.names_and_limits import ABANDONED
from agi_app.messages import t, template
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.ari import object_names

# A machine for app_amd. But many people wait for the caller to begin, and what never pauses is the noise of a line.
_NO_WORDS = ("INITIALSILENCE", "MAXWORDLENGTH")
_NO_BEARER = 58  # Q.850; Asterisk's own, before any status of the far end
_VERDICTS = {"HUMAN": att.AnsweredBy.PERSON, "MACHINE": att.AnsweredBy.MACHINE}  # anything else: not sure


_ALWAYS: dict[type[pbx.Event], att.Event] = {  # whatever else such an event says
    pbx.Ringing: att.Rang(),
    pbx.Progress: att.Progressed(),
    pbx.Started: att.Answered(),
    pbx.Key: att.Keyed(),
    pbx.KeyBegan: att.Keyed(),
    pbx.FarEndEnded: att.FarEndSpoke(),
    pbx.Redirected: att.FarEndRedirected(),
    pbx.PbxStopping: att.PbxStopped(template("Asterisk was stopped while the call was on")),
    pbx.Lost: att.Gone(),
}


def to_attempt(event: pbx.Event) -> att.Event | None:
    """The attempt event of a channel event; None when the attempt does not care."""
    match event:
        case pbx.Started((object_names.AMD, status, *cause)):
            no_words = bool(cause) and cause[0].startswith(_NO_WORDS)
            return att.AmdFinished(
                att.AnsweredBy.NOT_SURE if no_words else _VERDICTS.get(status, att.AnsweredBy.NOT_SURE)
            )
        case pbx.Started((object_names.SILENCE, *status)):
            return att.GreetingEnded(silent=status[:1] == ["SILENCE"])
        case pbx.FarEndEnded(None, cause) if cause == _NO_BEARER:
            return att.NoCommonMedia()
        case pbx.TransferFinished(result=result) if result == ABANDONED:
            return att.MetNobody()
        case pbx.Destroyed(cause, tech_cause):
            return att.ChannelDestroyed(cause, tech_cause)
        case pbx.Failed(status, text):
            return att.OriginateRefused(
                t("Asterisk refused the call: {text} (status {status})", text=text, status=status)
            )
        case _:
            return _ALWAYS.get(type(event))


def to_flow(event: pbx.Event, channel_id: str) -> flow.Event | None:
    """The flow event of a channel event; None when the flow does not care."""
    match event:
        case pbx.KeyBegan(digit):
            return flow.KeyDown(digit)
        case pbx.Key(digit):
            return flow.KeyPressed(digit)
        case pbx.PlaybackFinished(playback_id):
            return flow.PromptFinished(playback_id.removeprefix(f"{channel_id}-"))
        case pbx.TalkingStarted():
            return flow.SpeechStarted()
        case pbx.Recognized(listening, heard):
            return flow.Listened(listening, heard)
        case pbx.MessageEnded(recording, result):
            return flow.Recorded(recording, result)
        case pbx.TransferFinished(transfer, result):
            return flow.TransferEnded(transfer, result)
        case _:
            return None


def playback_id(channel_id: str, playback: str) -> str:
    """The id under which Asterisk knows this playback of the session."""
    return f"{channel_id}-{playback}"
