"""Calls in which the person speaks, on a fake channel: what is heard in time counts, and no fault holds a call up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from agi_app.calls.listening.utterances import last_seconds
from agi_app.calls.speech_services import SpeechServices
from agi_app.errors import ConfigError, RequestFailed
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import load_flow
from agi_app.model.call import KeptRecording, Outcome
from agi_app.pbx.ari import events as pbx
from tests.unit.calls.test_runner import BYE, World

FLOW = load_flow(
    """\
flow: survey
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", phrases: {zh-CN: [不要再打]}, confirm: stopped}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: ask, keys: {"1": yes}, speech: {yes: {zh-CN: [是的]}}, timeout: 5s, attempts: 1, save: answer}
      on: {yes: thanks, no_input: bye, no_match: unclear}
  thanks:
    - set: {disposition: confirmed}
    - hangup
  unclear:
    - set: {disposition: unclear}
    - hangup
  bye:
    - hangup
""",
    "survey.yaml",
)
STOP = Heard("不要再打了", 0.9)
YES = Heard("是的", 0.9)
TALK, PAUSE = pbx.TalkingStarted(), pbx.TalkingFinished()


class FakeSpool:
    """Recordings that end at once; ``log`` is the channel's, so that the order shows."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.kept: set[str] = set()  # recordings that may lie in the spool
        self.fails: str | None = None
        self.ends = True
        self.samples = b"\x00\x10" * 8000

    def _ask(self, verb: str, name: str) -> None:
        self.log.append(f"{verb} {name}")
        if verb == self.fails:
            raise RequestFailed(verb, 500, "broken")

    @contextmanager
    def wanted(self, name: str) -> Iterator[None]:
        self.kept.add(name)
        try:
            yield
        finally:
            self.kept.discard(name)

    async def start(
        self, name: str, channel_id: str, longest: float, *, beside: bool = False, both: bool = False, silence: int = 0
    ) -> None:
        what = "record" if silence else "record the call" if both else "listen beside" if beside else "listen"
        self._ask(what, name)

    async def stop(self, name: str) -> None:
        self._ask("end", name)

    async def ended(self, name: str, timeout: float) -> bool:
        return self.ends

    async def take(self, name: str) -> bytes:
        self._ask("take", name)
        return self.samples


class FakeRecognizer:
    """Answers in turn; None never comes."""

    def __init__(self, *answers: Heard | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str, tuple[str, ...]]] = []

    async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
        self.asked.append((len(pcm), language, tuple(phrases)))
        answer = self.answers.pop(0)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer


class Talk:
    """A world whose person speaks."""

    def __init__(self, *answers: Heard | Exception | None, deadline_s: float = 1.0) -> None:
        self.spool, self.recognizer = FakeSpool(), FakeRecognizer(*answers)
        self.world = World(FLOW, speech=SpeechServices(cast(Any, self.spool), self.recognizer, deadline_s=deadline_s))
        self.spool.log = self.world.channel.log
        self.world.channel.at(1, pbx.Ringing()).at(3, pbx.Started())

    @property
    def log(self) -> list[str]:
        return self.world.channel.log


async def test_a_spoken_stop_in_the_first_prompt_is_on_disk_before_anything_else() -> None:
    talk = Talk(STOP)
    talk.world.channel.at(3.5, TALK).at(4.8, PAUSE)
    result = await talk.world.run()
    name = "agi-app-a1-r2"
    assert talk.log == [
        "play zh/greeting", "stop agi-app-a1-p1", f"listen {name}", f"end {name}", f"take {name}",
        "store", "play zh/stopped", "hangup",
    ]  # fmt: skip
    assert talk.world.stops == [(talk.world.call.party.number, "speech")]
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "opted_out")
    assert talk.spool.kept == set(), "nothing stays in the spool"
    assert "不要再打" in talk.recognizer.asked[0][2]


async def test_an_answer_by_voice_is_recorded_from_the_end_of_the_prompt() -> None:
    talk = Talk(YES)
    talk.world.channel.at(9, TALK).at(10, PAUSE)
    result = await talk.world.run()
    assert (result.disposition, result.answers) == ("confirmed", {"answer": "yes"})
    assert talk.log.index("listen agi-app-a1-r4") == talk.log.index("play zh/ask") + 1


async def test_silence_costs_no_recognition_and_leaves_nothing() -> None:
    talk = Talk()
    result = await talk.world.run()
    assert (result.disposition, talk.recognizer.asked, talk.spool.kept) == ("completed", [], set())
    assert not any(line.startswith("take") for line in talk.log)


@pytest.mark.parametrize("fault", ["listen", "end", "take"])
async def test_a_recording_that_fails_goes_the_way_of_no_match(fault: str) -> None:
    talk = Talk(YES)
    talk.spool.fails = fault
    talk.world.channel.at(9, TALK).at(10, PAUSE)
    result = await talk.world.run()
    assert result.disposition == "unclear"
    assert talk.spool.kept == set()


@pytest.mark.parametrize("answer", [None, RuntimeError("engine"), Heard("", 0.0, "busy")])
async def test_a_recogniser_that_is_late_breaks_or_is_busy_goes_the_way_of_no_match(
    answer: Heard | Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi_app.calls.listening.utterances.LATE_GRACE_S", 0.0)
    talk = Talk(answer, deadline_s=0.01)
    talk.world.channel.at(9, TALK).at(10, PAUSE)
    result = await asyncio.wait_for(talk.world.run(), 5)
    assert (result.disposition, result.answers) == ("unclear", {})


async def test_a_recording_that_never_ends_holds_nobody_up() -> None:
    talk = Talk(YES)
    talk.spool.ends = False
    talk.world.channel.at(9, TALK).at(10, PAUSE)
    assert (await talk.world.run()).disposition == "unclear"


async def test_whoever_says_stop_and_hangs_up_has_said_stop() -> None:
    talk = Talk(STOP)
    talk.world.channel.at(3.5, TALK).at(4.2, pbx.FarEndEnded(None), BYE)
    result = await talk.world.run()
    assert talk.world.stops == [(talk.world.call.party.number, "speech")]
    assert (result.outcome, result.disposition) == (Outcome.ANSWERED, "opted_out")


async def test_an_answer_just_before_the_hangup_counts() -> None:
    talk = Talk(YES)
    talk.world.channel.at(9, TALK).at(9.5, pbx.FarEndEnded(None), BYE)
    result = await talk.world.run()
    assert (result.disposition, result.answers) == ("confirmed", {"answer": "yes"})


async def test_a_hangup_in_silence_waits_for_nothing() -> None:
    talk = Talk()
    talk.world.channel.at(9, pbx.FarEndEnded(None), BYE)
    result = await talk.world.run()
    assert (result.disposition, talk.recognizer.asked, talk.spool.kept) == ("hung_up", [], set())


async def test_a_key_ends_the_listening_and_what_was_said_is_thrown_away() -> None:
    talk = Talk()
    talk.world.channel.at(3.5, TALK).at(4.0, pbx.Key("1"))
    result = await talk.world.run()
    assert (result.disposition, talk.spool.kept) == ("confirmed", set())
    assert not any(line.startswith("take") for line in talk.log)


async def test_without_ears_talk_is_nothing() -> None:
    world = World(FLOW)
    world.channel.at(1, pbx.Ringing()).at(3, pbx.Started()).at(3.5, TALK).at(9, pbx.Key("1"))
    assert (await world.run()).answers == {"answer": "yes"}


def test_the_silence_before_the_talk_is_cut_off_at_a_whole_sample() -> None:
    pcm = bytes(range(200)) * 100
    assert last_seconds(pcm, 0.1) == pcm[-1600:]
    assert last_seconds(pcm, 1.00003) == pcm[-16000:]
    assert last_seconds(pcm, 60) == pcm


# ---- recordings

MESSAGE = load_flow(
    """\
flow: message
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {key: "9", confirm: stopped}
start: greeting
nodes:
  greeting:
    - record: {prompt: leave-a-message, save: message, max: 60s, silence: 3s}
      on: {recorded: thanks, empty: bye}
  thanks:
    - set: {disposition: left_a_message}
    - play: thanks
    - hangup
  bye:
    - hangup
""",
    "message.yaml",
)
KEEPS = load_flow(
    """\
flow: remark
languages: [zh-CN]
identify: {business: {zh-CN: 阳光口腔}}
opt_out: {phrases: {zh-CN: [不要再打]}}
start: greeting
nodes:
  greeting:
    - gather: {prompt: ask, speech: {kind: text}, attempts: 1, save: remark, keep: true}
    - hangup
""",
    "remark.yaml",
)


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake clock does not wait for a thread."""

    async def at_once(function: Callable[..., object], *arguments: object) -> object:
        return function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


class Kept:
    """Keeps recordings, or cannot."""

    def __init__(self, *, fault: bool = False) -> None:
        self.found: list[tuple[str, str, int]] = []
        self._fault = fault

    def __call__(self, name: str, kind: str, pcm: bytes) -> KeptRecording:
        if self._fault:
            raise ConfigError("the disk is full")
        self.found.append((name, kind, len(pcm)))
        return KeptRecording(name, kind, "ab" * 32, 1.0)


def leaves(flow: Flow, kept: Kept, *answers: Heard) -> tuple[World, FakeSpool]:
    spool = FakeSpool()
    world = World(flow, speech=SpeechServices(cast(Any, spool), FakeRecognizer(*answers), keep=kept))
    spool.log = world.channel.log
    world.channel.at(1, pbx.Ringing()).at(3, pbx.Started())
    return world, spool


async def test_a_message_is_kept_and_leaves_nothing_in_the_spool() -> None:
    kept = Kept()
    world, spool = leaves(MESSAGE, kept)
    result = await world.run()
    name = "agi-app-a1-m2"
    assert spool.log == ["play zh/leave-a-message", f"record {name}", f"take {name}", "play zh/thanks", "hangup"]
    assert kept.found == [("message", "message", 16000)]
    assert (result.disposition, result.answers) == ("left_a_message", {"message": "recorded"})
    assert [r.sha256 for r in result.recordings] == ["ab" * 32]
    assert spool.kept == set()


async def test_a_message_of_silence_is_not_kept() -> None:
    kept = Kept()
    world, spool = leaves(MESSAGE, kept)
    spool.samples = bytes(80_000)
    result = await world.run()
    assert (kept.found, result.answers, result.recordings) == ([], {}, ())


async def test_a_message_that_cannot_be_kept_is_none_and_the_call_goes_on() -> None:
    world, _ = leaves(MESSAGE, Kept(fault=True))
    result = await world.run()
    assert (result.disposition, result.answers, result.recordings) == ("completed", {}, ())


async def test_whoever_leaves_a_message_and_hangs_up_has_left_it() -> None:
    kept = Kept()
    world, spool = leaves(MESSAGE, kept)
    ended = asyncio.Event()

    async def until_the_hangup(name: str, timeout: float) -> bool:
        await ended.wait()
        return True

    spool.ended = until_the_hangup  # type: ignore[method-assign]
    world.channel.at(9, pbx.FarEndEnded(None), BYE)
    asyncio.get_running_loop().call_later(0.05, ended.set)
    result = await world.run()
    assert (result.disposition, result.answers) == ("left_a_message", {"message": "recorded"})
    assert len(result.recordings) == 1


async def test_the_opt_out_key_drops_the_message() -> None:
    kept = Kept()
    world, spool = leaves(MESSAGE, kept)

    async def never(name: str, timeout: float) -> bool:
        await asyncio.Event().wait()
        return False

    spool.ended = never  # type: ignore[method-assign]
    world.channel.at(9, pbx.Key("9"))
    result = await world.run()
    assert (result.disposition, result.recordings, kept.found, spool.kept) == ("opted_out", (), [], set())


async def test_a_spoken_answer_is_kept_when_the_flow_says_so() -> None:
    kept = Kept()
    world, _ = leaves(KEEPS, kept, Heard("很满意", 0.9))
    world.channel.at(6, TALK).at(7, PAUSE)
    result = await world.run()
    assert result.answers == {"remark": "很满意"}
    assert [(name, kind) for name, kind, _ in kept.found] == [("remark", "answer")]
    assert len(result.recordings) == 1
