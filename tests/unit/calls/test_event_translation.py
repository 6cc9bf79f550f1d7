"""What Asterisk reports, in the words of the attempt and of the flow; everything else is left out on purpose."""

from __future__ import annotations

from typing import get_args

import pytest

from agi_app.calls import attempt as att
from agi_app.calls.event_translation import playback_id, to_attempt, to_flow
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.engine import events as flow
from agi_app.pbx.ari import events as pbx

YES = Heard("yes", 0.9)
ATTEMPT: list[tuple[pbx.Event, att.Event | None]] = [
    (pbx.Ringing(), att.Rang()),
    (pbx.Progress(), att.Progressed()),
    (pbx.PickedUp(), None),  # the channel makes Started of it when it is ready
    (pbx.Started(("a",)), att.Answered()),
    (pbx.FarEndEnded(480), att.FarEndSpoke()),
    (pbx.FarEndEnded(None, 19), att.FarEndSpoke()),  # Asterisk 20.16 and 22.6 tell no status; or a BYE
    (pbx.FarEndEnded(None, 58), att.NoCommonMedia()),
    (pbx.FarEndEnded(488, 58), att.FarEndSpoke()),
    (pbx.Redirected(), att.FarEndRedirected()),
    (pbx.PbxStopping(), att.PbxStopped("Asterisk was stopped while the call was on")),
    (pbx.Destroyed(17, 486), att.ChannelDestroyed(17, 486)),
    (pbx.Lost("gone"), att.Gone()),
    (pbx.Left(), None),
    (pbx.KeyBegan("1"), att.Keyed()),
    (pbx.Key("1"), att.Keyed()),
    (pbx.Started(("amd", "HUMAN", "HUMAN-800-800")), att.AmdFinished(att.AnsweredBy.PERSON)),
    (pbx.Started(("amd", "MACHINE", "LONGGREETING-1500-1500")), att.AmdFinished(att.AnsweredBy.MACHINE)),
    (pbx.Started(("amd", "MACHINE", "INITIALSILENCE-2000-2000")), att.AmdFinished(att.AnsweredBy.NOT_SURE)),
    (pbx.Started(("amd", "MACHINE", "MAXWORDLENGTH-2000")), att.AmdFinished(att.AnsweredBy.NOT_SURE)),
    (pbx.Started(("amd", "NOTSURE", "TOOLONG-5000")), att.AmdFinished(att.AnsweredBy.NOT_SURE)),
    (pbx.Started(("amd", "", "")), att.AmdFinished(att.AnsweredBy.NOT_SURE)),  # Asterisk has no app_amd
    (pbx.Started(("silence", "SILENCE")), att.GreetingEnded(silent=True)),
    (pbx.Started(("silence", "TIMEOUT")), att.GreetingEnded(silent=False)),
    (pbx.Started(("silence", "")), att.GreetingEnded(silent=False)),
    (pbx.PlaybackStarted("x"), None),
    (pbx.PlaybackFinished("x"), None),
    (pbx.TalkingStarted(), None),
    (pbx.TalkingFinished(), None),
    (pbx.Interrupt("stop", True), None),  # the runner's own
    (pbx.TransferFinished("h1", "done"), None),
    (pbx.Recognized("r1", YES), None),
    (pbx.MessageEnded("m1", "recorded"), None),
]


@pytest.mark.parametrize(("event", "means"), ATTEMPT, ids=[type(e).__name__ for e, _ in ATTEMPT])
def test_what_a_channel_event_means_for_the_attempt(event: pbx.Event, means: att.Event | None) -> None:
    assert to_attempt(event) == means


def test_a_channel_that_asterisk_did_not_make_tells_what_it_said() -> None:
    means = to_attempt(pbx.Failed(500, "Allocation failed"))
    assert isinstance(means, att.OriginateRefused)
    assert "Allocation failed" in means.note
    assert "500" in means.note


def test_no_kind_of_channel_event_was_forgotten() -> None:
    assert {type(e) for e, _ in ATTEMPT} | {pbx.Failed} == set(get_args(pbx.Event))


def test_keys_talk_words_and_the_ends_of_prompts_and_transfers_reach_the_flow_and_nothing_else_does() -> None:
    assert to_flow(pbx.KeyBegan("#"), "c1") == flow.KeyDown("#")
    assert to_flow(pbx.Key("#"), "c1") == flow.KeyPressed("#")
    assert to_flow(pbx.PlaybackFinished("c1-p1"), "c1") == flow.PromptFinished("p1")
    assert to_flow(pbx.TransferFinished("h1", "busy"), "c1") == flow.TransferEnded("h1", "busy")
    assert to_flow(pbx.TalkingStarted(), "c1") == flow.SpeechStarted()
    assert to_flow(pbx.Recognized("r1", YES), "c1") == flow.Listened("r1", YES)
    assert to_flow(pbx.MessageEnded("m1", "empty"), "c1") == flow.Recorded("m1", "empty")
    told = (
        pbx.KeyBegan
        | pbx.Key
        | pbx.PlaybackFinished
        | pbx.TransferFinished
        | pbx.TalkingStarted
        | pbx.Recognized
        | pbx.MessageEnded
    )
    others = [e for e, _ in ATTEMPT if not isinstance(e, told)]
    assert {to_flow(e, "c1") for e in others} == {None}


def test_a_playback_has_one_name_over_all_calls_and_comes_back_as_the_sessions_own() -> None:
    assert playback_id("agi-app-a-1", "p2") != playback_id("agi-app-a-2", "p2")
    back = to_flow(pbx.PlaybackFinished(playback_id("agi-app-a-1", "p2")), "agi-app-a-1")
    assert back == flow.PromptFinished("p2")


def test_another_calls_prompt_is_never_taken_for_ours() -> None:
    back = to_flow(pbx.PlaybackFinished(playback_id("agi-app-b", "p1")), "agi-app-a")
    assert back != flow.PromptFinished("p1")
