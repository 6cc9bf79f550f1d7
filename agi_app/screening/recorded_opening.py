"""The opening words of a recording that somebody hands in, recognised once, outside of calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import soxr

from agi_app.config.voice import SpeechSettings
from agi_app.errors import InputError
from agi_app.prompts.faults import PromptFault
from agi_app.screening.opening_words import LONGEST_S, RECOGNISED_WITHIN_S
from agi_app.speech.recognizer import recognizer_of

RATE = 8000


async def opening_words(recording: Path, language: str, speech: SpeechSettings, project: Path) -> str:
    """What is said in its beginning; empty when that is not understood. Raises InputError, ConfigError."""
    try:
        pcm = await asyncio.to_thread(_samples, recording)
    except PromptFault as fault:
        raise InputError(f"{recording}: {fault}") from fault
    own = speech.model_copy(update={"workers": 1, "queue": 1})
    async with recognizer_of(own, project) as recognizer:
        if recognizer is None:
            return ""
        return (await recognizer.transcribe(pcm, language, (), RECOGNISED_WITHIN_S)).text


def _samples(recording: Path) -> bytes:
    from agi_app.prompts.sound_files import read_sound  # noqa: PLC0415 - slow to load, and few commands need it

    sound = read_sound(recording)
    opening = sound.samples[: round(LONGEST_S * sound.rate)]
    narrow = np.clip(soxr.resample(opening, sound.rate, RATE), -1, 1)
    return bytes((narrow * 32767).astype("<i2").tobytes())
