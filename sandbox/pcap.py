"""Reads UDP datagrams out of a classic pcap file, as tcpdump writes it; no more of the format than that needs.

A file that is still being written may be read: a record cut off at the end is left out.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agi_app.messages import t
from sandbox.errors import SandboxError

Address = tuple[str, int]

_MICRO, _NANO = 0xA1B2C3D4, 0xA1B23C4D
_LINK_HEADER = {0: 4, 1: 14, 101: 0, 113: 16, 276: 20}  # NULL, EN10MB, RAW, LINUX_SLL, LINUX_SLL2
_UDP = 17
_HEAD_SIZE = 24


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram; ``at`` is in seconds since the epoch, by the machine's clock."""

    at: float
    source: Address
    target: Address
    payload: bytes


def read_datagrams(path: Path) -> Iterator[Datagram]:
    """All IPv4 UDP datagrams in the order captured. Raises SandboxError if it is no pcap file we can read."""
    if path.stat().st_size < _HEAD_SIZE:
        return  # tcpdump has not written its head yet
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:  # may be a GB
        yield from _datagrams(path, data)


def _datagrams(path: Path, data: mmap.mmap) -> Iterator[Datagram]:
    order, fraction, link = _head(path, data)
    skip = _LINK_HEADER[link]
    record = struct.Struct(order + "IIII")
    at = _HEAD_SIZE
    while at + record.size <= len(data):
        seconds, part, kept, _ = record.unpack_from(data, at)
        at += record.size
        if at + kept > len(data):
            return
        datagram = _datagram(seconds + part / fraction, data[at + skip : at + kept])
        if datagram is not None:
            yield datagram
        at += kept


def _head(path: Path, data: mmap.mmap) -> tuple[str, float, int]:
    for order in "<", ">":
        magic, link = struct.unpack_from(order + "I", data)[0], struct.unpack_from(order + "I", data, 20)[0]
        if magic in (_MICRO, _NANO) and link in _LINK_HEADER:
            return order, 1e6 if magic == _MICRO else 1e9, link
    raise SandboxError(t("{path} is not a pcap file of a link type known here: record it with `tcpdump -w`", path=path))


def _datagram(at: float, packet: bytes) -> Datagram | None:
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != _UDP:
        return None
    start = (packet[0] & 0x0F) * 4
    source_port, target_port, length = struct.unpack_from(">HHH", packet, start)
    source = ".".join(map(str, packet[12:16])), source_port
    target = ".".join(map(str, packet[16:20])), target_port
    return Datagram(at, source, target, packet[start + 8 : start + length])
