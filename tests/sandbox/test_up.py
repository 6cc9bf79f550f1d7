"""``scripts/sandbox up`` as a user calls it: two at once, a project's settings, and a telephone that keys a code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agi_app.campaigns.project.new_project import make_project
from sandbox.commands import AgiApp

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.postgres,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]  # the pipes of programs that were ended
PHONE = "+999861380005501"
UP_S = 60.0


def sandbox(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def until(what: str, happened: Callable[[], bool], timeout_s: float = UP_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@contextmanager
def up(name: str, project: Path) -> Iterator[None]:
    process = subprocess.Popen(sandbox("up", "--name", name, "--project", str(project)), stdout=subprocess.DEVNULL)
    try:
        until(
            f"{name} is up",
            lambda: (
                subprocess.run(sandbox("status", "--name", name), stdout=subprocess.DEVNULL, check=False).returncode
                == 0
            ),
        )
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_two_at_once_and_a_rehearsal_to_its_end(tmp_path: Path) -> None:
    """Each project has its settings back afterwards; the code of the proof is keyed in the sandbox's telephone."""
    one, two = tmp_path / "one", tmp_path / "two"
    make_project(one)
    make_project(two)
    before = (one / "agi-app.toml").read_bytes()
    with up("test-one", one), up("test-two", two):
        ports = [
            json.loads(
                subprocess.run(sandbox("status", "--name", name), capture_output=True, text=True, check=True).stdout
            )["ari_url"]
            for name in ("test-one", "test-two")
        ]
        assert ports[0] != ports[1]
        again = subprocess.run(sandbox("up", "--name", "test-one"), capture_output=True, text=True, check=False)
        assert (again.returncode, "--name OTHER" in again.stderr) == (2, True)
        app = AgiApp(one, tmp_path, lambda _: None)
        try:
            _rehearse(app)
        finally:
            app.end_database()
    assert (one / "agi-app.toml").read_bytes() == before


def _rehearse(app: AgiApp) -> None:
    with app.worker("worker.log"):
        phone = _phone()
        asked = app.start("rehearse", "--prove", PHONE, "--trunk", "phone")
        assert asked.stdout is not None
        code = re.search(r"keys this code: (\d+)", asked.stdout.readline())
        assert code is not None
        _answer(phone, code[1])
        _, fault = asked.communicate(timeout=60)
        assert asked.returncode == 0, fault
        phone.communicate(timeout=20)
        phone = _phone()
        heard = app.start("rehearse", "checkup-reminder", PHONE, "--trunk", "phone", "--language", "en")
        _answer(phone, "1", after_s=6.0)
        said, fault = heard.communicate(timeout=90)
        assert heard.returncode == 0, fault
        assert "> 1" in said
        assert "disposition: confirmed" in said
        phone.communicate(timeout=20)


def _phone() -> subprocess.Popen[str]:
    return subprocess.Popen(
        sandbox("phone", "--name", "test-one"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _answer(phone: subprocess.Popen[str], keys: str, after_s: float = 3.0) -> None:
    assert phone.stdout is not None
    assert phone.stdin is not None
    while "answered" not in (line := phone.stdout.readline()):
        assert line, "the telephone ended without a call"
    time.sleep(after_s)
    phone.stdin.write(f"{keys}\n")
    phone.stdin.flush()
