"""What the voices say, as the recogniser gets it: every phrase by every voice, over a telephone line with noise.

Speaking is slow (a second and more a phrase), so what a voice said is kept in the cache folder; the line is made anew.
"""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from agi_app.flow.answers.understanding import NO_MATCH
from bench.output import say
from bench.speech import models as speech_models
from bench.speech.telephone_line import LAWS, Sound, telephone

HERE = Path(__file__).parent
PHRASES, SOUNDS = HERE / "phrases.yaml", HERE / "phonemes.tsv"
RATE = 24000
SNR_DB = 15.0
SPEEDS = (0.9, 1.0, 1.15)
FULL_STOP = 4  # in Kokoro's vocabulary: it has learnt sentences, and swallows half of a word that does not end one


@dataclass(frozen=True, slots=True)
class Clip:
    """One utterance, and what must be understood."""

    phrase: str
    wanted: str  # a label of the answers, opt_out, or no_match
    voice: str
    held_out: bool  # this voice was never listened to while anything was tuned
    pcm: bytes


def languages() -> dict[str, dict[str, Any]]:
    """``phrases.yaml``."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    return found


def clips(language: str) -> Iterator[Clip]:
    """All answers of a language: each phrase by each voice, at one of three speeds and over one of two codecs."""
    for wanted, phrases in languages()[language]["clips"].items():
        yield from _each(language, wanted, phrases)


def no_answers(language: str) -> Iterator[Clip]:
    """What people say that answers no question: the same voices on the same lines."""
    yield from _each(language, NO_MATCH.value, languages()[language]["no_answer"])


def _each(language: str, wanted: str, phrases: Sequence[str]) -> Iterator[Clip]:
    table = languages()[language]
    for phrase, voice in product(phrases, (*table["voices"], *table["held_out"])):
        seed = f"{phrase} {voice}"
        law = LAWS[_choice(seed) // 8 % len(LAWS)]
        pcm = telephone(at_its_speed(phrase, voice), RATE, law, SNR_DB, seed)
        yield Clip(phrase, wanted, voice, voice in table["held_out"], pcm)


def at_its_speed(phrase: str, voice: str) -> Sound:
    """What the voice says, at the one of three speeds that falls to both."""
    return spoken(phrase, voice, SPEEDS[_choice(f"{phrase} {voice}") % len(SPEEDS)])


def _choice(seed: str) -> int:
    return hashlib.sha256(seed.encode()).digest()[0]


def spoken(phrase: str, voice: str, speed: float) -> Sound:
    """What the voice says, 24 kHz; from the cache when it said it before."""
    numbers = (*sounds()[phrase], FULL_STOP)
    key = hashlib.sha256(f"{speech_models.KOKORO_SHA256} {voice} {speed} {numbers}".encode()).hexdigest()[:24]
    file = speech_models.CACHE / "clips" / f"{key}.wav"
    if not file.exists():
        save(file, RATE, _say(numbers, voice, speed))
    with wave.open(str(file)) as source:
        return np.frombuffer(source.readframes(source.getnframes()), "<i2").astype(np.float32) / 32768


def save(file: Path, rate: int, sound: Sound) -> None:
    """A WAV file, written whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_suffix(".new")
    with wave.open(str(made), "wb") as target:
        target.setparams((1, 2, rate, 0, "NONE", ""))
        target.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    made.rename(file)


@cache
def sounds() -> dict[str, tuple[int, ...]]:
    """phrase -> how it sounds, in the numbers of Kokoro's vocabulary (``spell.py`` writes the file)."""
    lines = (line.split("\t") for line in SOUNDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {phrase: tuple(map(int, numbers.split())) for phrase, _, numbers in lines}


def _say(numbers: tuple[int, ...], voice: str, speed: float) -> Sound:
    style = np.fromfile(speech_models.voices() / f"{voice}.bin", np.float32).reshape(-1, 1, 256)[len(numbers)]
    given = {"style": style, "speed": [speed], "tokens": [[0, *numbers, 0]], "input_ids": [[0, *numbers, 0]]}
    session = _session()
    feed = {entry.name: np.asarray(given[entry.name], _TYPES[entry.type]) for entry in session.get_inputs()}
    return np.asarray(session.run(None, feed)[0], np.float32).squeeze()


_TYPES = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
}


@cache
def _session() -> Any:
    import onnxruntime

    say("the voices speak what is not in the cache yet: about two seconds a phrase ...")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(speech_models.kokoro()), options, providers=["CPUExecutionProvider"])
