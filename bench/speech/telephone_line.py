"""What a telephone line makes of a sound: 300 to 3400 Hz, noise, 8 kHz, A-law or mu-law. All of it repeatable."""

from __future__ import annotations

import audioop
import random
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import soxr

Sound = npt.NDArray[np.floating[Any]]
Law = Literal["alaw", "ulaw"]
LAWS: tuple[Law, ...] = ("alaw", "ulaw")
RATE = 8000
LEVEL_DB = -22.0  # of full scale, while somebody speaks
AROUND_S = (0.4, 0.9)  # before and after the words, as a recording has it


def telephone(sound: Sound, rate: int, law: Law, snr_db: float, seed: str) -> bytes:
    """The sound as the recogniser gets it: 8 kHz, signed 16 bit. The noise is pink, and goes on before and after."""
    narrow = band(np.asarray(soxr.resample(sound, rate, RATE), np.float32))
    spoken = narrow[np.abs(narrow) > 0.02 * np.abs(narrow).max()]  # its pauses do not count for its level
    level = 10 ** (LEVEL_DB / 20)
    narrow = narrow * (level / float(np.sqrt(np.mean(spoken**2))))
    before, after = (np.zeros(int(s * RATE), np.float32) for s in AROUND_S)
    whole = np.concatenate([before, narrow, after])
    noise = band(pink(len(whole), seed))
    noise *= level * 10 ** (-snr_db / 20) / float(np.sqrt(np.mean(noise**2)))
    return coded(whole + noise, law)


def coded(sound: Sound, law: Law) -> bytes:
    """Through the codec and back."""
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    if law == "alaw":
        return audioop.alaw2lin(audioop.lin2alaw(pcm, 2), 2)
    return audioop.ulaw2lin(audioop.lin2ulaw(pcm, 2), 2)


def white(count: int, seed: str) -> Sound:
    """Noise with the same power at each frequency; its level is 1."""
    return np.random.default_rng(_number(seed)).standard_normal(count).astype(np.float32)


def pink(count: int, seed: str, slope: float = 0.5) -> Sound:
    """Noise whose power falls with the frequency (``slope`` 0.5: pink, 1: brown); its level is 1."""
    spectrum = np.fft.rfft(white(count, seed))
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    frequencies[0] = frequencies[1]
    noise = np.fft.irfft(spectrum / np.maximum(frequencies, 20.0) ** slope, count).astype(np.float32)
    return noise / float(np.sqrt(np.mean(noise**2)))


def band(sound: Sound) -> Sound:
    """300 to 3400 Hz, with soft edges."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    gain = 1 / np.sqrt(1 + (300 / np.maximum(frequencies, 1)) ** 8) / np.sqrt(1 + (frequencies / 3400) ** 24)
    return np.fft.irfft(spectrum * gain, len(sound)).astype(np.float32)


def _number(seed: str) -> int:
    return random.Random(seed).getrandbits(32)
