"""How long each TCP connection to a port lasted, by a capture: what Asterisk saw, whatever the program says."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.errors import SandboxError
from sandbox.supervise import Child

_FIN, _SYN, _RST = 1, 2, 4
_TCP, _ETHERNET = 6, 14
_DRAIN_S = 0.5


class Wire:
    """tcpdump of one TCP port on the loopback interface; only the packets that begin and end a connection."""

    def __init__(self, file: Path, port: int) -> None:
        self.file, self.port = file, port
        self._child: Child | None = None

    def __enter__(self) -> Self:
        log = self.file.with_suffix(".log")
        filter_ = f"tcp port {self.port} and tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0"
        argv = ["tcpdump", "-i", "lo", "-n", "-U", "--immediate-mode", "-s", "64", "-B", "65536", "-Z", "root"]
        self._child = Child([*argv, "-w", str(self.file), filter_], log=log)
        deadline = time.monotonic() + 10
        while "listening on" not in log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                raise SandboxError("tcpdump did not start")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.sleep(_DRAIN_S)
        if self._child is not None:
            self._child.end(5.0)

    def spans(self) -> list[float]:
        """Seconds from the first SYN to the server's FIN or RST, for every connection that the server ended."""
        begun: dict[int, float] = {}
        lasted = []
        for at, source, target, flags in _segments(self.file):
            if target == self.port and flags & _SYN:
                begun.setdefault(source, at)
            elif source == self.port and flags & (_FIN | _RST) and target in begun:
                lasted.append(at - begun.pop(target))
        return lasted


def _segments(path: Path) -> list[tuple[float, int, int, int]]:
    """Time, source port, target port and flags of each TCP segment over IPv4."""
    data, at, found = path.read_bytes(), 24, []
    while at + 16 <= len(data):
        seconds, micro, kept, _ = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16 + _ETHERNET : at + 16 + kept]
        at += 16 + kept
        if len(packet) >= 40 and packet[0] >> 4 == 4 and packet[9] == _TCP:
            start = (packet[0] & 0x0F) * 4
            source, target = struct.unpack_from(">HH", packet, start)
            found.append((seconds + micro / 1e6, source, target, packet[start + 13]))
    return found
