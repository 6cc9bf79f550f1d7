"""What the sandbox starts ends with it, however that comes about."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.ports import free_port, free_range, is_free
from sandbox.supervise import Child

pytestmark = pytest.mark.slow  # starts processes: not part of the fast unit tests

PARENT = """
import sys, time
from pathlib import Path
from sandbox.supervise import Child
print(Child(["sleep", "60"], log=Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("at_once", [False, True])
def test_child_dies_with_a_killed_parent(tmp_path: Path, at_once: bool) -> None:
    """Also when the parent is killed in the very moment of the start."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        while not at_once and Path(f"/proc/{child}/cmdline").read_bytes()[:6] != b"sleep\0":
            time.sleep(0.005)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 2
    while _alive(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def test_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    """asyncio's worker threads end with their loop; what they started must not."""

    async def start() -> Child:
        return await asyncio.to_thread(Child, ["sleep", "60"], log=tmp_path / "log")

    child = asyncio.run(start())
    assert not child.wait(0.1)
    child.end(1.0)
    assert child.returncode == -signal.SIGTERM


def test_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = Child(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], log=tmp_path / "log")
    while "ready" not in (tmp_path / "log").read_text():
        time.sleep(0.01)
    child.end(0.2)
    assert child.returncode == -signal.SIGKILL


def test_child_that_died_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child(["sh", "-c", "echo it went wrong; exit 3"], log=tmp_path / "log")
    assert child.wait(2.0)
    with pytest.raises(SandboxError, match=r"status 3(.|\n)*it went wrong"):
        raise child.died("the thing")


def test_free_ports_can_be_bound() -> None:
    low, high = free_range(100)
    assert high - low == 99
    assert is_free(free_port())
