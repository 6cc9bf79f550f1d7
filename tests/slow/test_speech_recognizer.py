"""The recogniser of the settings, with the scripted engine in its real process; and what is told when one is absent."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest
from pydantic import ValidationError

from agi_app.clock import Clock
from agi_app.config.speech import SpeechSettings
from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.speech.doctor_check import try_out
from agi_app.speech.recognizer import recognizer_of
from agi_app.speech.scripted import Scripted

pytestmark = pytest.mark.slow  # waits for processes

SCRIPT = """
是的
!unsure not quite
!noise

!wait 0.3 stop calling me
!failed
"""


def scripted(folder: Path, text: str = SCRIPT, **more: float) -> SpeechSettings:
    (folder / "answers.txt").write_text(text, encoding="utf-8")
    return SpeechSettings.model_validate({"engine": "scripted", "model": "answers.txt", **more})


async def test_scripted_answers_come_in_their_order_and_then_silence(tmp_path: Path) -> None:
    async with recognizer_of(scripted(tmp_path), tmp_path) as recognizer:
        assert recognizer is not None
        heard = [await recognizer.transcribe(b"", "zh-CN", (), 5) for _ in range(6)]
    assert heard == [
        Heard("是的", 0.9),
        Heard("not quite", 0.2, "unsure"),
        Heard("", 0.0, "noise"),
        Heard("stop calling me", 0.9),
        Heard("", 0.0, "failed"),
        Heard("", 0.0, "silence"),
    ]


async def test_a_scripted_answer_can_be_late(tmp_path: Path) -> None:
    async with recognizer_of(scripted(tmp_path, "!wait 1 yes"), tmp_path) as recognizer:
        assert recognizer is not None
        assert (await recognizer.transcribe(b"", "en", (), 0.2)).why == "late"
        await recognizer.close()
        assert (await recognizer.transcribe(b"", "en", (), 0.2)).why == "failed"


async def test_without_an_engine_there_is_no_recogniser(tmp_path: Path) -> None:
    async with recognizer_of(SpeechSettings(), tmp_path) as recognizer:
        assert recognizer is None


@pytest.mark.parametrize(("engine", "extra"), [("faster-whisper", "whisper"), ("sherpa-onnx", "sherpa")])
async def test_an_absent_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, extra: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    settings = SpeechSettings.model_validate({"engine": engine, "model": tmp_path})
    with pytest.raises(ConfigError, match=rf"pip install 'agi-app\[{extra}\]'"):
        async with recognizer_of(settings, tmp_path):
            pytest.fail("it started")


async def test_an_absent_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*/nothing\.txt"):
        async with recognizer_of(SpeechSettings(engine="scripted", model=Path("nothing.txt")), tmp_path):
            pytest.fail("it started")


async def test_a_wrong_script_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"answers\.txt:2: write !wait SECONDS TEXT"):
        async with recognizer_of(scripted(tmp_path, "yes\n!wait soon yes"), tmp_path):
            pytest.fail("it started")
    (tmp_path / "answers.txt").write_text("!shout yes", encoding="utf-8")
    with pytest.raises(ConfigError, match="!shout is unknown"):
        Scripted.load(tmp_path / "answers.txt")


def test_an_engine_needs_a_model() -> None:
    with pytest.raises(ValidationError, match="needs model"):
        SpeechSettings(engine="faster-whisper")


def test_snoop_channels_need_an_engine() -> None:
    with pytest.raises(ValidationError, match="snoop_channels needs an engine"):
        SpeechSettings(snoop_channels=2)


async def test_many_calls_at_once_never_wait_longer_than_the_deadline(tmp_path: Path) -> None:
    settings = scripted(tmp_path, "!wait 0.3 yes\n" * 20, workers=1, queue=2)
    async with recognizer_of(settings, tmp_path) as recognizer:
        assert recognizer is not None
        began = asyncio.get_running_loop().time()
        heard = await asyncio.gather(*(recognizer.transcribe(b"", "en", (), 0.5) for _ in range(8)))
        assert asyncio.get_running_loop().time() - began < 0.8
    assert sorted(one.why for one in heard) == ["", "busy", "busy", "busy", "busy", "busy", "late", "late"]


async def test_doctor_tries_the_recogniser(tmp_path: Path) -> None:
    clock = Clock()
    assert await try_out(SpeechSettings(), tmp_path, clock) is None
    found = await try_out(scripted(tmp_path), tmp_path, clock)
    assert found is not None
    assert found.well
    found = await try_out(scripted(tmp_path, "!shout"), tmp_path, clock)
    assert found is not None
    assert not found.well
    assert "!shout is unknown" in found.text
