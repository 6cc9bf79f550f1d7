"""Which files make up a prompt, and the names under which texts are listed."""

from __future__ import annotations

from pathlib import Path

from agi_app.prompts.as_it_is_or_prepared import pause_id, plays_as_it_is, read_transcript, said_id
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.sources import find_sources


def test_a_text_alone_is_a_prompt_and_a_project_without_settings_has_the_usual_loudness(tmp_path: Path) -> None:
    folder = tmp_path / "prompts" / "en"
    folder.mkdir(parents=True)
    (folder / "hello.txt").write_text(" Hello \n", encoding="utf-8")
    (source,) = find_sources(tmp_path / "prompts")
    assert (source.id, source.sounds) == ("en/hello", [])
    assert read_transcript(folder / "hello.txt") == ("Hello", None)
    assert find_sources(tmp_path / "nothing") == []
    assert voice_settings(tmp_path)[0].loudness == -20.0


def test_texts_of_flows_are_told_apart() -> None:
    assert said_id("en", "Hello") != said_id("en", "Hello!")
    assert pause_id("en") != pause_id("zh-CN")
    assert not plays_as_it_is(b"no WAV at all")
