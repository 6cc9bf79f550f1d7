"""Who hears the calls of a worker: what records them, and what understands the recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from agi_app.flow.answers.meanings import Meanings
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.language.definition import Flow
from agi_app.model.call import KeptRecording
from agi_app.pbx.media.recording_spool import RecordingSpool

Keep = Callable[[str, str, bytes], KeptRecording]


class RecognizerLike(Protocol):
    """What listening needs of a recogniser (``speech/recognizer.py``)."""

    async def transcribe(self, pcm: bytes, language: str, phrases: Sequence[str], deadline_s: float) -> Heard:
        """What was said; never raises for a bad call."""


class DetectorLike(Protocol):
    """What following a call live needs of ``speech.talk.TalkDetector``."""

    def hear(self, pcm: bytes) -> list[bool]:
        """What happened in the next samples: True is somebody beginning to talk, False their pause."""


@dataclass(frozen=True, slots=True)
class LiveTaps:
    """By whom a call is followed live: where its sound comes from, and who tells talk in it."""

    open: Callable[[str, Callable[[bytes], None], float], AbstractAsyncContextManager[None]]  # SnoopTaps.open
    detector: Callable[[], AbstractContextManager[DetectorLike | None]]  # None: all are lent to other calls


@dataclass(frozen=True, slots=True)
class SpeechServices:
    """Who hears the calls of a worker."""

    spool: RecordingSpool
    recognizer: RecognizerLike | None  # None: nobody understands what is said
    meanings: Meanings = field(default_factory=lambda: Meanings({}))
    keep: Keep | None = None  # what keeps a recording (name, kind, samples), encrypted; blocks; None: nothing is
    deadline_s: float = 4.0
    level: int = 256  # mean amplitude that counts as talk
    variables: Mapping[str, str] = field(default_factory=dict)  # what an originate needs so that talk is told
    taps: LiveTaps | None = None  # None: no call is followed live
    records_calls: bool = True  # False: a flow that wants its call recorded goes on without

    def for_call(self, flow: Flow) -> Mapping[str, str]:
        """The variables of a call that runs ``flow``; none where nothing is listened to."""
        return self.variables if self.recognizer is not None and flow.listens else {}
