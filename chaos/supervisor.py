"""Keeps one worker alive as systemd would: one second after its death it starts again, unless it ended with 3 or 0."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.supervise import Child, tail

RESTART_AFTER_S = 1.0
OTHER_WORKER = 3
START_TIMEOUT_S = 60.0  # one or two on a quiet machine
_DIALS = '"event": "dialling"'
COMMAND = (sys.executable, "-m", "agi_app.cli.main", "run", "--json-logs")


class WorkerFailed(Exception):
    """The worker, not the harness, did not do what every run begins with."""


@dataclass(slots=True)
class Life:
    """One process: when it began and ended (seconds since the epoch), and its exit status (negative: a signal)."""

    began: float
    ended: float | None = None
    status: int | None = None


@dataclass(slots=True)
class _Orders:
    end: bool = False  # no restart any more


@dataclass(slots=True)
class Supervisor:
    """One worker of a project. ``env`` may be changed between two lives (a wrong clock, another database)."""

    project: Path
    log: Path
    env: dict[str, str]
    lives: list[Life] = field(default_factory=list)
    _mark: int = 0  # where the present life begins in the log
    _child: Child | None = None
    _thread: threading.Thread | None = None
    _orders: _Orders = field(default_factory=_Orders)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, *, wait: bool = True) -> None:
        """Start the worker and the thread that watches it; with ``wait`` returns when it dials."""
        self._orders = _Orders()
        self._spawn()
        self._thread = threading.Thread(target=self._watch, args=(self._orders,), name="chaos-supervisor", daemon=True)
        self._thread.start()
        if wait:
            self.wait_for(_DIALS)

    def wait_until_dialling(self) -> None:
        """Wait until it says that it dials; WorkerFailed if it does not."""
        self.wait_for(_DIALS)

    @property
    def came_up(self) -> bool:
        """True when the present life has got as far as dialling."""
        return _DIALS in self._said()

    def _said(self) -> str:
        return self.log.read_bytes()[self._mark :].decode(errors="replace")

    def wait_for(self, text: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until the present life has said ``text`` in its log; WorkerFailed if that does not come."""
        deadline = time.monotonic() + timeout_s
        while text not in self._said():
            if time.monotonic() > deadline or (self._orders.end and not self.running):
                raise WorkerFailed(f"the worker never said {text}; its log:\n{tail(self.log)}")
            time.sleep(0.05)

    def _spawn(self) -> None:
        with self._lock:
            self._mark = self.log.stat().st_size if self.log.exists() else 0
            self._child = Child(COMMAND, log=self.log, env=self.env, cwd=self.project)
            self.lives.append(Life(time.time()))

    def _watch(self, orders: _Orders) -> None:
        while True:
            child = self._child
            if child is None:
                return
            while not child.wait(0.02):
                pass
            life = self.lives[-1]
            life.ended, life.status = time.time(), child.returncode
            if child.returncode == OTHER_WORKER:
                orders.end = True
            deadline = time.monotonic() + RESTART_AFTER_S
            while time.monotonic() < deadline and not orders.end:
                time.sleep(0.02)
            if orders.end:
                return
            self._spawn()

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def gave_up(self) -> bool:
        """It ended with 3, so nobody restarts it."""
        return self._orders.end and not self.running

    def kill(self) -> None:
        """SIGKILL; any thread, returns at once."""
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM: an orderly end, after which it is started again."""
        if self._child is not None:
            self._child.send(signal.SIGTERM)

    def stop(self, timeout_s: float = 60.0) -> int | None:
        """End it for good with SIGTERM; its exit status, None when it had to be killed."""
        self._orders.end = True
        child, thread = self._child, self._thread
        if child is None or thread is None:
            return None
        child.send(signal.SIGTERM)
        ended = child.wait(timeout_s)
        if not ended:
            child.send(signal.SIGUSR1)  # chaos/stacks.py: say in the log where it hangs
            time.sleep(0.5)
            child.end(0.0)
        thread.join(5.0)
        return child.returncode if ended else None

    def lines(self) -> list[dict[str, Any]]:
        """What the worker logged, as far as it is JSON."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [item for item in found if isinstance(item, dict)]


def environment(database_url: str, code: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a worker or command: agi_app from ``code``, this database."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "AGI_APP_"))}
    return {**kept, "DATABASE_URL": database_url, "PYTHONPATH": str(code), "PYTHONUNBUFFERED": "1", **(extra or {})}
