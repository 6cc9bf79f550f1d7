"""SIPp as the carrier of the people called; who answers is told by the last two digits of the number.

The persons are listed at the head of ``scenarios/carrier.xml``. Media goes over 127.0.0.2: SIPp only sends there and
binds no port a call, so its port numbers can never be those of an Asterisk on 127.0.0.1.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from agi_app.messages import t
from sandbox import rtp
from sandbox.errors import SandboxError
from sandbox.g711 import SILENCE, ULAW
from sandbox.ports import free_port, is_free, is_taken
from sandbox.speaker import Person, add_speakers, call_pcap
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "carrier.xml"
MEDIA_HOST = "127.0.0.2"
MEDIA_PORTS = (34_000, 54_000)
MEDIA_STRIDE = 4  # ports from one call to the next; SIPp begins again after 2,500 calls
START_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True)
class CarrierStats:
    """What SIPp counts: calls taken, still open, ended as the scenario says, ended otherwise."""

    created: int
    open: int
    successful: int
    failed: int


class Carrier:
    """One SIPp process on 127.0.0.1 UDP. ``port`` 0 means a free one; ``media_ports`` is what its SDP offers.

    ``trace`` writes sipp-errors.log: each unexpected message, and also each wait that ended as it should.
    ``speaking`` has people who speak, by the last two digits of the number.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        port: int = 0,
        media_ports: tuple[int, int] = MEDIA_PORTS,
        trace: bool = False,
        speaking: Mapping[str, Person] | None = None,
    ) -> None:
        self.run_dir = run_dir.resolve()
        self.port = port or free_port()
        self.media_ports = media_ports
        self.trace = trace
        self.speaking = speaking or {}
        self._child: Child | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Give this to ``Asterisk(carrier=…)``."""
        return "127.0.0.1", self.port

    @property
    def log_path(self) -> Path:
        """What SIPp printed; the calls are in a ``sandbox.capture``."""
        return self.run_dir / "sipp.log"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    def start(self) -> None:
        """Starts SIPp and waits until its SIP port is bound."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        if not is_free(self.port):
            raise SandboxError(
                t("the carrier's port {port} is taken: choose another, or 0 for a free one", port=self.port)
            )
        scenario = add_speakers(SCENARIO.read_text("utf-8"), self.speaking)
        (self.run_dir / "carrier.xml").write_text(scenario, "utf-8")
        silence = rtp.Packet(ULAW, bytes([SILENCE[ULAW]]) * rtp.TICKS)
        (self.run_dir / "quiet.pcap").write_bytes(rtp.capture([silence] * 2))
        for suffix, person in self.speaking.items():
            (self.run_dir / f"speaker-{suffix}.pcap").write_bytes(call_pcap(person))
        self._child = Child(self._command(), log=self.log_path, cwd=self.run_dir)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_taken(self.port):
            if self._child.returncode is not None:
                raise self._child.died("SIPp")
            if time.monotonic() > deadline:
                self.stop()
                raise SandboxError(
                    t(
                        "SIPp did not open port {port} within {seconds:.0f} s",
                        port=self.port,
                        seconds=START_TIMEOUT_S,
                    )
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends SIPp at once; open calls get no BYE. Raises if it had died by itself."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is not None:
            raise child.died("SIPp")
        child.end(2.0)

    def stats(self) -> CarrierStats:
        """SIPp's counters, at most a second old."""
        path = self.run_dir / "sipp-stats.csv"
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter=";")) if path.exists() else []
        if not rows:
            return CarrierStats(0, 0, 0, 0)
        row = rows[-1]
        return CarrierStats(
            created=int(row["TotalCallCreated"]),
            open=int(row["CurrentCall"]),
            successful=int(row["SuccessfulCall(C)"]),
            failed=int(row["FailedCall(C)"]),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        low, high = self.media_ports
        options = {
            "-sf": "carrier.xml",
            "-i": "127.0.0.1",
            "-p": self.port,
            "-ci": "127.0.0.1",
            "-cp": free_port(),
            "-mi": MEDIA_HOST,
            "-min_rtp_port": low,
            "-max_rtp_port": high,
            # Far above any load here: SIPp must never be what limits or ends a run.
            "-l": 20_000,
            "-max_socket": 50_000,
            "-buff_size": 4_000_000,
            "-watchdog_minor_maxtriggers": 1_000_000,
            "-watchdog_major_maxtriggers": 1_000_000,
            # An unexpected message is answered by default rules but never aborts a call.
            "-default_behaviors": "all,-abortunexp",
            "-stf": "sipp-stats.csv",
            "-fd": "1",
        }
        argv = ["sipp", "-nostdin", "-aa", "-trace_stat"]
        if self.trace:
            argv += ["-trace_err", "-error_file", "sipp-errors.log"]
        for option, value in options.items():
            argv += [option, str(value)]
        return argv
