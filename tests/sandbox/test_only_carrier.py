"""The carrier alone, as a container has it: it answers until it is told to end, and says why it cannot begin."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from sandbox.ports import free_port, is_taken
from sandbox.root import ensure_tools

pytestmark = pytest.mark.slow


def carrier(port: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "sandbox.only_carrier", "--port", str(port)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_answers_at_its_port_until_it_is_told_to_end() -> None:
    ensure_tools()
    port = free_port()
    with carrier(port) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == f"the carrier answers at 127.0.0.1:{port}\n"
        assert is_taken(port)
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
    assert not is_taken(port)


def test_a_port_that_is_taken_is_told_and_nothing_is_started() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with carrier(port) as child:
            _, errors = child.communicate(timeout=120)
        assert child.returncode == 2
        assert f"port {port} is taken" in errors
