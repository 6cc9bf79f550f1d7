"""A telephone of our own: a SIPp callee that keys the digits it is told, such as the code of a verification call.

The carrier's people press one fixed key (scenarios/carrier.xml). The code is known only when the command line
shows it, so this one is made for a code, and may start after the call began: Asterisk repeats its INVITE.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import rtp, telephone
from sandbox.supervise import Child

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "keypad.xml"
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
        self._child = telephone.start("keypad", text, self._run_dir, self._port, self._media_port)
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
