"""Which audio reached whom: the headers of the RTP that Asterisk sends to the carrier."""

from __future__ import annotations

import re
import signal
import time
from bisect import bisect_right
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.carrier import MEDIA_HOST
from sandbox.errors import SandboxError
from sandbox.pcap import read_datagrams
from sandbox.sip import CarrierCall
from sandbox.supervise import Child, tail

SNAPLEN = 64  # link, IP, UDP and RTP headers
_MEDIA_LINE = re.compile(rb"^m=audio (\d+) ", re.M)
_CALL_ID = re.compile(rb"^(?:call-id|i):[ \t]*([^\r\n]*)", re.I | re.M)


class MediaCapture:
    """tcpdump of the carrier's media ports, headers only."""

    def __init__(self, file: Path, ports: tuple[int, int]) -> None:
        self.file = file
        self._ports = ports
        self._child: Child | None = None
        self._log = file.with_name(file.name + ".log")

    def __enter__(self) -> Self:
        self._log.write_bytes(b"")
        low, high = self._ports
        what = f"udp and dst host {MEDIA_HOST} and dst portrange {low}-{high}"
        options = {"-i": "lo", "-s": str(SNAPLEN), "-B": "16384", "-Z": "root", "-w": str(self.file)}
        argv = ["tcpdump", "-n", *(word for option in options.items() for word in option)]
        self._child = Child([*argv, what], log=self._log)
        deadline = time.monotonic() + 10.0
        while "listening on" not in self._log.read_text(errors="replace"):
            if self._child.returncode is not None or time.monotonic() > deadline:
                raise SandboxError(f"tcpdump did not start:\n{tail(self._log)}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; the file is complete then."""
        child, self._child = self._child, None
        if child is not None:
            time.sleep(0.2)
            child.send(signal.SIGINT)
            if not child.wait(5.0):
                child.end(0.0)

    def packets(self) -> dict[int, list[float]]:
        """Media port of the carrier -> times of the audio packets sent there, in order."""
        found: dict[int, list[float]] = defaultdict(list)
        for datagram in read_datagrams(self.file):
            found[datagram.target[1]].append(datagram.at)
        return found


def media_ports(sip_file: Path) -> dict[str, list[tuple[float, int]]]:
    """Call-ID -> when and which media port the carrier's answer named."""
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for datagram in read_datagrams(sip_file):
        if datagram.payload.startswith(b"SIP/2.0 "):
            port, call = _MEDIA_LINE.search(datagram.payload), _CALL_ID.search(datagram.payload)
            if port and call:
                found[call[1].decode()].append((datagram.at, int(port[1])))
    return found


def longest_silence(
    call: CarrierCall, since: float, ports: list[tuple[float, int]], packets: dict[int, list[float]]
) -> float:
    """The longest time without audio or BYE after ``since``, for a call that was up then; infinity without an end."""
    end = call.bye_at if call.bye_at is not None else call.ended_at
    if end is None:
        return float("inf")
    heard = sorted(at for _, port in ports[:1] for at in packets.get(port, []))
    moments = [since, *(at for at in heard[bisect_right(heard, since) :] if at < end), end]
    return max(later - earlier for earlier, later in pairwise(moments))
