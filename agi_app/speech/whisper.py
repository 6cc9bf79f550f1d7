"""Whisper by faster-whisper: any CTranslate2 model folder, multilingual or English only.

Whisper is made for half a minute of speech. Answers are short, so it gets a shorter window: most of its time
goes into the encoder, which takes as long as its window is. It is greedy and may not go on for long, and what it
holds for no speech, or is not sure of, is not passed on as an answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from agi_app.errors import ConfigError
from agi_app.flow.heard import Heard
from agi_app.speech.engine import Samples
from agi_app.speech.hints import prompt
from agi_app.speech.screening import RATE

FILES = ("model.bin", "config.json", "tokenizer.json")
_RATE = 16000
_FRAMES_A_SECOND = 100
WINDOWS = (1000, 1500, 3000)  # frames: the shortest that leaves two seconds free is used
_FREE = 200
NO_SPEECH = 0.5  # probability from which it holds the sound for no speech
SURE = -1.6  # mean log-probability of a token; below it, what it says is a guess
LEAST_TOKENS, TOKENS_A_SECOND = 24, 8


class Whisper:
    """See ``engine.Engine``. Confidence: the geometric mean of the probabilities of its tokens."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load it; raises ConfigError when the folder lacks a file."""
        if absent := [name for name in FILES if not (folder / name).is_file()]:
            raise ConfigError(
                f"[speech] model: {folder} lacks {', '.join(absent)}; it must be the folder of a Whisper model"
                " converted for CTranslate2"
            )
        self._whisper = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._tokenizers: dict[str, Any] = {}
        self.recognise(np.zeros(RATE, np.float32), "en", ())  # the first time takes longer

    def recognise(self, speech: Samples, language: str, phrases: Sequence[str]) -> Heard:
        """See ``engine.Engine``. Half a minute is heard, not more."""
        family = language.partition("-")[0].lower()
        tokens = self._tokenizer(family)
        start = _start(tokens, prompt(family, phrases))
        sound = soxr.resample(speech, RATE, _RATE)
        features = self._whisper.feature_extractor(sound)
        window = next((w for w in WINDOWS if features.shape[-1] + _FREE <= w), WINDOWS[-1])
        most = max(LEAST_TOKENS, int(len(speech) / RATE * TOKENS_A_SECOND))
        result = self._whisper.model.generate(
            self._whisper.encode(pad_or_trim(features, window)),
            [start],
            beam_size=1,
            max_length=len(start) + most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )[0]
        text = tokens.decode(result.sequences_ids[0]).strip()
        return judged(text, float(result.scores[0]), float(result.no_speech_prob))

    def _tokenizer(self, family: str) -> Any:
        if family not in self._tokenizers:
            multilingual = self._whisper.model.is_multilingual
            if not multilingual and family != "en":
                raise ValueError(f"this model understands English only, not {family}")
            self._tokenizers[family] = Tokenizer(
                self._whisper.hf_tokenizer, multilingual, task="transcribe", language=family
            )
        return self._tokenizers[family]


def judged(text: str, mean_log_prob: float, no_speech: float) -> Heard:
    """What it said, or why that is no answer."""
    if no_speech > NO_SPEECH or not text:
        return Heard("", 0.0, "noise")
    confidence = math.exp(min(0.0, mean_log_prob))
    return Heard(text, confidence, "unsure" if mean_log_prob < SURE else "")


def _start(tokens: Any, hint: str) -> list[int]:
    """What comes before its own words: the hint as words that were said before, and what it shall do."""
    before = [tokens.sot_prev, *tokens.encode(f" {hint}")] if hint else []
    return [*before, *tokens.sot_sequence, tokens.no_timestamps]
