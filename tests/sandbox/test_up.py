"""``scripts/sandbox up`` as a user calls it: two at once, a project's settings, and a telephone that keys a code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from agi_app.campaigns.project.new_project import make_project
from sandbox.commands import AgiApp
from sandbox.ports import free_port

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
PHONE = "+999861380005501"
UP_S = 180.0


def sandbox(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def until(what: str, happened: Callable[[], bool], timeout_s: float = UP_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def is_up(name: str) -> bool:
    asked = subprocess.run(sandbox("status", "--name", name), stdout=subprocess.DEVNULL, check=False)
    return asked.returncode == 0


@contextmanager
def up(name: str, project: Path, *more: str, out: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    words = sandbox("up", "--name", name, "--project", str(project), *more)
    with open(out or os.devnull, "wb") as told:
        process = subprocess.Popen(words, stdout=told)
    try:
        until(f"{name} is up", lambda: process.poll() is not None or is_up(name))
        assert process.poll() is None, "it has ended; it says why on standard error"
        yield process
    finally:
        process.terminate()
        process.wait(UP_S)


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
        with _phone() as phone, ended(app.start("rehearse", "--prove", PHONE, "--trunk", "phone")) as asked:
            assert asked.stdout is not None
            code = re.search(r"keys this code: (\d+)", asked.stdout.readline())
            assert code is not None
            _answer(phone, code[1])
            _, fault = asked.communicate(timeout=UP_S)
            assert asked.returncode == 0, fault
            phone.communicate(timeout=UP_S)
        words = ("rehearse", "checkup-reminder", PHONE, "--trunk", "phone", "--language", "en")
        with _phone() as phone, ended(app.start(*words)) as heard:
            _answer(phone, "1", after_s=6.0)
            said, fault = heard.communicate(timeout=UP_S)
            assert heard.returncode == 0, fault
            assert "> 1" in said
            assert "disposition: confirmed" in said
            phone.communicate(timeout=UP_S)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """It is over after the block, and its pipes are closed."""
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _phone() -> Iterator[subprocess.Popen[str]]:
    words = sandbox("phone", "--name", "test-one")
    with ended(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as phone:
        yield phone


def _answer(phone: subprocess.Popen[str], keys: str, after_s: float = 3.0) -> None:
    assert phone.stdout is not None
    assert phone.stdin is not None
    while "answered" not in (line := phone.stdout.readline()):
        assert line, "the telephone ended without a call"
    time.sleep(after_s)
    phone.stdin.write(f"{keys}\n")
    phone.stdin.flush()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """The console's socket is in the project's folder, and a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="agi-app-") as folder:
        yield Path(folder)


async def test_a_new_project_comes_to_its_first_call_by_clicks(short_path: Path) -> None:
    """`--console`: a worker and the console, a link, and the first steps; each POST here is one click."""
    project, told, password = short_path / "clicks", short_path / "up.log", "correct horse battery"
    make_project(project)
    port = free_port()
    with (project / "agi-app.toml").open("a") as settings:
        settings.write(f"\n[console]\nport = {port}\n")
    from_here = {"Sec-Fetch-Site": "same-origin"}
    jar = aiohttp.CookieJar(unsafe=True)
    with up("test-clicks", project, "--console", out=told) as process:
        until("the link is told", lambda: process.poll() is not None or "/link/agil_" in told.read_text())
        link = re.search(r"(/link/agil_\S+)", told.read_text())
        assert link is not None
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar, headers=from_here) as http:
            account = (await (await http.get(link[1])).text()).partition('autocomplete="username"')[0]
            name = re.findall(r'value="([^"]+)"', account)[-1]
            for path, form in (
                (link[1], {"password": password, "again": password}),
                ("/sign-in", {"account": name, "password": password}),
            ):
                assert (await http.post(path, data=form)).status == 200
            answer = await http.post("/first-steps/contacts", data={"campaign": "march-checkup"})
            assert "3 contacts are new" in await answer.text()
            found = await (await http.get("/first-steps", headers={"Accept": "application/json"})).json()
            assert found["next"] == "start"
            assert all(one["done"] for one in found["steps"] if one["name"] not in ("start", "call"))
    assert "[console]" in (project / "agi-app.toml").read_text()
