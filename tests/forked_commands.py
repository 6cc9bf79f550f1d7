"""Commands of agi-app in forks of a process that has all of it imported: each costs no second of imports."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.commands import in_own_process

# What a process reads when it starts, before any of our code: a command with another value has a process of its own.
AT_START = ("FAKETIME", "LANG", "LC_", "LD_", "PYTHON", "TZ")
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int | None  # None: it did not end
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """What --json printed."""
        return json.loads(self.out)


class Commands:
    """Runs commands in forks of one process, one after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, argv: tuple[str, ...], cwd: Path, env: dict[str, str], seconds: float) -> Done:
        """Run one command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"argv": argv, "cwd": str(cwd), "env": env, "seconds": seconds}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return Done(said["code"], said["out"], said["err"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def agi_app(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """As ``in_own_process``, but in a fork where nobody can tell the difference.

    A worker, a command beside another one, and one that starts in another environment have processes of their own.
    """
    wanted = os.environ if env is None else env
    own = arguments[0] == "run" or _at_start(wanted) != _at_start(os.environ)
    if own or not _one_at_a_time.acquire(blocking=False):
        return in_own_process(arguments, cwd=cwd, env=env, seconds=seconds)
    try:
        done = _commands().run(tuple(arguments), cwd, dict(wanted), seconds)
    finally:
        _one_at_a_time.release()
    if done.code is None:
        raise subprocess.TimeoutExpired([*arguments], seconds)
    return subprocess.CompletedProcess([*arguments], done.code, done.out, done.err)


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(AT_START)}


@functools.cache
def _commands() -> Commands:
    made = Commands()
    atexit.register(made.close)
    return made
