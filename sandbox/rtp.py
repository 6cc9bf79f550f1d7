"""RTP packets in a capture file, as SIPp's ``play_pcap_audio`` sends them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

PACKET_MS = 20
TICKS = 8 * PACKET_MS  # of the RTP clock, 8 kHz, in a packet
EVENTS = 101  # payload type of keys
_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_KEYS = "0123456789*#"  # RFC 4733, 3.2: the place is the event
_HELD, _ENDS = 5, 3  # packets: a key is held for 0.1 s, and its end is told three times


@dataclass(frozen=True, slots=True)
class Packet:
    """20 ms of a stream; ``since`` is how many packets ago the key began that it is about."""

    kind: int  # payload type
    payload: bytes
    since: int = 0
    first: bool = False  # of a talk or a key: the marker bit


def key(digit: str) -> list[Packet]:
    """One key as telephone events (RFC 4733)."""
    event, packets = _KEYS.index(digit), []
    for n in range(_HELD + _ENDS):
        held = min(n + 1, _HELD) * TICKS
        payload = struct.pack("!BBH", event, (0x80 if n >= _HELD else 0) | 10, held)
        packets.append(Packet(EVENTS, payload, since=n, first=n == 0))
    return packets


def capture(stream: Iterable[Packet | None]) -> bytes:
    """The stream as a capture file, one packet each 20 ms; None sends nothing."""
    out, sequence = [_HEADER], 0
    for number, packet in enumerate(stream):
        if packet is None:
            continue
        sequence += 1
        kind = packet.kind | (0x80 if packet.first else 0)
        stamp = (number - packet.since) * TICKS
        head = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, stamp, 0x0A0B0C0D)
        out.append(_frame(number * PACKET_MS, head + packet.payload))
    return b"".join(out)


def _frame(at_ms: int, payload: bytes) -> bytes:
    """One captured Ethernet frame; SIPp puts in addresses, ports and checksum itself."""
    udp = struct.pack("!HHHH", 4000, 4000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\x00\x00\x01", b"\x7f\x00\x00\x01")
    frame = b"\x00" * 12 + b"\x08\x00" + ip + udp
    return struct.pack("<IIII", at_ms // 1000, at_ms % 1000 * 1000, len(frame), len(frame)) + frame
