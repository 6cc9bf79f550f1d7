"""SIPp as people who call our numbers; how long each waited until it rang."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from agi_app.messages import t
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "caller.xml"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One call: who calls (as the trunk shows it), by which name, and which number of ours."""

    caller: str
    called: str
    name: str = ""


class Callers:
    """Calls at a steady rate, each until it rings; ``wait`` ends it and tells the waiting times."""

    def __init__(self, run_dir: Path, target: tuple[str, int], calls: Iterable[Incoming], *, rate: float = 10) -> None:
        self.run_dir = run_dir.resolve()
        self.target = target
        self.calls = list(calls)
        self.rate = rate
        self._child: Child | None = None

    def start(self) -> None:
        """The first call goes out at once."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        for old in self.run_dir.glob("caller_*"):
            old.unlink()
        (self.run_dir / "caller.xml").write_text(SCENARIO.read_text("utf-8"), "utf-8")
        lines = ["SEQUENTIAL", *(f"{c.caller};{c.name};{c.called}" for c in self.calls)]
        (self.run_dir / "calls.csv").write_text("\n".join(lines) + "\n", "utf-8")
        self._child = Child(self._command(), log=self.run_dir / "callers.log", cwd=self.run_dir)

    def wait(self, timeout_s: float = 60.0) -> list[float]:
        """Seconds from each INVITE to its ringing; SandboxError when some did not ring."""
        child = self._child
        if child is None:
            raise SandboxError(t("the callers were not started"))
        if not child.wait(timeout_s):
            self.stop()
            raise SandboxError(t("the callers had not ended after {timeout_s:.0f} s", timeout_s=timeout_s))
        waited = self._waited()
        if len(waited) < len(self.calls):
            raise SandboxError(
                t(
                    "{missing} of {all} calls did not ring",
                    missing=len(self.calls) - len(waited),
                    all=len(self.calls),
                )
            )
        return waited

    def stop(self) -> None:
        """End SIPp, whatever it does."""
        if self._child is not None:
            self._child.end(1.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _waited(self) -> list[float]:
        deadline = time.monotonic() + 2.0
        while not (files := list(self.run_dir.glob("caller_*_rtt.csv"))) and time.monotonic() < deadline:
            time.sleep(0.05)
        rows = [row for file in files for row in csv.reader(file.read_text().splitlines()[1:], delimiter=";")]
        return [float(row[1]) / 1000 for row in rows if len(row) > 1]

    def _command(self) -> list[str]:
        host, port = self.target
        options = {
            "-sf": "caller.xml",
            "-inf": "calls.csv",
            "-i": "127.0.0.1",
            "-p": free_port(),
            "-mi": "127.0.0.2",
            "-ci": "127.0.0.1",
            "-cp": free_port(),
            "-min_rtp_port": 54_000,
            "-max_rtp_port": 60_000,
            "-m": len(self.calls),
            "-r": self.rate,
            "-l": 20_000,
            "-rtt_freq": 1,
            "-default_behaviors": "all,-abortunexp",
        }
        argv = ["sipp", f"{host}:{port}", "-nostdin", "-trace_rtt", "-trace_err"]
        for option, value in options.items():
            argv += [option, str(value)]
        return argv
