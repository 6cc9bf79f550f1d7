"""The wheel alone, outside any clone: a project is made, checked and simulated, pages and the sandbox are there."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
RUN = (
    "import sys; sys.path.insert(0, {wheel!r}); sys.argv = ['agi-app', *sys.argv[1:]]\n"
    "from agi_app.cli.main import main\nmain()"
)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    unpacked = built.parent / "wheel"
    with zipfile.ZipFile(built) as packed:
        packed.extractall(unpacked)
    return unpacked


def environment(wheel: Path) -> dict[str, str]:
    """Programs that a command becomes take agi-app from the wheel, too."""
    return {**os.environ, "PYTHONPATH": str(wheel), "AGI_APP_LANG": "en"}


@pytest.fixture
def agi_app(wheel: Path, tmp_path: Path) -> Run:
    def run(*words: str, code: int | None = 0, language: str = "en") -> subprocess.CompletedProcess[str]:
        env = environment(wheel) | {"AGI_APP_LANG": language}
        command = [sys.executable, "-c", RUN.format(wheel=str(wheel)), *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.mark.parametrize("template", ["", "appointment"])
def test_a_project_is_made_checked_and_simulated(agi_app: Run, template: str) -> None:
    agi_app("init", "mine", *(["--template", template] if template else []))
    agi_app("check", "mine")
    assert " 0 failed" in agi_app("simulate", "--expect", "-p", "mine").stdout


def test_doctor_says_what_is_wrong_and_names_pages_as_they_can_be_opened(agi_app: Run) -> None:
    agi_app("init", "mine")
    told = agi_app("doctor", "-p", "mine", code=2).stdout
    assert "agi-app docs how-to/install-on-asterisk" in told
    assert ".md" not in told
    page = agi_app("docs", "how-to/install-on-asterisk", language="zh").stdout
    assert page.startswith("# 装到真实的 Asterisk 上")


def test_pages_are_found_by_their_names(agi_app: Run, wheel: Path) -> None:
    assert "how-to/feeds" in agi_app("docs").stdout
    assert Path(agi_app("docs", "--path", "docs/how-to/feeds.md").stdout.strip()).is_relative_to(wheel)
    assert 'did you mean "feeds"' in agi_app("docs", "feed", code=1).stderr


def test_what_belongs_to_asterisk_and_the_manual_page_is_there(wheel: Path) -> None:
    there = wheel / "agi_app" / "share"
    assert (there / "dialplan" / "extensions_agi_app.conf").is_file()
    assert (there / "asterisk-docker" / "configure.sh").is_file()
    screen = "extensions_agi_app_screen.conf"  # the module has the dialplan itself, no link to it
    assert (there / "freepbx" / "agiapp" / screen).read_bytes() == (there / "dialplan" / screen).read_bytes()
    (data,) = wheel.glob("*.data")
    assert ".TH AGI" in (data / "data/share/man/man1/agi-app.1").read_text(encoding="utf-8")


def test_the_sandbox_is_there_and_names_commands_that_its_reader_has(agi_app: Run) -> None:
    told = agi_app("sandbox", "status", "--name", "of-nobody", code=1).stdout
    assert told.strip() == "no sandbox is up"
    fault = agi_app("sandbox", "up", "--destination", "a=walks", code=2).stderr
    assert "--desk a=walks: write NAME=DOES" in fault
    assert "没有" in agi_app("sandbox", "status", "--name", "of-nobody", code=1, language="zh").stdout


@pytest.mark.asterisk
def test_a_sandbox_comes_up_from_it(agi_app: Run, wheel: Path, tmp_path: Path) -> None:
    """The project gets its settings, `doctor` finds Asterisk, and it ends from another terminal."""
    agi_app("init", "mine")
    before = (tmp_path / "mine" / "agi-app.toml").read_bytes()
    command = [sys.executable, "-c", RUN.format(wheel=str(wheel)), "sandbox", "up", "-p", "mine", "--name", "wheel"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(wheel), stdout=subprocess.PIPE, text=True) as up:
        try:
            about = "".join(itertools.takewhile(str.strip, up.stdout or ()))
            assert "agi-app sandbox phone answers" in about
            assert "agi-app docs how-to/try-in-the-sandbox" in about
            assert json.loads(agi_app("sandbox", "status", "--name", "wheel").stdout)["pid"] == up.pid
            assert "prompts play: Asterisk played" in agi_app("doctor", "-p", "mine", code=None).stdout
            assert "ended" in agi_app("sandbox", "down", "--name", "wheel").stdout
            assert up.wait(30) == 0
        finally:
            up.terminate()
    assert (tmp_path / "mine" / "agi-app.toml").read_bytes() == before


def test_nothing_of_the_house_is_in_it(built: Path) -> None:
    with zipfile.ZipFile(built) as packed:
        names = [PurePosixPath(name) for name in packed.namelist()]
    assert {name.parts[0] for name in names if name.suffix == ".py"} == {"agi_app"}
    assert not [name for name in names if {"var", "__pycache__", "tests"} & set(name.parts)]
