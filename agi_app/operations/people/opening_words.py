"""What a caller said, given with a complaint: the guard knows others by it who say the same from other numbers."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from agi_app.errors import InputError
from agi_app.guard.call import read_caller
from agi_app.guard.scripts import MIN_WORDS, words
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.prompts.faults import PromptFault
from agi_app.speech.recognizer import recognizer_of
from agi_app.store.screening.guard_scripts import OpeningWords
from agi_app.store.screening.script_matching import LONGEST_S, RECOGNISED_WITHIN_S, take

RATE = 8000


async def of(inst: Installation, transcript: str, recording: Path | None) -> str | None:
    """The opening words, typed or of a recording; None: none are given.

    Raises InputError when they say too little, ConfigError.
    """
    if recording is not None:
        if inst.settings.speech.engine == "none":
            raise InputError(
                t("--recognise: needs [speech] engine (docs/how-to/spoken-answers.md), or give --transcript")
            )
        transcript = await _recognised(inst, recording)
        if not transcript:
            raise InputError(t("{recording}: no words were understood in it; give --transcript", recording=recording))
    elif not transcript:
        return None
    if (count := len(words(transcript))) < MIN_WORDS:
        raise InputError(
            t(
                "{count} opening words would match too many callers: give {min_words} or more",
                count=count,
                min_words=MIN_WORDS,
            )
        )
    return transcript


async def learn(inst: Installation, caller: str, at: dt.datetime, said: str, who: str) -> str | None:
    """Make them a known script; returns its name. Raises StoreError."""
    number, _ = read_caller(caller, inst.settings.guard.region or None)
    return await take(inst.store, OpeningWords(at, "complaint", said, number=number), who)


async def _recognised(inst: Installation, recording: Path) -> str:
    """What is said in the beginning of a recording; empty when that is not understood."""
    try:
        pcm = await asyncio.to_thread(_samples, recording)
    except PromptFault as fault:
        raise InputError(f"{recording}: {fault}") from fault
    own = inst.settings.speech.model_copy(update={"workers": 1, "queue": 1})
    async with recognizer_of(own, inst.settings.project) as recognizer:
        if recognizer is None:
            return ""
        return (await recognizer.transcribe(pcm, inst.settings.guard.listen_language, (), RECOGNISED_WITHIN_S)).text


def _samples(recording: Path) -> bytes:
    import numpy as np  # slow to load, all three, and few operations need them
    import soxr

    from agi_app.prompts.sound_files import read_sound

    sound = read_sound(recording)
    narrow = np.clip(soxr.resample(sound.samples[: round(LONGEST_S * sound.rate)], sound.rate, RATE), -1, 1)
    return bytes((narrow * 32767).astype("<i2").tobytes())
