"""Child processes that never outlive us, however we end.

Each child asks the kernel to be killed when its parent dies (PR_SET_PDEATHSIG, by ``setpriv``), so a SIGKILL of the
parent is covered too. The kernel means the parent *thread*: a child started from a worker thread of asyncio would die
when that thread is let go. So one thread, which lives as long as the process, starts all of them.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from agi_app.messages import t
from sandbox.errors import SandboxError

# If we died before the kernel was asked, nobody would tell the child: then it does not start.
_UNLESS_ORPHAN = '[ "$PPID" = "$0" ] || exit 1; exec "$@"'

_Job = tuple[Callable[[], "subprocess.Popen[bytes]"], "Future[subprocess.Popen[bytes]]"]
_jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
_start_lock = threading.Lock()
_starter: threading.Thread | None = None


def _start_for_ever() -> None:
    while True:
        make, answer = _jobs.get()
        try:
            answer.set_result(make())
        except OSError as error:
            answer.set_exception(error)


def _in_lasting_thread(make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    global _starter  # noqa: PLW0603 - one starter a process is the point
    with _start_lock:
        if _starter is None or not _starter.is_alive():
            _starter = threading.Thread(target=_start_for_ever, name="sandbox-starter", daemon=True)
            _starter.start()
    answer: Future[subprocess.Popen[bytes]] = Future()
    _jobs.put((make, answer))
    return answer.result()


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message; says so if there is none."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return t("({path} does not exist)", path=path)
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(kept) if kept else t("({path} is empty)", path=path)


class Child:
    """A started process, in its own session (Ctrl-C reaches only us), its output in a log file."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = Path(argv[0]).name
        self.log = log
        self._output: IO[bytes] = log.open("ab")
        command = ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", _UNLESS_ORPHAN, str(os.getpid()), *argv]

        def make() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )

        try:
            self._process = _in_lasting_thread(make)
        except OSError as error:
            self._output.close()
            raise SandboxError(t("cannot start {name}: {error}", name=self.name, error=error)) from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def first_child(self) -> int | None:
        """Process id of its first own child, None if it has none (yet)."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(listed[0]) if listed else None

    def wait(self, timeout_s: float) -> bool:
        """True if it ended within timeout_s."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._output.close()
        return True

    def send(self, signal_number: int) -> None:
        """Sends a signal; a process that has ended is left in peace."""
        if self._process.poll() is None:
            self._process.send_signal(signal_number)

    def end(self, grace_s: float) -> None:
        """Asks it to end (SIGTERM), and kills it if it has not done so after grace_s."""
        if self._process.poll() is None:
            self._process.terminate()
        if not self.wait(grace_s):
            self._process.kill()
            self.wait(5.0)

    def died(self, what: str) -> SandboxError:
        """The error to raise when it ended by itself."""
        return SandboxError(
            t(
                "{what} ended with status {returncode}; the end of {log}:\n{end}",
                what=what,
                returncode=self.returncode,
                log=self.log,
                end=tail(self.log),
            )
        )
