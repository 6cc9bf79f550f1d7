"""Does the runs of a campaign: each in a process of its own, and anew in a fresh world when the harness failed.

A run is done anew only when something of the harness (SIPp, tcpdump, Asterisk, PostgreSQL, a port) did not start or its
fault met nothing. A run that was judged stands, whatever the judgement was.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.judge import Verdict
from chaos.run import Plan
from sandbox.errors import SandboxError
from sandbox.supervise import Child, tail

TRIES = 3
TIMEOUT_S = 420.0  # of one run; the longest takes two minutes


@dataclass
class Crew:
    """``retries`` says what was done anew, and why."""

    root: Path
    folder: Path
    say: Callable[[str], None]
    retries: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def template(self, code: Path, people: int, seed: int) -> Path:
        """Make the project and the database that runs begin with; the folder they are in."""
        folder = self.folder / f"template-{code.name}"
        self._until_done("the template", folder, {"do": "template", "code": str(code), "people": people, "seed": seed})
        return folder

    def run(self, plan: Plan, template: Path, code: Path) -> Verdict:
        """Do one run, up to TRIES times; any thread. SandboxError when the harness failed each time."""
        order = {
            "do": "run",
            "fault": plan.fault.name,
            "step": plan.step,
            "seed": plan.seed,
            "quick": plan.quick,
            "nodes": plan.nodes,
            "root": str(self.root),
            "template": str(template),
            "code": str(code),
        }
        return Verdict(**self._until_done(plan.name, self.folder / plan.name, order))

    def _until_done(self, name: str, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
        answer = self._do(folder, order)
        for attempt in range(2, TRIES + 1):
            if "failed" not in answer:
                break
            self._note(f"{name}: the harness failed, try {attempt} of {TRIES} follows: {answer['failed']}")
            answer = self._do(folder, order)
        if "failed" in answer:
            raise SandboxError(f"the harness failed {TRIES} times; last: {answer['failed']}")
        return answer

    def _note(self, retry: str) -> None:
        self.say(retry)
        with self._lock:
            self.retries.append(retry)

    def _do(self, folder: Path, order: dict[str, Any]) -> dict[str, Any]:
        shutil.rmtree(folder, ignore_errors=True)
        log, result = folder.with_name(f"{folder.name}.log"), folder.with_name(f"{folder.name}.json")
        result.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        words = json.dumps({**order, "folder": str(folder)}), str(result)
        child = Child([sys.executable, "-m", "chaos.one", *words], log=log)
        if not child.wait(TIMEOUT_S):
            child.end(0.0)
            raise SandboxError(f"{folder.name} did not end within {TIMEOUT_S:.0f} s; its log:\n{tail(log)}")
        if child.returncode != 0 or not result.exists():
            raise child.died(folder.name)
        answer: dict[str, Any] = json.loads(result.read_text())
        result.unlink()
        if not log.stat().st_size:
            log.unlink()
        return answer
