"""What a real Asterisk plays: the reasons for the form in which prompts are prepared (docs/decisions/0021)."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.pbx.media.play_probe import play_for_nobody
from agi_app.prompts.playable import Playable
from agi_app.prompts.prepare import prepare
from sandbox.asterisk import Asterisk
from tests.asterisk.client import settings_of
from tests.unit.sounds import write_speech

pytestmark = pytest.mark.asterisk


@pytest.fixture
def folder(asterisk: Asterisk) -> Path:
    """The prompts folder that Asterisk sees."""
    assert asterisk.prompts_dir is not None
    return asterisk.prompts_dir


async def plays(asterisk: Asterisk, media: str) -> bool:
    """Whether Asterisk plays it."""
    return (await play_for_nobody(settings_of(asterisk), media, 1.0, Clock())).played


async def test_asterisk_knows_a_rate_by_the_ending_of_the_file(asterisk: Asterisk, folder: Path) -> None:
    """16 kHz in a .wav is refused, in a .wav16 it plays: so a `.wav` of 16 kHz must never count as ready."""
    write_speech(folder / "en" / "narrow.wav", 8000, seconds=0.3)
    write_speech(folder / "en" / "wide.wav", 16000, seconds=0.3)
    write_speech(folder / "en" / "named.wav16", 16000, seconds=0.3)
    assert await plays(asterisk, f"sound:{asterisk.prompts_path}/en/narrow")
    assert not await plays(asterisk, f"sound:{asterisk.prompts_path}/en/wide")
    assert await plays(asterisk, f"sound:{asterisk.prompts_path}/en/named")
    assert not await plays(asterisk, f"sound:{asterisk.prompts_path}/en/nothing")


@pytest.mark.parametrize("wideband", [False, True])
async def test_a_prepared_prompt_plays(asterisk: Asterisk, folder: Path, wideband: bool) -> None:
    """From the cache, which is a hidden folder."""
    write_speech(folder / "en" / "brought.wav", 44100, bits=24, seconds=0.3)
    prepare(folder, PromptSettings(wideband=wideband), TtsSettings(), only=folder / "en" / "brought.wav")
    media = Playable(folder, asterisk.prompts_path, Clock().monotonic)("en", "brought")
    assert "/.prepared/" in media
    assert await plays(asterisk, media)
