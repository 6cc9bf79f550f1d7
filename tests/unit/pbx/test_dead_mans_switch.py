"""The process that hangs up a killed worker's calls: whose calls, when, and that nothing stops it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest

from agi_app.dialer.worker import switch_watch
from agi_app.dialer.worker.health import Health
from agi_app.dialer.worker.switch_watch import keep_switch
from agi_app.errors import OtherWorkerError
from agi_app.pbx import dead_mans_switch
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.dead_mans_switch import DeadMansSwitch, hang_up_if_killed

OURS, OTHERS = ["agi-app-1", "agi-app-2 é/?"], ["1700000000.12", "other-agi-app-3"]
WORKER = """
import sys
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.dead_mans_switch import hang_up_if_killed
with hang_up_if_killed(AriSettings(sys.argv[1], "ari", "secret")):
    print("armed", flush=True)
    sys.stdin.read(1)
"""


@dataclass
class FakeAri:
    """Names four channels or more, and notes what it is asked."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    late_s: float = 0.0
    living: dict[str, float] = field(default_factory=lambda: dict.fromkeys(OURS, time.time()))  # when it was made

    def hung_up(self) -> list[str]:
        return [path for method, path in self.asked if method == "DELETE"]


def _as_asterisk(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who waited for a late answer is gone."""


@pytest.fixture
def asterisk() -> Iterator[FakeAri]:
    fake = FakeAri()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            fake.asked.append(("GET", self.path))
            time.sleep(fake.late_s)
            made = fake.living | dict.fromkeys(OTHERS, 0.0)
            self._say(json.dumps([{"id": one, "creationtime": _as_asterisk(made[one])} for one in made]).encode())

        def do_DELETE(self) -> None:
            fake.asked.append(("DELETE", self.path))
            fake.living.pop(unquote(self.path.rpartition("/")[2]), None)
            self._say(b"")

        def _say(self, body: bytes) -> None:
            allowed = self.headers["Authorization"] == AriSettings("", "ari", "secret").authorization["Authorization"]
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Answer)
    fake.url = f"http://127.0.0.1:{server.server_port}/ari"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def worker(asterisk: FakeAri) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has armed the switch and waits for a byte to end in order."""
    command = [sys.executable, "-c", WORKER, asterisk.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"armed\n"
        yield started
        started.kill()


def _settled(asterisk: FakeAri, count: int) -> list[str]:
    deadline = time.monotonic() + 3.0
    while len(asterisk.hung_up()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return asterisk.hung_up()


def _ignores(pid: int, signal_number: int) -> bool:
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigIgn"], 16) >> (signal_number - 1) & 1)


def test_a_killed_worker_s_channels_are_hung_up_and_nobody_else_s(
    asterisk: FakeAri, worker: subprocess.Popen[bytes]
) -> None:
    """Not even if it is told to end, as Ctrl-C of a terminal does, or systemd once the main process is gone."""
    switch = int(Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text())
    deadline = time.monotonic() + 3.0
    told = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    while not all(_ignores(switch, one) for one in told):  # under nohup SIGHUP is ignored from the start
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for one in told:
        os.kill(switch, one)
    worker.kill()
    assert _settled(asterisk, 2) == ["/ari/channels/agi-app-1", "/ari/channels/agi-app-2%20%C3%A9%2F%3F"]
    asterisk.living["agi-app-4"] = time.time()  # which the worker had asked for, and Asterisk makes only now
    assert _settled(asterisk, 3)[2:] == ["/ari/channels/agi-app-4"]
    time.sleep(0.1)
    assert len(asterisk.hung_up()) == 3


def test_a_worker_that_ends_in_order_hangs_nobody_up(asterisk: FakeAri, worker: subprocess.Popen[bytes]) -> None:
    worker.communicate(b"x", timeout=5)
    assert worker.returncode == 0
    assert asterisk.asked == []


def test_an_exception_hangs_up(asterisk: FakeAri) -> None:
    with pytest.raises(ZeroDivisionError), hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")):
        raise ZeroDivisionError
    assert len(asterisk.hung_up()) == 2


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be so")


async def _stopped(asterisk: FakeAri, health: Health) -> None:
    """The process is, and then the worker fails."""
    with hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")) as switch:
        watch = asyncio.create_task(keep_switch(switch, health))
        await _until(lambda: switch._proved)
        first = _process_of(switch)
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert health.switch is None
        os.kill(first.pid, signal.SIGSTOP)
        await _until(lambda: health.switch is not None)
        assert "does not answer, as if it were stopped" in str(health.switch)
        await _until(lambda: health.switch is None)
        assert first.wait(60) == -signal.SIGKILL
        watch.cancel()
        raise ZeroDivisionError


async def test_one_that_is_stopped_is_replaced_and_nobody_is_called_until_the_new_one_answers(
    asterisk: FakeAri, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the new one hangs up."""
    monkeypatch.setattr(switch_watch, "LOOK_S", 0.1)
    monkeypatch.setattr(dead_mans_switch, "_FIRST_LOOKS", 600)
    with pytest.raises(ZeroDivisionError):
        await _stopped(asterisk, Health())
    assert len(asterisk.hung_up()) == 2


def test_one_that_is_stopped_when_the_worker_fails_is_replaced_and_the_calls_are_hung_up(
    asterisk: FakeAri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_mans_switch, "_LETS_GO_S", 1.5)

    def fail() -> None:
        with hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")) as switch:
            os.kill(_process_of(switch).pid, signal.SIGSTOP)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(asterisk.hung_up()) == 2


async def _killed_alone(asterisk: FakeAri, health: Health) -> None:
    """It is, and then the worker fails."""
    with hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")) as switch:
        assert switch.revive() is None
        _process_of(switch).kill()
        watch = asyncio.create_task(keep_switch(switch, health))
        await _until(lambda: health.switch is not None)
        assert "was ended (status -9), and is started again" in str(health.switch)
        await _until(lambda: health.switch is None)
        watch.cancel()
        raise ZeroDivisionError


async def test_one_that_is_killed_alone_is_started_again_and_nobody_is_called_until_it_runs(asterisk: FakeAri) -> None:
    """And the new one hangs up."""
    with pytest.raises(ZeroDivisionError):
        await _killed_alone(asterisk, Health())
    assert len(asterisk.hung_up()) == 2


def test_while_none_can_be_started_nobody_is_called(asterisk: FakeAri, monkeypatch: pytest.MonkeyPatch) -> None:
    with hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")) as switch:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", "/nowhere/python")
            _process_of(switch).kill()
            _process_of(switch).wait()
            for _ in range(3):
                assert "cannot be started: No such file" in str(switch.revive())
        assert "cannot be started" in str(switch.revive())  # it is started, and has not answered yet
        deadline = time.monotonic() + 60
        while switch.revive() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert asterisk.asked == []


def _process_of(switch: DeadMansSwitch) -> subprocess.Popen[bytes]:
    assert switch._process is not None
    return switch._process


@pytest.mark.parametrize("given", ["an older one", "secret"])
def test_it_goes_by_the_password_that_holds_then(asterisk: FakeAri, tmp_path: Path, given: str) -> None:
    """It was changed while the worker ran; a file that is gone leaves the one that it was given."""
    file = tmp_path / "password"
    if given != "secret":
        file.write_text("secret\n")
    settings = AriSettings(asterisk.url, "ari", given, password_file=file)
    with pytest.raises(ZeroDivisionError), hang_up_if_killed(settings):
        raise ZeroDivisionError
    assert len(asterisk.hung_up()) == 2


def test_calls_of_another_worker_that_took_this_asterisk_live_on(asterisk: FakeAri) -> None:
    with pytest.raises(OtherWorkerError), hang_up_if_killed(AriSettings(asterisk.url, "ari", "secret")):
        raise OtherWorkerError("taken")
    assert asterisk.asked == []


def test_channels_made_after_the_death_are_the_next_worker_s_and_live_on(
    asterisk: FakeAri, worker: subprocess.Popen[bytes]
) -> None:
    asterisk.living["agi-app-9"] = time.time() + 2.5
    worker.kill()
    assert _settled(asterisk, 2) == ["/ari/channels/agi-app-1", "/ari/channels/agi-app-2%20%C3%A9%2F%3F"]
    time.sleep(0.6)
    assert list(asterisk.living) == ["agi-app-9"]


def test_an_asterisk_that_answers_late_is_asked_again(asterisk: FakeAri, worker: subprocess.Popen[bytes]) -> None:
    asterisk.late_s = 1.3  # longer than a question waits
    worker.kill()
    time.sleep(0.5)
    asterisk.late_s = 0.0
    assert len(_settled(asterisk, 2)) == 2


def test_an_asterisk_that_is_gone_is_left_to_the_error_that_tells_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/ari"
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError), hang_up_if_killed(AriSettings(url, "ari", "secret")):
        raise ZeroDivisionError
    assert time.monotonic() - began < 4.5  # not as long as for a worker that was killed
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("password", "why"), [("wrong", "Asterisk answers 401"), ("secret", "Connection refused")])
def test_what_could_not_be_hung_up_after_a_death_is_told(asterisk: FakeAri, password: str, why: str) -> None:
    url = asterisk.url if password == "wrong" else "http://127.0.0.1:1/ari"
    order = {
        "ari": url,
        "headers": AriSettings("", "ari", password).authorization,
        "prefix": "agi-app-",
        "patience_s": 0.0,
    }
    command = [sys.executable, "-I", "-S", str(dead_mans_switch._PROCESS)]
    done = subprocess.run(
        command, input=json.dumps(order) + "\n", capture_output=True, text=True, check=True, timeout=5
    )
    told = json.loads(done.stderr)
    assert (told["count"], why in told["reason"]) == (0, True), told
    assert asterisk.hung_up() == []
