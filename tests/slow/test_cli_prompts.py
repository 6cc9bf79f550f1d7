"""prompts prepare, list, pieces at the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from sandbox.commands import AgiApp
from tests.unit.sounds import write_speech

pytestmark = pytest.mark.slow  # starts processes: not part of the fast unit tests


@pytest.fixture
def app(tmp_path: Path) -> AgiApp:
    """The commands in a new project with one studio recording."""
    make_project(tmp_path / "mine")
    write_speech(tmp_path / "mine" / "prompts" / "en" / "greeting.wav", 48000, bits=24)
    return AgiApp(tmp_path / "mine", tmp_path, print)


def test_prepare_and_list_show_the_same(app: AgiApp) -> None:
    made = {row["prompt"]: row for row in json.loads(app.ask("prompts", "prepare", "--json"))}
    assert made["en/greeting"]["state"] == "prepared"
    assert made["en/thanks"]["state"] == "as it is"
    listed = {row["prompt"]: row for row in json.loads(app.ask("prompts", "list", "--json"))}
    assert listed["en/greeting"] == {**made["en/greeting"], "state": "there already"}
    assert re.search(r"en/greeting +there already +1", app.ask("prompts", "list"))
    assert "0 errors" in app.ask("check")


def test_a_bad_file_ends_with_one_and_its_name(app: AgiApp) -> None:
    (app.project / "prompts" / "en" / "bad.wav").write_bytes(b"RIFF")
    done = app.run("prompts", "prepare")
    assert done.returncode == 1
    assert "en/bad: bad.wav: " in done.stderr
    assert "Traceback" not in done.stderr
    assert app.run("prompts", "prepare", "/nonexistent").returncode == 1


def test_pieces_to_record(app: AgiApp) -> None:
    assert "num/10.wav           十\n" in app.ask("prompts", "pieces", "--language", "zh-CN")
    write_speech(app.project / "prompts" / "en" / "num" / "20.wav", 8000)
    missing = json.loads(app.ask("prompts", "pieces", "--language", "en", "--missing", "--json"))
    assert "num/20" not in missing
    assert missing["num/30"] == "thirty"
    refused = app.run("prompts", "pieces", "--language", "fr")
    assert (refused.returncode, "'fr'" in refused.stderr) == (1, True)


def test_pieces_of_one_flow_and_their_words_for_an_engine(app: AgiApp) -> None:
    ask = "collect: {prompt: ask, kind: number, max: 12, confirm: {prompt: right}, save: n}"
    head = "flow: f\nlanguages: [en]\nidentify: {business: {en: A}}\nstart: a\nnodes:\n  a:\n"
    (app.project / "flows" / "f.yaml").write_text(f"{head}    - {ask}\n    - hangup\n", "utf-8")
    own = app.project / "prompts" / "en" / "num" / "12.txt"
    own.write_text("a dozen\n", "utf-8")
    named = ("prompts", "pieces", "--language", "en", "--missing", "--flow", "f")
    assert app.ask(*named, "--write").split() == ["num/10.wav", "ten", "num/11.wav", "eleven", "num/12.wav", "twelve"]
    assert own.with_name("10.txt").read_text("utf-8") == "ten\n"
    assert own.read_text("utf-8") == "a dozen\n", "what is there stays"
    refused = app.run("prompts", "pieces", "--language", "en", "--flow", "ff")
    assert (refused.returncode, 'did you mean "f"?' in refused.stderr) == (1, True)
