"""Sounds that are known again in a recording: a tone to say, and how long one was heard."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

import numpy as np

RATE = 8000
FRAME = 400  # 50 ms: one bin of its spectrum is 20 Hz
HEADER = 44  # of a WAV file
LOUD = 300  # root mean square from which something is heard


def write_tone(path: Path, hertz: int, seconds: int = 60) -> Path:
    """A WAV file of one tone."""
    once = array("h", (round(8000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(RATE)))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(once.tobytes() * seconds)
    return path


def heard_s(recording: Path, hertz: int | None = None) -> float:
    """For how many seconds something is heard so far; with ``hertz``: that tone, louder than all else.

    Of a file that is still written, too, whose header says nothing yet.
    """
    data = recording.read_bytes()[HEADER:] if recording.exists() else b""
    samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(float)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.sqrt((frames**2).mean(axis=1)) > LOUD
    if hertz is not None:
        highest = np.abs(np.fft.rfft(frames, axis=1)).argmax(axis=1) * RATE / FRAME
        loud &= np.abs(highest - hertz) <= RATE / FRAME
    return float(loud.sum() * FRAME / RATE)
