"""Every INVITE that leaves Asterisk, read from the wire: whatever address it goes to, the witness sees it.

A packet socket (Linux, root) with a filter for UDP from Asterisk's SIP port. Without the right to open one, only what
reaches the witness's own addresses is seen, and ``works`` is False.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import time
from dataclasses import dataclass

from witness import sip

_SO_ATTACH_FILTER = 26
_ETH_P_ALL = 0x0003
_OUTGOING = 4


@dataclass(slots=True)
class Sighting:
    at: float
    to: str
    port: int
    uri: str
    caller: str
    call_id: str


def _filter(port: int) -> list[tuple[int, int, int, int]]:
    """Classic BPF on a cooked socket (it begins at the IP header): IPv4 or IPv6, UDP, source port."""
    drop, take = 13, 12
    lines = [
        (0x30, 0, 0, 0),  # 0: A = first byte
        (0x54, 0, 0, 0xF0),
        (0x15, 3, 8, 0x40),  # IPv4: 3, else 8
        (0x30, 0, 0, 9),  # 3: A = protocol
        (0x15, 5, drop, 17),  # UDP
        (0xB1, 0, 0, 0),  # 5: X = length of the header
        (0x48, 0, 0, 0),  # A = source port
        (0x15, take, drop, port),
        (0x30, 0, 0, 6),  # 8: IPv6: A = next header
        (0x15, 10, drop, 17),
        (0x28, 0, 0, 40),  # 10: A = source port
        (0x15, take, drop, port),
        (0x06, 0, 0, 0xFFFF),  # 12: take it
        (0x06, 0, 0, 0),  # 13: drop it
    ]
    # A comparison's targets stand above as line numbers; the kernel counts them from the next line.
    return [
        (code, yes - at - 1, no - at - 1, k) if code == 0x15 else (code, yes, no, k)
        for at, (code, yes, no, k) in enumerate(lines)
    ]


class Wire:
    """Watches from ``start`` on. ``sightings`` has each first INVITE once (Call-ID and address)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.works = False
        self.sightings: list[Sighting] = []
        self._seen: set[tuple[str, str, int]] = set()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        except (PermissionError, AttributeError):
            return
        program = _filter(self.port)
        raw = b"".join(struct.pack("HBBI", *line) for line in program)
        buffer = ctypes.create_string_buffer(raw)
        self._socket.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer))
        )
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        self.works = True

    def stop(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                packet, source = self._socket.recvfrom(65535)
            except OSError:
                return
            if source[2] == _OUTGOING:
                self._packet(packet)

    def _packet(self, packet: bytes) -> None:
        if packet[0] >> 4 == 4:
            size, to = (packet[0] & 15) * 4, socket.inet_ntop(socket.AF_INET, packet[16:20])
        else:
            size, to = 40, socket.inet_ntop(socket.AF_INET6, packet[24:40])
        source, port = struct.unpack("!HH", packet[size : size + 4])
        message = sip.read(packet[size + 8 :]) if source == self.port else None
        if message is None or not message.is_request or message.method != "INVITE" or ";tag=" in message.get("to"):
            return
        key = (message.call_id, to, port)
        if key not in self._seen:
            self._seen.add(key)
            self.sightings.append(Sighting(time.time(), to, port, message.uri, message.get("from"), message.call_id))
