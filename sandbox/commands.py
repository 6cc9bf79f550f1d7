"""Calls the command ``agi-app`` as ops staff do, and keeps a worker running beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agi_app.messages import t
from agi_app.store.database import embedded
from sandbox.errors import SandboxError
from sandbox.supervise import Child, tail

COMMAND = (sys.executable, "-m", "agi_app.cli.main")
COMMAND_TIMEOUT_S = 120
START_TIMEOUT_S = 90.0
DRAIN_S = 45.0
HURRY_S = 8.0


def in_own_process(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, seconds: float
) -> subprocess.CompletedProcess[str]:
    """A command's end, whatever it is; TimeoutExpired when there is none."""
    words = [*COMMAND, *arguments]
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=seconds, check=False)


class AgiApp:
    """The commands of one project folder; logs go to ``logs``."""

    def __init__(
        self,
        project: Path,
        logs: Path,
        say: Callable[[str], None] = print,
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.project = project
        self._logs = logs
        self._say = say
        self._env = env  # None: ours

    def __call__(self, *arguments: str) -> str:
        """Run a command and show what it printed; SandboxError when it fails."""
        self._say(f"$ agi-app {' '.join(arguments)}")
        text = self.ask(*arguments)
        if text:
            self._say(text.rstrip())
        return text

    def ask(self, *arguments: str) -> str:
        """Run a command quietly and return its output; SandboxError when it fails."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise SandboxError(
                t(
                    "agi-app {words} ended with {returncode}:\n{stdout}{stderr}",
                    words=" ".join(arguments),
                    returncode=done.returncode,
                    stdout=done.stdout,
                    stderr=done.stderr,
                )
            )
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command and return whatever came of it; SandboxError when it does not end in time."""
        try:
            return in_own_process(arguments, cwd=self.project, env=self._env, seconds=COMMAND_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                t(
                    "agi-app {words} did not end within {seconds} s; it is killed",
                    words=" ".join(arguments),
                    seconds=COMMAND_TIMEOUT_S,
                )
            ) from error

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and return at once; what it prints goes into pipes. End it yourself."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.project,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def worker(self, log: str, extra: Sequence[str] = ()) -> Iterator[Child]:
        """``agi-app run`` until the block ends; it must come up within START_TIMEOUT_S and end by itself on SIGTERM."""
        path = self._logs / log
        child = Child([*COMMAND, "run", "--json-logs", *extra], log=path, env=self._env, cwd=self.project)
        try:
            self._wait_until_dialling(child, path)
            yield child
        except BaseException:  # interrupted, or a test failed: nobody waits for the calls to end by themselves
            for _ in range(2):  # told twice, it hangs up at once
                child.send(signal.SIGTERM)
                child.wait(0.3)
            child.end(HURRY_S)
            raise
        child.end(DRAIN_S)

    def end_database(self) -> None:
        """Stop the project's embedded PostgreSQL if a killed command left it behind."""
        data = self.project / "var"
        if (data / "postgres").exists():
            embedded.acquire(data).release()

    def _wait_until_dialling(self, child: Child, log: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while '"event": "dialling"' not in log.read_text(errors="replace"):
            if child.returncode is not None:
                raise SandboxError(
                    t(
                        "agi-app run ended with {returncode}; its log:\n{end}",
                        returncode=child.returncode,
                        end=tail(log),
                    )
                )
            if time.monotonic() > deadline:
                raise SandboxError(
                    t(
                        "agi-app run does not dial after {seconds:.0f} s; its log:\n{end}",
                        seconds=START_TIMEOUT_S,
                        end=tail(log),
                    )
                )
            time.sleep(0.1)
