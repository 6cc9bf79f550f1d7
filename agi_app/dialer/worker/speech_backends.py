"""All by which a worker hears its calls: recordings in Asterisk's spool, live taps, and who understands them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from prometheus_client import Histogram

from agi_app.calls.speech_services import Keep, LiveTaps, RecognizerLike, SpeechServices
from agi_app.config.speech import SpeechSettings
from agi_app.flow.answers.meanings import Meanings
from agi_app.flow.answers.recognition import Heard
from agi_app.monitoring.measures import Measures
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.media.recording_spool import RecordingSpool
from agi_app.pbx.media.snoop_taps import SnoopTaps
from agi_app.pbx.talk_detect import talk_detect


@dataclass(frozen=True, slots=True)
class _Timed:
    """A recogniser whose answers are timed."""

    recognizer: RecognizerLike
    times: Histogram

    async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
        """As the recogniser does."""
        with self.times.time():
            return await self.recognizer.transcribe(pcm, language, phrases, deadline_s)


@dataclass(frozen=True)
class SpeechBackends:
    """Joined; ``run`` it beside the calls."""

    spool: RecordingSpool
    taps: SnoopTaps
    speech: SpeechServices

    @classmethod
    def of(
        cls,
        ari: Ari,
        speech: SpeechSettings,
        recognizer: RecognizerLike | None,
        meanings: Meanings,
        keep: Keep,
        measures: Measures | None = None,
    ) -> Self:
        """As the settings say; without a recogniser messages are still recorded."""
        if recognizer is not None and measures is not None:
            recognizer = _Timed(recognizer, measures.speech_s.labels(speech.engine))
        spool, taps, live = RecordingSpool(ari), SnoopTaps(ari), None
        if speech.snoop_channels and recognizer is not None:
            from agi_app.speech.talk_detection import TalkDetectors  # noqa: PLC0415 - numpy and a model, only where wanted

            live = LiveTaps(taps.open, TalkDetectors(speech.snoop_channels, speech.pause).one)
        variables = talk_detect(speech)
        services = SpeechServices(spool, recognizer, meanings, keep, speech.deadline, speech.level, variables, live)
        return cls(spool, taps, services)

    def handle(self, frame: Frame) -> bool:
        """Take an event of the socket if it is about a recording, an ear or a tap; never waits."""
        return self.spool.handle(frame) or self.taps.handle(frame)

    async def run(self) -> None:
        """Tidy up in Asterisk until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.spool.run())
            group.create_task(self.taps.run())
