"""What answers the calls of `bench machines`: people who say hello, and answering services with their beep.

Each text by each voice, as a telephone sends it from the answer on: a while until it speaks, the words, for a machine a
gap, a beep and silence; room noise over all of it, A-law or µ-law. All is chosen by the text and the voice, so that
it is the same in every run. What the voices said is in the cache of the speech bench.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soxr
import yaml

from bench.speech.clips import RATE as VOICE_RATE
from bench.speech.clips import SPEEDS, save, spoken
from bench.speech.machine_phrases import parts_of
from bench.speech.telephone_line import LEVEL_DB, RATE, Sound, band, pink
from sandbox.g711 import ALAW, ULAW

Option = TypeVar("Option")
PHRASES = Path(__file__).parent / "machine_phrases.yaml"
PERSON, MACHINE = "person", "machine"
BEGINS_S = {PERSON: (0.3, 0.6, 1.0), MACHINE: (0.5, 1.0, 1.6)}  # from the answer to the first word
NOISE_DB = (-65.0, -55.0, -48.0)  # of full scale; the voice is at -22
GAPS_S = (0.3, 0.7, 1.2)  # between the last word and the beep
BEEPS = ((440, 0.4), (1000, 0.3), (1400, 0.8))  # Hz, seconds
BEEP_DB = -15.0
PERSON_WAITS_S, MACHINE_WAITS_S = 8.0, 12.0  # silence behind it
_VOICED = 0.05  # of the level of the words


@dataclass(frozen=True, slots=True)
class Clip:
    """One who answers."""

    language: str
    who: str  # person or machine
    text: str
    voice: str
    held_out: bool  # no setting was chosen by this voice
    law: int  # payload type
    sound: Sound
    spoken_s: float  # from the answer to the end of the last word
    beep_ends_s: float | None  # from the answer; None: nothing beeps

    def write(self, file: Path) -> None:
        """As a recording for ``sandbox.speaker``."""
        save(file, RATE, self.sound)


def clips(noise_db: float | None = None) -> Iterator[Clip]:
    """All of them, or over one loud noise; the first time on a machine the voices speak for a quarter of an hour."""
    table: dict[str, dict[str, Any]] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    for language, entry in table.items():
        voices = [*entry["voices"], *entry["held_out"]]
        for who in (PERSON, MACHINE):
            for text, voice in product(entry[who], voices):
                yield _clip(language, who, text, voice, noise_db, held_out=voice in entry["held_out"])


def _clip(language: str, who: str, text: str, voice: str, noise_db: float | None, *, held_out: bool) -> Clip:
    chance = hashlib.sha256(f"{text} {voice}".encode()).digest()
    begins, speed = _pick(BEGINS_S[who], chance[0]), _pick(SPEEDS, chance[1])
    parts: list[Sound] = [_quiet(begins)]
    for words, pause in parts_of(text):
        parts += [_levelled(spoken(words, voice, speed)), _quiet(pause)]
    spoken_s, beep_ends_s = sum(map(len, parts)) / RATE, None
    if who == MACHINE:
        parts += [_quiet(_pick(GAPS_S, chance[2])), _beep(*_pick(BEEPS, chance[3]))]
        beep_ends_s = sum(map(len, parts)) / RATE
    whole = np.concatenate([*parts, _quiet(MACHINE_WAITS_S if who == MACHINE else PERSON_WAITS_S)])
    noise = band(pink(len(whole), f"{text} {voice}"))
    loud = _pick(NOISE_DB, chance[4]) if noise_db is None else noise_db
    noise *= 10 ** (loud / 20) / float(np.sqrt(np.mean(noise**2)))
    law = _pick((ULAW, ALAW), chance[5])
    return Clip(language, who, text, voice, held_out, law, whole + noise, spoken_s, beep_ends_s)


def _pick(options: Sequence[Option], chance: int) -> Option:
    return options[chance % len(options)]


def _quiet(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def _beep(hertz: float, seconds: float) -> Sound:
    times = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(np.sin(2 * np.pi * hertz * times) * np.sqrt(2) * 10 ** (BEEP_DB / 20), np.float32)


def _levelled(sound: Sound) -> Sound:
    """8 kHz, 300 to 3400 Hz, at the level of a speaking person, from the first voiced moment to the last."""
    narrow = band(np.asarray(soxr.resample(sound, VOICE_RATE, RATE), np.float32))
    loud = narrow[np.abs(narrow) > 0.02 * np.abs(narrow).max()]
    narrow = narrow * np.float32(10 ** (LEVEL_DB / 20) / float(np.sqrt(np.mean(loud**2))))
    frame = RATE // 50
    power = np.sqrt((narrow[: len(narrow) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1))
    voiced = np.flatnonzero(power > _VOICED * 10 ** (LEVEL_DB / 20))
    return narrow[int(voiced[0]) * frame : int(voiced[-1] + 1) * frame]
