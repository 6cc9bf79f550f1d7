"""Before a campaign starts: what it plays is made ready, and what cannot be is a fault of its flow."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.prompts_ready import make_ready
from tests.unit.sounds import write_speech

pytestmark = pytest.mark.slow  # starts processes: not part of the fast unit tests

FLOW = "flows/checkup.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project."""
    make_project(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_studio_recording_is_ready_afterwards(project: Path) -> None:
    write_speech(project / "prompts" / "en" / "greeting.wav", 48000, bits=24)
    assert make_ready(project, {"sandbox"}).problems == []


def test_a_text_that_the_engine_cannot_speak_stops_the_campaign(project: Path) -> None:
    """`check` could not know; a person who is called would hear nothing."""
    (project / "prompts" / "en" / "thanks.wav").unlink()
    settings = project / "agi-app.toml"
    command = '"/nonexistent/voice {text_file} {out_file}"'
    settings.write_text(f'{settings.read_text()}\n[tts]\nengine = "command"\nfallback = false\ncommand = {command}\n')
    flow = project / FLOW
    flow.write_text(
        flow.read_text().replace("- play: thanks", "- play: thanks\n    - say: {text: {en: Bye, zh-CN: 再见}}")
    )
    found = [str(problem) for problem in make_ready(project, {"sandbox"}).errors]
    assert any("flow/prompt-format" in p and "prompts/en/thanks.txt: the engine /nonexistent/voice" in p for p in found)
    assert any('say "Bye" (en): the engine /nonexistent/voice cannot be started' in p for p in found)
    assert all(p.startswith(FLOW) for p in found)
