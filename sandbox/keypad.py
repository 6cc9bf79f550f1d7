"""A telephone of our own: a SIPp callee that keys the digits it is told, such as the code of a verification call.

The carrier's people press one fixed key (scenarios/carrier.xml). The code is known only when the command line
shows it, so this one is made for a code, and may start after the call began: Asterisk repeats its INVITE.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import rtp
from sandbox.carrier import MEDIA_HOST
from sandbox.errors import SandboxError
from sandbox.ports import is_taken
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "keypad.xml"
START_TIMEOUT_S = 10.0
_PAUSE_PACKETS = 10  # between two keys


class Keypad:
    """SIPp on 127.0.0.1: answers a call, waits ``after_s``, keys ``digits``, and stays until BYE."""

    def __init__(self, run_dir: Path, port: int, digits: str, *, media_port: int, after_s: float = 1.0) -> None:
        self._run_dir = run_dir.resolve()
        self._port = port
        self._digits = digits
        self._media_port = media_port
        self._after_ms = round(after_s * 1000)
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self._run_dir.mkdir(parents=True, exist_ok=True)
        (self._run_dir / "keys.pcap").write_bytes(keys_pcap(self._digits))
        text = SCENARIO.read_text("utf-8").replace("AFTER_MS", str(self._after_ms))
        (self._run_dir / "keypad.xml").write_text(text, "utf-8")
        argv = ["sipp", "-nostdin", "-sf", "keypad.xml", "-i", "127.0.0.1", "-p", str(self._port), "-mi", MEDIA_HOST]
        argv += ["-mp", str(self._media_port), "-default_behaviors", "all,-abortunexp"]
        self._child = Child(argv, log=self._run_dir / "keypad.log", cwd=self._run_dir)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_taken(self._port):
            if self._child.returncode is not None:
                raise self._child.died("SIPp")
            if time.monotonic() > deadline:
                raise SandboxError(f"SIPp did not open port {self._port} within {START_TIMEOUT_S:.0f} s")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end(2.0)


def keys_pcap(digits: str) -> bytes:
    """A capture file with RTP events (RFC 4733) of all the keys, for SIPp's ``play_pcap_audio``."""
    stream: list[rtp.Packet | None] = []
    for digit in digits:
        stream += [*rtp.key(digit), *[None] * _PAUSE_PACKETS]
    return rtp.capture(stream)
