"""What Asterisk sends us, and what a call sees of it.

``Frame`` is one message of the socket with only the fields we use; unknown fields are skipped
while decoding, which is most of the work saved. ``translate`` turns a frame into the channel
it belongs to and an event for that channel. Pure: no I/O.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agi_app.flow.answers.recognition import Heard


class ChannelRef(msgspec.Struct, frozen=True, gc=False):
    """The channel inside an event."""

    id: str
    state: str = ""


class PlaybackRef(msgspec.Struct, frozen=True, gc=False):
    """The playback inside an event; ``target_uri`` is ``channel:ID`` or ``bridge:ID``."""

    id: str
    target_uri: str
    state: str


class RecordingRef(msgspec.Struct, frozen=True, gc=False):
    """The recording inside an event; ``state`` is ``done``, ``canceled`` or ``failed`` at the end."""

    name: str
    state: str = ""


class Frame(msgspec.Struct, gc=False):
    """One message of the event socket: an event, or the answer to a request."""

    type: str
    request_id: str = ""
    status_code: int = 0
    message_body: str = ""
    channel: ChannelRef | None = None
    caller: ChannelRef | None = None
    peer: ChannelRef | None = None
    playback: PlaybackRef | None = None
    recording: RecordingRef | None = None
    dialstatus: str = ""
    forward: str = ""
    digit: str = ""
    cause: int = 0
    tech_cause: int | None = None
    soft: bool = False
    args: list[str] = []


class Ringing(msgspec.Struct, frozen=True, gc=False):
    """The far end said that it rings (SIP 180): the trunk is alive and the person may hear it."""


class Progress(msgspec.Struct, frozen=True, gc=False):
    """The far end sent early audio (SIP 183): the trunk is alive."""


class PickedUp(msgspec.Struct, frozen=True, gc=False):
    """The far end answered (SIP 200); the channel is still where it was dialled (``pbx.dialled``)."""


class Started(msgspec.Struct, frozen=True, gc=False):
    """The channel is ours to run: of a call that we dialled, it was answered."""

    args: tuple[str, ...] = ()


class Left(msgspec.Struct, frozen=True, gc=False):
    """The channel left our application: sent on into the dialplan, or about to end."""


class KeyBegan(msgspec.Struct, frozen=True, gc=False):
    """A key went down; AMI alone tells it, and not of every key (SIP INFO has an end only)."""

    digit: str


class Key(msgspec.Struct, frozen=True, gc=False):
    """A key was pressed and released."""

    digit: str


class PlaybackStarted(msgspec.Struct, frozen=True, gc=False):
    """A prompt is heard from now on."""

    playback_id: str


class PlaybackFinished(msgspec.Struct, frozen=True, gc=False):
    """A prompt ended, was stopped, or (``failed``) could not be played at all."""

    playback_id: str
    failed: bool = False


class TalkingStarted(msgspec.Struct, frozen=True, gc=False):
    """The person began to speak (only when TALK_DETECT is set), or by our own hearing (``tapped``)."""

    tapped: bool = False


class TalkingFinished(msgspec.Struct, frozen=True, gc=False):
    """The person stopped speaking, by Asterisk's hearing or by our own (``tapped``)."""

    tapped: bool = False


class FarEndEnded(msgspec.Struct, frozen=True, gc=False):
    """The far end ended the call: a final SIP answer (``tech_cause``), or a BYE (None).

    Absent when we, a time limit or the ring timeout ended it. So it is evidence, beside Ringing and
    Progress, that the trunk is alive: a silent trunk ends exactly as a real 480 does, but without this.
    """

    tech_cause: int | None
    cause: int = 0


class Redirected(msgspec.Struct, frozen=True, gc=False):
    """The far end wants the call to go elsewhere (SIP 3xx): it does not."""


class PbxStopping(msgspec.Struct, frozen=True, gc=False):
    """Asterisk is being stopped, and so is this call."""


class Destroyed(msgspec.Struct, frozen=True, gc=False):
    """The call is over: Q.850 cause and, if it was not answered, a SIP status code.

    A ring timeout looks like a 480 (cause 19). After an answer: cause 16, without a SIP status; 0 of a call that came
    in and was ended by a BYE of the far end or at ``TIMEOUT(absolute)``.
    """

    cause: int
    tech_cause: int | None


class Failed(msgspec.Struct, frozen=True, gc=False):
    """Asterisk refused to make the channel, with this HTTP status: no INVITE left."""

    status: int
    text: str


class Lost(msgspec.Struct, frozen=True, gc=False):
    """We lost track of the call, or it ended while we were not connected; it may have been dialled."""

    reason: str


class Interrupt(msgspec.Struct, frozen=True, gc=False):
    """Not from Asterisk: our own side wants this call ended, in order with the channel's events."""

    reason: str
    even_if_up: bool  # False lets an answered call finish
    by_hand: bool = False  # our own staff ended this one call


class TransferFinished(msgspec.Struct, frozen=True, gc=False):
    """Not from Asterisk: a transfer to one of our people is over, or did not happen."""

    transfer: str
    result: str


class Recognized(msgspec.Struct, frozen=True, gc=False):
    """Not from Asterisk: what a listening heard, or that it heard nothing."""

    listening: str
    heard: Heard


class MessageEnded(msgspec.Struct, frozen=True, gc=False):
    """Not from Asterisk: a message of the person is kept, or is not; ``result`` as a flow knows it."""

    recording: str
    result: str


End = Destroyed | Failed | Lost
Event = (
    Ringing
    | Progress
    | PickedUp
    | Started
    | Left
    | KeyBegan
    | Key
    | PlaybackStarted
    | PlaybackFinished
    | TalkingStarted
    | TalkingFinished
    | FarEndEnded
    | Redirected
    | PbxStopping
    | Destroyed
    | Failed
    | Lost
    | Interrupt
    | TransferFinished
    | Recognized
    | MessageEnded
)
Routed = tuple[str, Event]

_SHUTDOWN = 4  # AST_SOFTHANGUP_SHUTDOWN: what stands for a cause in a soft hangup
_DIAL: dict[str, Event] = {"RINGING": Ringing(), "PROGRESS": Progress(), "ANSWER": PickedUp()}
_CHANNEL_EVENTS: dict[str, Callable[[Frame], Event]] = {
    "StasisStart": lambda f: Started(tuple(f.args)),
    "StasisEnd": lambda _: Left(),
    "ChannelDtmfReceived": lambda f: Key(f.digit),
    "ChannelTalkingStarted": lambda _: TalkingStarted(),
    "ChannelTalkingFinished": lambda _: TalkingFinished(),
    "ChannelHangupRequest": lambda f: FarEndEnded(f.tech_cause, f.cause),
    "ChannelDestroyed": lambda f: Destroyed(f.cause, f.tech_cause),
}


def translate(frame: Frame) -> Routed | None:
    """The channel id and its event, or None when the frame is of no use to a call.

    A hangup request marked ``soft`` is our own, or Asterisk's when it is stopped.
    """
    if frame.type == "Dial":
        event = Redirected() if frame.forward else _DIAL.get(frame.dialstatus)
        return (frame.peer.id, event) if event is not None and frame.peer is not None else None
    if frame.type in ("PlaybackStarted", "PlaybackFinished"):
        return _playback(frame.playback, began=frame.type == "PlaybackStarted")
    if (make := _CHANNEL_EVENTS.get(frame.type)) is None or frame.channel is None:
        return None
    if frame.soft:
        return (frame.channel.id, PbxStopping()) if frame.cause == _SHUTDOWN else None
    return frame.channel.id, make(frame)


def _playback(playback: PlaybackRef | None, *, began: bool) -> Routed | None:
    if playback is None:
        return None
    kind, _, channel_id = playback.target_uri.partition(":")
    if kind != "channel":
        return None
    if began:
        return channel_id, PlaybackStarted(playback.id)
    return channel_id, PlaybackFinished(playback.id, failed=playback.state == "failed")
