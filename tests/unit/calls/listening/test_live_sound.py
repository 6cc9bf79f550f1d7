"""Calls that are followed live: talk is told by its sound, what was said is at hand, and a dead tap is no dead line."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import pytest

from agi_app.calls.listening.live_sound import BYTES_A_SECOND, FRESH_S, KEPT_S, Tapping
from agi_app.calls.speech_services import DetectorLike, LiveTaps, SpeechServices
from agi_app.errors import AsteriskError, RequestFailed
from agi_app.flow.answers.recognition import Heard
from agi_app.model.call import CallResult
from agi_app.pbx.ari import events as pbx
from agi_app.pbx.media.snoop_taps import samples
from agi_app.speech.talk_detection import TalkDetector
from agi_app.speech.vad_filter import FRAME
from tests.fake_clock import FakeClock
from tests.unit.calls.listening.test_listening import FLOW, FakeRecognizer, FakeSpool
from tests.unit.calls.test_runner import World
from tests.unit.fake_channel import FakeChannel
from tests.unit.gate_cases import NOW

SILENCE, SPEECH = bytes(2 * FRAME), struct.pack("<256h", *([8000] * FRAME))


def detector(pause_ms: int = 96) -> TalkDetector:
    """One to which everything loud is speech; its pause is three frames."""
    return TalkDetector(lambda frame: max(frame.tolist()), pause_ms)


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 8000 of 32768 be speech."""
    monkeypatch.setattr("agi_app.speech.talk_detection.SPEECH", 0.2)


@pytest.mark.usefixtures("loud")
def test_talk_begins_with_three_frames_and_ends_with_the_pause() -> None:
    found = detector()
    assert found.hear(SILENCE * 20 + SPEECH * 2) == [], "a click"
    assert found.hear(SPEECH) == [True]
    assert found.hear(SPEECH * 10 + SILENCE * 2 + SPEECH) == [], "a breath"
    assert found.hear(SILENCE * 3) == [False]
    assert found.hear(SILENCE * 50) == []
    assert found.hear(SPEECH * 3) == [True], "and again"


@pytest.mark.usefixtures("loud")
def test_packets_need_not_be_frames() -> None:
    sound = SILENCE * 4 + SPEECH * 6 + SILENCE * 6
    found = detector()
    told = [happened for at in range(0, len(sound), 320) for happened in found.hear(sound[at : at + 320])]
    assert told == [True, False]


@pytest.mark.usefixtures("loud")
def test_a_detector_forgets_the_call_before() -> None:
    found = detector()
    assert found.hear(SPEECH * 3) == [True]
    found.begin()
    assert found.hear(SILENCE * 10) == [], "no pause of a talk that is not ours"


@pytest.mark.parametrize(
    ("packet", "pcm"),
    [
        (b"\x80\x00" + bytes(10) + b"\x01\x02\x03\x04", b"\x02\x01\x04\x03"),
        (b"\x82\x00" + bytes(10) + bytes(8) + b"\x01\x02", b"\x02\x01"),
        (b"\x90\x00" + bytes(10) + b"\x00\x00\x00\x01" + bytes(4) + b"\x01\x02\x03", b"\x02\x01"),
        (b"\x80\x00" + bytes(10), b""),
        (b"\x40\x00" + bytes(30), b""),
        (b"\x80", b""),
        (b"", b""),
        (b"\x90\x00" + bytes(10) + b"\x00\x00\xff\xff", b""),
    ],
)
def test_of_a_packet_only_its_sound_is_taken(packet: bytes, pcm: bytes) -> None:
    assert samples(packet) == pcm


class Line:
    """A tap whose sound the test makes; ``detector`` tells what the test wants told."""

    def __init__(self, *, free: int = 1, fails: Exception | None = None) -> None:
        self.free, self.fails = free, fails
        self.hear: Callable[[bytes], None] | None = None
        self.told: list[list[bool]] = []
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def open(self, channel_id: str, hear: Callable[[bytes], None], longest_s: float) -> AsyncIterator[None]:
        if self.fails is not None:
            raise self.fails
        self.hear = hear
        self.opened.set()
        try:
            yield
        finally:
            self.hear = None

    @contextmanager
    def detector(self) -> Iterator[DetectorLike | None]:
        if not self.free:
            yield None
            return
        self.free -= 1
        try:
            yield self._Detector(self.told)
        finally:
            self.free += 1

    class _Detector:
        def __init__(self, told: list[list[bool]]) -> None:
            self._told = told

        def hear(self, pcm: bytes) -> list[bool]:
            return self._told.pop(0) if self._told else []

    @property
    def taps(self) -> LiveTaps:
        return LiveTaps(self.open, self.detector)


class Followed:
    """A call that is followed from its answer on; ``said`` comes when its sound is first asked for."""

    def __init__(self, line: Line, *answers: Heard, said: bytes = b"") -> None:
        self.line, self.said = line, said
        self.spool, self.recognizer = FakeSpool(), FakeRecognizer(*answers)
        self.world = World(FLOW, speech=SpeechServices(cast(Any, self.spool), self.recognizer, taps=line.taps))
        self.spool.log = self.world.channel.log
        # the others only let time pass, until the tap is there
        self.world.channel.at(1, pbx.Ringing()).at(3, pbx.Started(), *[pbx.Progress()] * 10)

    async def run(self) -> CallResult:
        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(self._speak())
            result = await self.world.run()
            speaking.cancel()
        return result

    async def _speak(self) -> None:
        await self.line.opened.wait()
        assert self.line.hear is not None
        self.line.hear(self.said)


def tapping(line: Line, group: asyncio.TaskGroup, delivered: list[pbx.Event]) -> Tapping:
    class Told(FakeChannel):
        def deliver(self, event: pbx.Event) -> None:
            delivered.append(event)

    return Tapping(group, line.taps, cast(Any, Told(FakeClock(NOW))), 60.0)


async def test_what_was_said_last_is_kept_but_not_for_ever() -> None:
    line, delivered = Line(), list[pbx.Event]()
    async with asyncio.TaskGroup() as group:
        tapped = tapping(line, group, delivered)
        tapped.start()
        await asyncio.sleep(0)
        assert line.hear is not None
        second = b"\x01\x00" * (BYTES_A_SECOND // 2)
        for _ in range(round(KEPT_S) + 5):
            line.hear(second)
        line.hear(b"\x02\x00" * 160)
        assert tapped.live
        assert tapped.last(0.02).endswith(b"\x02\x00" * 100)
        assert len(tapped.last(1e6)) <= KEPT_S * BYTES_A_SECOND
        tapped.stop()
        await asyncio.sleep(0)
        assert line.free == 1, "the next call can have it"


async def test_talk_is_told_and_asterisk_s_own_word_is_not_heard_meanwhile() -> None:
    line, delivered = Line(), list[pbx.Event]()
    async with asyncio.TaskGroup() as group:
        tapped = tapping(line, group, delivered)
        tapped.start()
        await asyncio.sleep(0)
        assert line.hear is not None
        assert not tapped.knows_better(pbx.TalkingStarted()), "nothing has come yet"
        line.told += [[True], [False]]
        line.hear(SPEECH)
        line.hear(SILENCE)
        assert delivered == [pbx.TalkingStarted(tapped=True), pbx.TalkingFinished(tapped=True)]
        assert tapped.knows_better(pbx.TalkingStarted())
        assert tapped.knows_better(pbx.TalkingFinished())
        assert not any(tapped.knows_better(event) for event in delivered)
        assert not tapped.knows_better(pbx.Key("9"))
        await asyncio.sleep(FRESH_S + 0.05)
        assert not tapped.knows_better(pbx.TalkingStarted()), "the tap is dead"
        assert tapped.last(FRESH_S) == b""
        tapped.stop()


async def test_a_spoken_stop_is_understood_without_any_recording() -> None:
    said = SPEECH * 40
    call = Followed(Line(), Heard("不要再打了", 0.9), said=said)
    call.world.channel.at(3.5, pbx.TalkingStarted(tapped=True)).at(4.8, pbx.TalkingFinished(tapped=True))
    result = await call.run()
    assert call.world.channel.log == ["play zh/greeting", "stop agi-app-a1-p1", "store", "play zh/stopped", "hangup"]
    assert result.disposition == "opted_out"
    assert 0 < call.recognizer.asked[0][0] <= len(said)
    assert call.line.free == 1


async def test_noise_that_asterisk_takes_for_talk_does_not_break_the_prompt_off() -> None:
    call = Followed(Line(), said=SILENCE)
    call.world.channel.at(3.2, pbx.TalkingStarted(), pbx.TalkingFinished())
    await call.run()
    assert call.world.channel.log[:2] == ["play zh/greeting", "play zh/ask"]
    assert call.recognizer.asked == []


@pytest.mark.parametrize(
    "line",
    [
        Line(free=0),
        Line(fails=RequestFailed("snoop", 500, "no chan_rtp")),
        Line(fails=OSError("Too many open files")),
        Line(fails=AsteriskError("Asterisk's answer was not understood")),
    ],
)
async def test_without_a_tap_asterisk_s_own_detector_counts(line: Line) -> None:
    call = Followed(line, Heard("不要再打了", 0.9))
    call.world.channel.at(3.5, pbx.TalkingStarted()).at(4.8, pbx.TalkingFinished())
    result = await call.run()
    assert result.disposition == "opted_out"
    assert "listen agi-app-a1-r2" in call.world.channel.log
