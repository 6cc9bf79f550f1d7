"""The harness itself: what it reads off the wires is right."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agi_app.store.database.statements import load_queries
from chaos import builds
from chaos.__main__ import copy_code
from chaos.ariwire import AriLink, EventMischief, take_frames
from chaos.crew import TRIES, Crew
from chaos.judge import Verdict, dead_air_limit_s
from chaos.pgwire import PgLink
from chaos.run import Plan
from chaos.steps import Steps
from chaos.trunk_faults import TrunkStorm
from sandbox.errors import SandboxError

pytestmark = pytest.mark.slow  # starts proxies


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def _link(steps: Steps) -> PgLink:
    link = PgLink(lambda _: None, steps)
    link.from_client(struct.pack(">II", 8, 196608))  # the startup message has no type
    return link


def test_a_claim_has_passed_when_its_commit_is_answered() -> None:
    steps = Steps()
    link = _link(steps)
    link.from_client(_message(b"Q", b"BEGIN\0"))
    link.from_client(_message(b"P", b"named\0INSERT INTO attempt (x) SELECT 1\0\0\0"))
    link.from_client(_message(b"B", b"\0named\0\0\0"))
    link.from_server(b"rows")
    assert not steps.seen
    commit = _message(b"Q", b"COMMIT\0")
    link.from_client(commit[:3])  # cut anywhere
    link.from_client(commit[3:])
    assert not steps.seen
    link.from_server(b"done")
    assert steps.seen == {"claimed": 1}


def test_marks_and_results_have_passed_when_they_are_answered() -> None:
    """By the words of the statements that agi-app really sends."""
    steps = Steps()
    link = _link(steps)
    queries = load_queries("calling/attempts")
    for name in ("mark", "extend_leases", "finish", "late_result"):
        link.from_client(_message(b"P", b"\0" + queries[name].encode() + b"\0\0\0"))
        link.from_client(_message(b"B", b"\0\0\0\0"))
        link.from_server(b"rows")
    assert steps.seen == {"noted": 1, "stored": 1}


def test_a_claim_that_is_rolled_back_has_not_passed() -> None:
    steps = Steps()
    link = _link(steps)
    for body in (b"BEGIN\0", b"INSERT INTO attempt (x) SELECT 1\0", b"ROLLBACK\0", b"BEGIN\0", b"COMMIT\0"):
        link.from_client(_message(b"Q", body))
        link.from_server(b"done")
    assert not steps.seen


def _frame(payload: bytes, *, mask: bytes = b"") -> bytes:
    size = len(payload)
    head = bytes([0x81, (0x80 if mask else 0) | (size if size < 126 else 126)])
    if size >= 126:
        head += struct.pack(">H", size)
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + payload


def test_frames_are_cut_at_their_borders_and_unmasked() -> None:
    first, second = b"a" * 10, b"b" * 300
    buffer = bytearray(_frame(first, mask=b"\1\2\3\4") + _frame(second) + _frame(b"cut")[:-1])
    frames = take_frames(buffer)
    assert [payload for _, payload, _ in frames] == [first, second]
    assert bytes(buffer) == _frame(b"cut")[:-1]


def test_events_are_doubled_and_answers_never_touched() -> None:
    mischief = EventMischief(1)
    link = AriLink(lambda _: None, Steps(), mischief)
    link.from_client(b"GET /ari/events HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    link.from_server(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    mischief.duplicate = 1.0
    event = _frame(json.dumps({"type": "ChannelDestroyed"}).encode())
    answer = _frame(b'{"type":"RESTResponse","request_id":"1"}')
    assert link.from_server(event + answer) == event + event + answer


def test_the_trap_springs_at_the_nth_time_only() -> None:
    steps = Steps()
    sprung: list[int] = []
    steps.passed("up")
    steps.arm("up", 2, lambda: sprung.append(steps.seen["up"]))
    for _ in range(4):
        steps.passed("up")
    assert sprung == [3]


def _crew(folder: Path, answers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Crew:
    crew = Crew(Path("/"), folder, lambda _: None)
    monkeypatch.setattr(crew, "_do", lambda *_: answers.pop(0))
    return crew


def test_a_run_is_done_anew_when_the_harness_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[str, Any]] = [{"failed": "SIPp did not start"}, {"calls": 7}]
    crew = _crew(tmp_path, answers, monkeypatch)
    assert crew.run(Plan(TrunkStorm, None, 1), tmp_path, tmp_path) == Verdict(calls=7)
    assert len(crew.retries) == 1
    assert "SIPp did not start" in crew.retries[0]


def test_a_broken_promise_is_never_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[str, Any]] = [{"double_dials": 1, "problems": ["double dial"]}, {"calls": 7}]
    crew = _crew(tmp_path, answers, monkeypatch)
    assert crew.run(Plan(TrunkStorm, None, 1), tmp_path, tmp_path).double_dials == 1
    assert not crew.retries
    assert len(answers) == 1


def test_a_harness_that_never_starts_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = _crew(tmp_path, [{"failed": "no port"}] * (TRIES + 1), monkeypatch)
    with pytest.raises(SandboxError, match="no port"):
        crew.run(Plan(TrunkStorm, None, 1), tmp_path, tmp_path)
    assert len(crew.retries) == TRIES - 1


def test_the_promise_of_three_seconds_bends_only_in_a_quick_run_on_a_slow_machine() -> None:
    assert dead_air_limit_s(9.0, quick=False) == 3.0
    assert dead_air_limit_s(0.5, quick=True) == 3.0
    assert dead_air_limit_s(4.0, quick=True) == 13.0


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_run_has_a_loopback_of_its_own() -> None:
    script = (
        "import socket; from chaos.network import own_network; taken = socket.create_server(('127.0.0.1', 0));"
        "port = taken.getsockname()[1]; print(own_network(), [name for _, name in socket.if_nameindex()]);"
        "again = socket.create_server(('127.0.0.1', port)); socket.create_connection(('127.0.0.1', port)).close();"
        "again.close(); taken.close()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True ['lo']\n"


@pytest.mark.parametrize("build", builds.BUILDS, ids=lambda build: build.name)
def test_each_broken_build_can_still_be_made(build: builds.Build, tmp_path: Path) -> None:
    """Who changes what a patch takes out must make the patch anew, or `scripts/chaos --broken` shows nothing."""
    code = copy_code(tmp_path / "code")
    builds.apply(build, code)
    for changed in (code / "agi_app").rglob("*.py"):
        compile(changed.read_text(), str(changed), "exec")
    assert not list(code.rglob("*.rej"))
