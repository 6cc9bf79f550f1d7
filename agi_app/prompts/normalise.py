"""One recording prepared: without rumble and silence, at the wanted loudness, peaks limited, 8 kHz mono 16 bit.

Trimming is pydub's; gain is applied to floats, since pydub rounds to 16 bit at each step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydub import AudioSegment
from pydub.silence import detect_leading_silence

from agi_app.messages import t
from agi_app.prompts import wav
from agi_app.prompts.faults import PromptFault
from agi_app.prompts.loudness import Samples, limit, loudness, resampled, true_peak, without_rumble
from agi_app.prompts.sound_files import Sound
from agi_app.prompts.wav import NARROW, WIDE

CEILING_DB = -3.0  # true peak; G.711 and the codecs of mobile networks overshoot
SILENCE_DB = -40.0  # below the loudest peak
KEPT_S = 0.15  # silence that stays before and after the speech
KEPT_PIECE_S = 0.03  # pieces follow each other within one number
MOST_GAIN_DB = 30.0  # more would only lift noise
LIMITER_TURNS = 4
SHORTEST_S = 0.05
_FADE_S = 0.005


@dataclass(frozen=True, slots=True)
class LevellingTarget:
    """What the files shall be."""

    loudness: float  # LUFS
    wideband: bool = False  # also 16 kHz
    piece: bool = False  # part of a spoken value


@dataclass(frozen=True, slots=True)
class Levelled:
    """The finished files and what was done."""

    narrow: bytes  # WAV
    wide: bytes | None  # WAV
    seconds: float
    loudness: float  # LUFS
    true_peak_db: float
    gain_db: float
    limited_db: float  # the loudest peak would lie so much above the ceiling
    trimmed_s: float
    clipped: int
    notes: tuple[str, ...]


def level(sound: Sound, wanted: LevellingTarget) -> Levelled:
    """Make one recording ready; raises PromptFault when there is nothing to hear."""
    samples, trimmed, gain, limited = _at(sound, wanted, NARROW)
    notes = []
    if sound.clipped:
        notes.append(
            t(
                "the recording is cut off at the top in {clipped} places; record it again at a lower level",
                clipped=sound.clipped,
            )
        )
    reached = loudness(samples, NARROW)
    if wanted.loudness - reached > 1.5:
        notes.append(
            t(
                "{loudness:.1f} LU quieter than wanted: its peaks are too far above the rest",
                loudness=wanted.loudness - reached,
            )
        )
    return Levelled(
        narrow=wav.build(NARROW, _bytes(samples)),
        wide=wav.build(WIDE, _bytes(_at(sound, wanted, WIDE)[0])) if wanted.wideband else None,
        seconds=round(len(samples) / NARROW, 3),
        loudness=round(reached, 1),
        true_peak_db=round(_db(true_peak(samples)), 1),
        gain_db=round(gain, 1),
        limited_db=round(limited, 1),
        trimmed_s=round(trimmed, 2),
        clipped=sound.clipped,
        notes=tuple(notes),
    )


def _at(sound: Sound, wanted: LevellingTarget, rate: int) -> tuple[Samples, float, float, float]:
    """The samples at ``rate``, seconds trimmed, gain in dB, dB taken from the peaks."""
    if len(sound.samples) < SHORTEST_S * sound.rate:
        raise PromptFault(t("contains no sound; record it again"))
    whole = without_rumble(resampled(sound.samples, sound.rate, rate), rate)
    kept = _trimmed(whole, rate, KEPT_PIECE_S if wanted.piece else KEPT_S)
    found = loudness(kept, rate)
    if math.isinf(found):
        raise PromptFault(t("contains only silence; record it again"))
    gain = wanted.loudness - found
    if gain > MOST_GAIN_DB:
        raise PromptFault(
            t("is almost silent ({found:.0f} LUFS); record it again, nearer to the microphone", found=found)
        )
    finished = _loud(kept, rate, gain)
    for _ in range(LIMITER_TURNS):
        missing = wanted.loudness - loudness(finished, rate)
        if missing < 0.1:
            break
        gain = min(gain + missing, MOST_GAIN_DB)  # what the limiter took
        finished = _loud(kept, rate, gain)
    over = max(0.0, _db(true_peak(kept)) + gain - CEILING_DB)
    return finished, (len(whole) - len(kept)) / rate, gain, over


def _loud(samples: Samples, rate: int, gain_db: float) -> Samples:
    louder: Samples = samples * 10 ** (gain_db / 20)
    ceiling = 10 ** (CEILING_DB / 20)
    return limit(louder, rate, ceiling) if true_peak(louder) > ceiling else louder


def _trimmed(samples: Samples, rate: int, kept_s: float) -> Samples:
    peak = np.abs(samples).max(initial=0.0)
    if peak < 1e-5:  # -100 dB: digital silence
        raise PromptFault(t("contains only silence; record it again"))
    segment = AudioSegment(data=_bytes(samples * (0.9 / peak)), sample_width=2, frame_rate=rate, channels=1)
    before = detect_leading_silence(segment, SILENCE_DB, chunk_size=10)
    after = detect_leading_silence(segment.reverse(), SILENCE_DB, chunk_size=10)
    first = max(0, before * rate // 1000 - round(kept_s * rate))
    last = min(len(samples), len(samples) - after * rate // 1000 + round(kept_s * rate))
    kept = samples[first:last].copy()
    fade = min(round(_FADE_S * rate), len(kept) // 2)
    kept[:fade] *= np.linspace(0, 1, fade)
    kept[len(kept) - fade :] *= np.linspace(1, 0, fade)
    return kept


def _bytes(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()


def _db(value: float) -> float:
    return 20 * math.log10(value) if value > 0 else float("-inf")
