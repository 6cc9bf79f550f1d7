"""The pages that lead from an office's script to calls in the sandbox: whoever follows them has what they say."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agi_app.campaigns.project.new_project import make_project
from agi_app.campaigns.project.read_project import read_project
from agi_app.cli.project.prompts import app
from agi_app.flow.simulation.expected_calls import run_case
from agi_app.model.phone import reserved_number
from sandbox.callees import TAKEN, read_callees
from sandbox.desks import DOES
from sandbox.speaker import VOICES

pytestmark = pytest.mark.slow  # with the other tests of documents

HOW_TO = Path(__file__).resolve().parent.parent / "docs" / "how-to"
WHOLE, WHOLE_ZH = HOW_TO / "a-whole-script.md", HOW_TO / "a-whole-script.zh-CN.md"
SANDBOX, SANDBOX_ZH = HOW_TO / "try-in-the-sandbox.md", HOW_TO / "try-in-the-sandbox.zh-CN.md"


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", _text(page))


def _commands(page: Path) -> list[str]:
    return [line[2:] for body in _blocks(page, "console") for line in body.splitlines() if line.startswith("$ ")]


def _name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", [WHOLE, WHOLE_ZH], ids=_name)
def test_the_whole_script_is_a_project_that_makes_its_calls(page: Path, tmp_path: Path) -> None:
    """Whoever does what the page says has no fault, every expected call, and callees who hear prompts that exist."""
    project = tmp_path / "library"
    make_project(project)
    for line in (line for line in _commands(page) if line.startswith("rm ")):
        for file in (file for pattern in line.split()[1:] for file in project.glob(pattern)):
            file.unlink()
    settings, callees = _blocks(page, "toml")
    settings = settings.replace('"espeak-ng"', '"command"\ncommand = "say {text_file} {out_file}"')  # installed nowhere
    with (project / "agi-app.toml").open("a", encoding="utf-8") as added:
        added.write(f"\n{settings}")
    (words,) = _blocks(page, "bash")
    subprocess.run(["bash", "-c", words], cwd=project, check=True)
    for body in _blocks(page, "yaml"):
        (project / body.split()[1]).write_text(body, encoding="utf-8")
    write = ("pieces", "--missing", "--flow", "book-ready", "--write", "--project", str(project))
    lacking = [p.rule for p in read_project(project, {"sandbox"}).problems]
    assert lacking == ["flow/not-heard", "flow/piece-missing", "flow/piece-missing"]
    for language in ("en", "zh-CN"):
        assert " ".join(["agi-app prompts pieces --language", language, *write[1:5]]) in _commands(page)
        assert CliRunner().invoke(app, [*write, "--language", language]).exit_code == 0
    found = read_project(project, {"sandbox"})
    assert [p.rule for p in found.problems] == ["flow/not-heard"]
    source, flow = found.simulations["simulations/book-ready.yaml"].parsed, found.flows["book-ready"].parsed.flow
    for index, case in enumerate(source.file.cases):
        verdict = run_case(source, index, flow, found.prompts, case.contact)
        assert verdict.differences == (), verdict
    (project / "callees.toml").write_text(callees, encoding="utf-8")
    called = read_callees(project / "callees.toml", project / "prompts")
    people, consents = (list(csv.DictReader(body.splitlines())) for body in _blocks(page, "csv"))
    assert called.people.keys() <= {one["number"][-2:] for one in people}
    assert called.desks == {"library-desk": "no_answer"}
    assert [one["number"] for one in people] == [one["number"] for one in consents]
    assert {"".join(char for char in one["card_end"] if char.isdecimal()) for one in people} == {
        one["card_end"] for one in people
    }


@pytest.mark.parametrize("page", [SANDBOX, SANDBOX_ZH], ids=_name)
def test_who_answers_how_in_the_sandbox_is_as_the_page_says(page: Path, tmp_path: Path) -> None:
    """Each number that the carrier knows is in the table, the others are free; its callees can be read."""
    table = re.findall(r"(?m)^\| ([0-9、, ]+) \|", _text(page))
    assert {digits for cell in table for digits in re.findall("[0-9]{2}", cell)} == TAKEN | {"01"}
    callees = next(body for body in _blocks(page, "toml") if body.startswith("# callees.toml"))
    for language in ("en", "zh-CN"):
        (tmp_path / "prompts" / language).mkdir(parents=True)
        for name in ("book-greeting", "book-menu", "book-how-long", "book-right", "book-which-day"):
            (tmp_path / "prompts" / language / f"{name}.txt").write_text("words\n", "utf-8")
    (tmp_path / "voices").mkdir()
    shutil.copy(VOICES / "en" / "interested.wav", tmp_path / "voices" / "on-thursday.wav")
    (tmp_path / "callees.toml").write_text(callees, encoding="utf-8")
    read = read_callees(tmp_path / "callees.toml", tmp_path / "prompts")
    assert not read.people.keys() & TAKEN
    for key in ("who", "language", "codec", "turns", "hangs_up_after", "hears", "waits", "keys", "says", *DOES):
        assert f"| `{key}` |" in _text(page)
    for language in ("en", "zh-CN"):
        (named,) = re.findall(rf"(?m)^\| `{language}` \| (.*) \|$", _text(page))
        assert re.findall("`([^`]+)`", named) == sorted(wav.stem for wav in (VOICES / language).glob("*.wav"))
    numbers = set(re.findall(r"`(\+(?:999|44|1)[0-9]{8,})`", _text(page)))
    assert len(numbers) > 5
    assert all(reserved_number(number) for number in numbers)


@pytest.mark.parametrize(("english", "chinese"), [(WHOLE, WHOLE_ZH), (SANDBOX, SANDBOX_ZH)], ids=["whole", "sandbox"])
def test_both_languages_show_the_same_commands(english: Path, chinese: Path) -> None:
    assert _commands(english) == _commands(chinese)
    for kind in ("yaml", "csv", "bash"):
        assert _blocks(english, kind) == _blocks(chinese, kind)
