"""Sound files for tests: speech-like noise in any WAV form."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agi_app.prompts import wav

Samples = npt.NDArray[np.float64]


def speech(rate: int, seconds: float = 1.0, level: float = 0.2) -> Samples:
    """Bursts of a few harmonics, five a second as syllables are, peaks at about ``level``."""
    t = np.arange(round(rate * seconds)) / rate
    harmonics = [np.sin(2 * np.pi * 150 * n * t + n) / n for n in range(1, 16) if 150 * n < rate / 2]
    wave = np.sum(harmonics, axis=0) * (0.55 + 0.45 * np.sin(2 * np.pi * 5 * t))
    found: Samples = wave * level / np.abs(wave).max()
    return found


def pcm(samples: Samples, bits: int) -> bytes:
    """Little-endian integers; 8 bit is unsigned, as WAV has it."""
    if bits == 8:
        return np.rint(samples * 127 + 128).clip(0, 255).astype(np.uint8).tobytes()
    whole = (samples.clip(-1, 1) * (2 ** (bits - 1) - 1)).astype("<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


def riff(path: Path, rate: int, data: bytes, *, bits: int = 16, channels: int = 1, tag: int = wav.PCM) -> Path:
    """Write a WAV file with this header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def write_speech(path: Path, rate: int = 44100, *, bits: int = 16, seconds: float = 1.0, level: float = 0.2) -> Path:
    """A recording as a person brings it."""
    return riff(path, rate, pcm(speech(rate, seconds, level), bits), bits=bits)


def samples_of(path: Path) -> tuple[Samples, int]:
    """What is in a prepared file."""
    sound = wav.parse(path.read_bytes())
    assert (sound.tag, sound.channels, sound.bits) == (wav.PCM, 1, 16)
    return np.frombuffer(sound.data, "<i2") / 32768, sound.rate
