"""What a call sees of each message of Asterisk."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agi_app.pbx.ari import events
from agi_app.pbx.ari.events import Event, Frame, translate


def frame(kind: str, **fields: Any) -> Frame:
    """A message as it comes over the socket, with fields that we do not use."""
    raw = {"type": kind, "timestamp": "2026-03-02T10:00:00.000+0000", "asterisk_id": "02:00", **fields}
    return msgspec.json.decode(json.dumps(raw), type=Frame)


CHANNEL = {"channel": {"id": "agi-app-1", "name": "PJSIP/carrier-0001", "state": "Up"}}
PEER = {"peer": {"id": "agi-app-1", "name": "PJSIP/carrier-0001"}}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (frame("Dial", dialstatus="RINGING", **PEER), events.Ringing()),
        (frame("Dial", dialstatus="PROGRESS", **PEER), events.Progress()),
        (frame("Dial", dialstatus="ANSWER", **PEER), events.PickedUp()),
        (frame("StasisStart", args=["inbound", "x"], **CHANNEL), events.Started(("inbound", "x"))),
        (frame("StasisEnd", **CHANNEL), events.Left()),
        (frame("ChannelDtmfReceived", digit="#", duration_ms=120, **CHANNEL), events.Key("#")),
        (frame("ChannelTalkingStarted", **CHANNEL), events.TalkingStarted()),
        (frame("ChannelTalkingFinished", duration=900, **CHANNEL), events.TalkingFinished()),
        (frame("ChannelHangupRequest", cause=17, tech_cause=486, **CHANNEL), events.FarEndEnded(486, 17)),
        (frame("ChannelHangupRequest", cause=4, soft=True, **CHANNEL), events.PbxStopping()),
        (frame("Dial", dialstatus="CANCEL", forward="Local/x@y", **PEER), events.Redirected()),
        (frame("ChannelHangupRequest", **CHANNEL), events.FarEndEnded(None)),
        (
            frame("ChannelDestroyed", cause=17, cause_txt="User busy", tech_cause=486, **CHANNEL),
            events.Destroyed(17, 486),
        ),
        (frame("ChannelDestroyed", cause=0, cause_txt="Unknown", **CHANNEL), events.Destroyed(0, None)),
    ],
)
def test_a_message_becomes_the_event_of_its_channel(message: Frame, event: Event) -> None:
    assert translate(message) == ("agi-app-1", event)


@pytest.mark.parametrize(("state", "failed"), [("done", False), ("failed", True)])
def test_the_end_of_a_prompt_goes_to_the_channel_it_played_on(state: str, failed: bool) -> None:
    playback = {"id": "p1", "target_uri": "channel:agi-app-1", "state": state, "media_uri": "sound:x"}
    assert translate(frame("PlaybackFinished", playback=playback)) == (
        "agi-app-1",
        events.PlaybackFinished("p1", failed=failed),
    )


@pytest.mark.parametrize(
    "message",
    [
        frame("Dial", dialstatus="", **PEER),
        frame("Dial", dialstatus="RINGING"),
        frame("ChannelHangupRequest", cause=32, soft=True, **CHANNEL),  # our own hang-up
        frame("ChannelStateChange", **CHANNEL),
        frame("SomethingNewInAsterisk99", payload={"a": [1]}),
        frame("PlaybackFinished", playback={"id": "p", "target_uri": "bridge:b", "state": "done"}),
        frame("StasisStart"),
    ],
)
def test_what_is_of_no_use_to_a_call_is_dropped(message: Frame) -> None:
    assert translate(message) is None
