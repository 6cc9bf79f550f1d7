"""What turns speech into text inside its own process: plain blocking calls, one utterance after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agi_app.flow.answers.recognition import Heard

Samples = npt.NDArray[np.float32]  # 8 kHz, mono, -1 to 1


class AsrEngine(Protocol):
    """It only gets what holds speech (``vad_filter.py``)."""

    def recognise(self, speech: Samples, language: str, phrases: Sequence[str]) -> Heard:
        """``phrases``: what is likely to be said, most important first."""
