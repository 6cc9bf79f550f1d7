"""Whisper by faster-whisper: any CTranslate2 model folder, multilingual or English only.

Whisper is made for half a minute of free speech. Answers are short, so it gets a shorter window: most of its time goes
into the encoder, which takes as long as its window is. And the flow knows what is likely to be said: the phrases are
its context, and in a second search its only words. What all searches found is then weighed by the sound
alone, so that a phrase is not heard only because it was expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import soxr
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from agi_app.errors import ConfigError
from agi_app.flow.answers import pinyin
from agi_app.flow.answers.recognition import Heard
from agi_app.messages import t
from agi_app.speech.vad_filter import RATE, Samples
from agi_app.speech.whisper_choice import Candidate, forms, judged, letters, mean_log, repeats
from agi_app.speech.whisper_hints import prompt

FILES = ("model.bin", "config.json", "tokenizer.json")
_RATE = 16000
_FRAMES_A_SECOND = 100
WINDOWS_S = (10, 20, 30)  # the shortest that leaves a second free is used
_FREE_S = 1.0
_KEPT_LISTS = 100  # of questions
# How wide it searches: freely, among the phrases, and how much of that is weighed, which takes as long as all the rest.
# A Mandarin sound is written in many ways, so what was said lies deeper; in English more only adds inventions.
BEAMS, BEAMS_ELSE = {"zh": (6, 8, 12)}, (4, 6, 8)
MOST_PHRASES = 200  # whose words make up the second search
CLEAR = -0.3  # mean log-probability of a token from which on a phrase is clear
PHRASE_S = 5.0  # a person who talks for longer does not say a phrase
LEAST_TOKENS, TOKENS_A_SECOND = 24, 8


class Whisper:
    """An engine for ``vad_filter``. Confidence: the geometric mean of the probabilities of its tokens."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load it; raises ConfigError when the folder lacks a file."""
        if absent := [name for name in FILES if not (folder / name).is_file()]:
            raise ConfigError(
                t(
                    "[speech] model: {folder} lacks {absent}; it must be the folder of a Whisper model converted for"
                    " CTranslate2",
                    folder=folder,
                    absent=", ".join(absent),
                )
            )
        self._whisper = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._tokenizers: dict[str, Any] = {}
        self._others: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        pinyin.warm()
        self.recognise(np.zeros(RATE, np.float32), "en", ("yes",))  # the first time takes longer

    def recognise(self, speech: Samples, language: str, phrases: Sequence[str]) -> Heard:
        """See ``vad_filter.Recognise``. Half a minute is heard, not more."""
        family = language.partition("-")[0].lower()
        tokens = self._tokenizer(family)
        seconds = len(speech) / RATE
        frames = next((w for w in WINDOWS_S if seconds + _FREE_S <= w), WINDOWS_S[-1]) * _FRAMES_A_SECOND
        sound = np.asarray(soxr.resample(speech, RATE, _RATE), np.float32)
        sound = np.pad(sound, (0, max(0, frames * _RATE // _FRAMES_A_SECOND - len(sound))))
        encoded = self._whisper.encode(pad_or_trim(self._whisper.feature_extractor(sound), frames))
        plain = [*tokens.sot_sequence, tokens.no_timestamps]
        hint = prompt(family, phrases)  # Whisper takes it for said before
        hinted = [tokens.sot_prev, *tokens.encode(f" {hint}"), *plain] if hint else plain
        most = max(LEAST_TOKENS, int(seconds * TOKENS_A_SECOND))
        free_beam, phrase_beam, weighed = BEAMS.get(family, BEAMS_ELSE)
        first = self._generate(encoded, hinted, most, free_beam)
        found = _by_tokens(first)
        if phrases and seconds < PHRASE_S and not _clear(tokens, found, phrases):
            suppressed = self._all_but(tokens, family, tuple(phrases[:MOST_PHRASES]))
            found = _by_tokens(self._generate(encoded, plain, most, phrase_beam, suppressed)) | found
        candidates = self._weighed(tokens, encoded, frames, plain, found, weighed)
        return judged(candidates, float(first.no_speech_prob), phrases, family)

    def _generate(self, encoded: Any, start: list[int], most: int, beam: int, suppressed: Sequence[int] = (-1,)) -> Any:
        return self._whisper.model.generate(
            encoded,
            [start],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=len(start) + most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=list(suppressed),
        )[0]

    def _weighed(
        self,
        tokens: Any,
        encoded: Any,
        frames: int,
        start: list[int],
        found: Mapping[tuple[int, ...], float],
        most: int,
    ) -> list[Candidate]:
        """Ask for each candidate how well it fits the sound, without any phrase in mind."""
        texts = {ids: tokens.decode(list(ids)).strip() for ids in found}
        kept = [ids for ids, text in texts.items() if text and not repeats(text)]
        kept = sorted(kept, key=lambda ids: found[ids], reverse=True)[:most]
        if not kept:
            return []
        many = ctranslate2.StorageView.from_array(np.repeat(np.asarray(encoded), len(kept), axis=0))
        aligned = self._whisper.model.align(many, start, [[*ids, tokens.eot] for ids in kept], [frames] * len(kept))
        return [
            Candidate(texts[ids], found[ids], mean_log(result.text_token_probs))
            for ids, result in zip(kept, aligned, strict=True)
        ]

    def _all_but(self, tokens: Any, family: str, phrases: tuple[str, ...]) -> list[int]:
        """The tokens that no phrase is made of. Flows ask the same questions again, so the lists are kept."""
        key = family, phrases
        if key not in self._others:
            if len(self._others) >= _KEPT_LISTS:
                self._others.clear()
            spellings = (form for phrase in phrases for form in forms(family, phrase))
            allowed = {tokens.eot, *(token for form in spellings for token in tokens.encode(form))}
            self._others[key] = [
                token for token in range(self._whisper.hf_tokenizer.get_vocab_size()) if token not in allowed
            ]
        return self._others[key]

    def _tokenizer(self, family: str) -> Any:
        if family not in self._tokenizers:
            multilingual = self._whisper.model.is_multilingual
            if not multilingual and family != "en":
                raise ValueError(t("this model understands English only, not {family}", family=family))
            self._tokenizers[family] = Tokenizer(
                self._whisper.hf_tokenizer, multilingual, task="transcribe", language=family
            )
        return self._tokenizers[family]


def _by_tokens(result: Any) -> dict[tuple[int, ...], float]:
    return {tuple(ids): float(score) for ids, score in zip(result.sequences_ids, result.scores, strict=True) if ids}


def _clear(tokens: Any, found: Mapping[tuple[int, ...], float], phrases: Sequence[str]) -> bool:
    """Whether the best of what was found is a phrase beyond much doubt: nothing else need be looked for."""
    if not found:
        return False
    best = max(found, key=lambda ids: found[ids])
    said = letters(tokens.decode(list(best)))
    return found[best] >= CLEAR and any(letters(phrase) == said for phrase in phrases)
