"""How well spoken answers are understood, how fast, and whether a line without speech ever becomes an answer.

Clips go through what a call's answer goes through: the pool, its process, the voice detector, the engine with the
phrases of the question as bias, and ``understand``. Models and voices are those of ``models.py``, what is said
stands in ``phrases.yaml``.
"""

from __future__ import annotations

import asyncio
import math
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.config.speech import SpeechSettings
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import NO_MATCH, Grammar, Understood, bias, understand
from agi_app.speech.recognizer import recognizer_of
from agi_app.speech.recognizer_pool import SpeechPool
from bench.output import machine, say
from bench.speech import clips as speech_clips
from bench.speech import models as speech_models
from bench.speech import noise as speech_noise

NAMES = {"zh-CN": "zh", "en": "en"}
LEAST = {"zh": 0.96, "en": 0.95}
MOST_P50_S = 0.7  # with 0.8 s of silence that ends an utterance and 0.1 s for its way, 1.6 s until the next prompt
DEADLINE_S = 30.0  # nothing may be late here: the figures are about what is understood
TOGETHER = 80  # utterances for the throughput


def run(threads: int = 1) -> dict[str, Any]:
    """One run; the first one on a machine lets the voices speak for half an hour."""
    before = machine()
    clips = {language: list(speech_clips.clips(language)) for language in NAMES}
    others = {language: list(speech_clips.no_answers(language)) for language in NAMES}
    noise = list(speech_noise.clips())
    speech = SpeechSettings(engine="faster-whisper", model=speech_models.whisper_base(), threads=threads)
    figures = asyncio.run(_measure(speech, clips, others, noise))
    return {"bench": "speech", **before, "load_after": machine()["load"], "threads": threads, **figures}


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    missed = []
    for name, least in LEAST.items():
        found = record[name]
        if found["intent"] < least:
            missed.append(f"{name}: {found['intent']:.1%} understood, less than {least:.0%}")
        if found["p50_s"] > MOST_P50_S:
            missed.append(f"{name}: {found['p50_s']} s for an utterance, more than {MOST_P50_S} s")
    if count := record["false_answers_on_noise"]["count"]:
        missed.append(f"{count} answers where nobody spoke")
    return missed


def interval(good: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z = 1.96
    share, spread = good / of, z * math.sqrt(good * (of - good) / of + z * z / 4) / of
    centre, scale = share + z * z / (2 * of), 1 + z * z / of
    return round((centre - spread) / scale, 4), round((centre + spread) / scale, 4)


async def _measure(
    speech: SpeechSettings,
    clips: dict[str, list[speech_clips.Clip]],
    others: dict[str, list[speech_clips.Clip]],
    noise: Sequence[tuple[str, bytes]],
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    async with recognizer_of(speech, Path()) as recognizer:
        assert recognizer is not None
        for language, said in clips.items():
            say(f"== {language}: {len(said)} clips")
            figures[NAMES[language]] = await _understood(recognizer, language, said)
        for language, said in others.items():
            say(f"== {language}: {len(said)} clips of what answers nothing")
            figures[NAMES[language]]["false_answers_on_other_speech"] = await _others(recognizer, language, said)
        say(f"== {len(noise)} clips without speech")
        figures["false_answers_on_noise"] = await _noise(recognizer, noise)
    cores = len(os.sched_getaffinity(0))
    async with recognizer_of(speech.model_copy(update={"workers": cores, "queue": TOGETHER}), Path()) as recognizer:
        assert recognizer is not None
        figures["utterances_per_s"] = await _throughput(recognizer, [c.pcm for c in clips["zh-CN"][::5]][:TOGETHER])
    return figures


async def _understood(recognizer: SpeechPool, language: str, clips: Sequence[speech_clips.Clip]) -> dict[str, Any]:
    wanted = _wanted(language)
    good: list[speech_clips.Clip] = []
    seconds, wrong = [], 0
    for clip in clips:
        began = time.perf_counter()
        heard = await recognizer.transcribe(clip.pcm, language, bias(wanted), DEADLINE_S)
        seconds.append(time.perf_counter() - began)
        meant = _label(wanted, heard)
        if meant == clip.wanted:
            good.append(clip)
        else:
            wrong += meant != NO_MATCH.value
            say(f"   {clip.phrase} ({clip.voice}): {meant}, heard {heard.text!r} {heard.confidence:.2f} {heard.why}")
    held_out = [clip for clip in clips if clip.held_out]
    low, high = interval(len(good), len(clips))
    return {
        "intent": round(len(good) / len(clips), 4),
        "n": len(clips),
        "low": low,
        "high": high,
        "wrong": wrong,  # taken for another answer; the others are asked again
        "held_out": {
            "intent": round(sum(clip.held_out for clip in good) / len(held_out), 4),
            "n": len(held_out),
        },
        "p50_s": round(statistics.median(seconds), 3),
        "p95_s": round(sorted(seconds)[len(seconds) * 95 // 100], 3),
    }


async def _others(recognizer: SpeechPool, language: str, clips: Sequence[speech_clips.Clip]) -> dict[str, int]:
    """Speech that holds no answer to the question: how often it was taken for one."""
    wanted, count = _wanted(language), 0
    for clip in clips:
        heard = await recognizer.transcribe(clip.pcm, language, bias(wanted), DEADLINE_S)
        if (meant := _label(wanted, heard)) != clip.wanted:
            count += 1
            say(f"   {clip.phrase} ({clip.voice}): {meant}, heard {heard.text!r} {heard.confidence:.2f}")
    return {"count": count, "n": len(clips)}


async def _noise(recognizer: SpeechPool, clips: Sequence[tuple[str, bytes]]) -> dict[str, int]:
    """Every clip in both languages in turn, so that each kind meets both."""
    count = 0
    for number, (name, pcm) in enumerate(clips):
        language = list(NAMES)[number // 2 % 2]
        wanted = _wanted(language)
        heard = await recognizer.transcribe(pcm, language, bias(wanted), DEADLINE_S)
        if (meant := _label(wanted, heard)) != NO_MATCH.value:
            count += 1
            say(f"   {name}: {meant}, heard {heard.text!r} {heard.confidence:.2f}")
    return {"count": count, "n": len(clips)}


async def _throughput(recognizer: SpeechPool, clips: Sequence[bytes]) -> float:
    phrases = bias(_wanted("zh-CN"))
    began = time.perf_counter()
    await asyncio.gather(*(recognizer.transcribe(pcm, "zh-CN", phrases, 300.0) for pcm in clips))
    return round(len(clips) / (time.perf_counter() - began), 2)


def _wanted(language: str) -> Grammar:
    return shipped_meanings().wanted(language, speech_clips.languages()[language]["answers"])


def _label(wanted: Grammar, heard: Heard) -> str:
    meant = understand(wanted, heard)
    return meant.outcome if isinstance(meant, Understood) else str(meant.value)
