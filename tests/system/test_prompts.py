"""A campaign whose prompts are as people bring them: a studio recording, and a text that an engine speaks."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agi_app.prompts.prepared_cache import Prepared
from sandbox.project import write_settings
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, CLOCK, Site, people
from tests.unit.sounds import pcm, riff, speech, write_speech

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

CONFIRMS = 1
SPEAKER = "import shutil, sys\nshutil.copy(__file__ + '.wav', sys.argv[1])\n"


@pytest.fixture
def site(tmp_path: Path, new_database: NewDatabase) -> Iterator[Site]:
    """A project that shares its prompts folder with an Asterisk of its own."""
    prompts = tmp_path / "prompts"
    shutil.copytree(BULK / "prompts", prompts)
    ensure_tools(print)
    with World(ensure_root(print), tmp_path / "world", prompts_dir=prompts) as world:
        made = Site(tmp_path / "site", world, world.asterisks[0], new_database())
        shutil.rmtree(made.project / "prompts")
        (made.project / "prompts").symlink_to(prompts)
        made.prepare()
        yield made


def test_recordings_as_they_come_are_heard_in_the_call(site: Site, tmp_path: Path) -> None:
    """`check` says what to do, `campaign start` does it, and the person hears all of it to the end."""
    language = site.project / "prompts" / "zh-CN"
    riff(language / "greeting.wav", 44100, pcm(speech(44100, 1.5).repeat(2), 24), bits=24, channels=2)
    (language / "goodbye.wav").unlink()
    refused = site.app.run("check")
    assert refused.returncode == 1
    assert "44100 Hz; run `agi-app prompts prepare`" in refused.stdout
    assert "flow/prompt-missing" in refused.stdout
    speaker = tmp_path / "speaker.py"
    speaker.write_text(SPEAKER)
    write_speech(tmp_path / "speaker.py.wav", 24000, seconds=0.8)
    command = f'command = "{sys.executable} {speaker} {{out_file}} {{text_file}}"'
    settings = site.settings(f'[sandbox]\nclock = "{CLOCK}"\n[tts]\nengine = "command"\n{command}\n')
    write_settings(site.project, settings)
    numbers = people(CONFIRMS)
    site.consent(numbers)
    with site.worker():
        site.add("heard", numbers)
        site.settle("heard")
    assert site.report("heard")["dispositions"] == {"confirmed": 1}
    index = Prepared(site.project / "prompts", False).index()
    assert {"zh-CN/greeting", "zh-CN/goodbye"} <= index.keys()
    assert "Playback failed" not in site.asterisk.log_path.read_text()
    call = site.call(numbers[0])
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert call.ended_at - call.answered_at > 1.5 + 0.7  # the key, then all of the good-bye
