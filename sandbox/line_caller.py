"""Somebody who calls us: a SIPp caller that shows a number or none, keys what it is told, and hangs up or waits for us.

The carrier's people are called (scenarios/carrier.xml); this one calls, as a trunk would bring the call in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from agi_app.messages import t
from sandbox import rtp
from sandbox.carrier import MEDIA_HOST
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "line_caller.xml"
BETWEEN_KEYS = 5  # packets of 20 ms


class LineCaller:
    """SIPp on 127.0.0.1: calls ``called`` at ``sip_port`` and keys ``keys``: each some digits, so many seconds after.

    ``shown`` is its number; None: it shows none. ``stays_s`` is how long it waits for our BYE before its own.
    ``audio`` is a capture file with what it sends instead of keys.
    """

    def __init__(
        self,
        run_dir: Path,
        sip_port: int,
        called: str,
        shown: str | None,
        keys: Sequence[tuple[float, str]] = (),
        *,
        stays_s: float = 60.0,
        audio: bytes | None = None,
    ) -> None:
        self._run_dir = run_dir.resolve()
        self._target = f"127.0.0.1:{sip_port}"
        self._called, self._shown = called, shown
        self._audio = keys_pcap(keys) if audio is None else audio
        self._stays_ms = round(stays_s * 1000)
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self._run_dir.mkdir(parents=True, exist_ok=True)
        (self._run_dir / "keys.pcap").write_bytes(self._audio)
        text = SCENARIO.read_text("utf-8").replace("STAYS_MS", str(self._stays_ms))
        shown = f"<sip:{self._shown}@[local_ip]>" if self._shown else '"Anonymous" <sip:anonymous@anonymous.invalid>'
        (self._run_dir / "line_caller.xml").write_text(text.replace("SHOWN", shown), "utf-8")
        argv = ["sipp", self._target, "-nostdin", "-sf", "line_caller.xml", "-s", self._called, "-m", "1"]
        argv += ["-i", "127.0.0.1", "-p", str(free_port()), "-mi", MEDIA_HOST, "-mp", str(free_port())]
        argv += ["-default_behaviors", "all,-abortunexp"]
        self._child = Child(argv, log=self._run_dir / "line_caller.log", cwd=self._run_dir)
        return self

    def wait(self, timeout_s: float) -> None:
        """Wait until its call is over; SandboxError if it was not answered, or is not over by then."""
        if self._child is None or not self._child.wait(timeout_s):
            raise SandboxError(
                t(
                    "the call of {name} is not over after {timeout_s:.0f} s",
                    name=self._run_dir.name,
                    timeout_s=timeout_s,
                )
            )
        if self._child.returncode:
            raise self._child.died("SIPp")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end(2.0)


def keys_pcap(keys: Sequence[tuple[float, str]]) -> bytes:
    """A capture file with the keys as RTP events, so many seconds after what was before."""
    stream: list[rtp.Packet | None] = []
    for seconds, digits in keys:
        stream += [None] * round(seconds * 1000 / rtp.PACKET_MS)
        for digit in digits:
            stream += [*rtp.key(digit), *[None] * BETWEEN_KEYS]
    return rtp.capture(stream)
