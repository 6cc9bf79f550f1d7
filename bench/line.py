"""What a person hears and when, by their own telephone line: from the answer to the first packet of sound, and from a
key to the next prompt. Pure.

A prompt's first packet is one that Asterisk sends after it has sent nothing, or that has the marker bit of a new
source: every prompt begins with one (RFC 3550, 5.1). A key's time is that of its first end packet (RFC 4733).
"""

from __future__ import annotations

import itertools
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.carrier import MEDIA_HOST
from sandbox.pcap import Datagram
from sandbox.rtp import EVENTS
from sandbox.sip import CarrierCall

PAUSE_S = 0.05  # without a packet: the prompt before has ended
_HEAD = struct.Struct("!BBHI")
_END = 0x80  # in the second byte of an event


@dataclass(frozen=True, slots=True)
class Waits:
    """The waits of one call in seconds."""

    answered_at: float
    first_audio: float | None  # None: no sound came
    key_to_audio: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Packet:
    at: float
    key_ends: int | None = None  # the RTP time of a key; None for sound
    marked: bool = False


def waits(calls: Iterable[CarrierCall], datagrams: Iterable[Datagram]) -> list[Waits]:
    """The waits of those answered calls whose line was captured, by the time of their answer."""
    said: dict[int, list[_Packet]] = defaultdict(list)
    heard: dict[int, list[_Packet]] = defaultdict(list)
    for datagram in datagrams:
        from_person = datagram.source[0] == MEDIA_HOST
        if (packet := _packet(datagram, from_person)) is not None:
            side, port = (said, datagram.source[1]) if from_person else (heard, datagram.target[1])
            side[port].append(packet)
    found = []
    for call in calls:
        if call.answered_at is not None and call.media_port in heard:
            until = call.ended_at or call.last_seen_at
            ours = [[p for p in side[call.media_port] if call.answered_at <= p.at <= until] for side in (said, heard)]
            found.append(_waits(call.answered_at, *ours))
    return sorted(found, key=lambda one: one.answered_at)


def _waits(answered_at: float, said: Sequence[_Packet], heard: Sequence[_Packet]) -> Waits:
    ends: dict[int, float] = {}
    for packet in said:
        if packet.key_ends is not None:
            ends.setdefault(packet.key_ends, packet.at)
    begins = [
        packet.at
        for before, packet in zip((None, *heard), heard, strict=False)
        if packet.marked or before is None or packet.at - before.at > PAUSE_S
    ]
    keys = sorted(ends.values())
    after = [
        next((at - key for at in begins if key < at < following), None)
        for key, following in itertools.pairwise((*keys, float("inf")))
    ]
    return Waits(
        answered_at,
        begins[0] - answered_at if begins else None,
        tuple(wait for wait in after if wait is not None),
    )


def _packet(datagram: Datagram, from_person: bool) -> _Packet | None:
    """Sound that is heard, or the end of a key that is pressed."""
    payload = datagram.payload
    if len(payload) < _HEAD.size or payload[0] >> 6 != 2:
        return None
    _, kind, _, stamp = _HEAD.unpack_from(payload)
    if not from_person:
        return _Packet(datagram.at, marked=bool(kind & 0x80)) if kind & 0x7F != EVENTS else None
    if kind & 0x7F == EVENTS and len(payload) > 13 and payload[13] & _END:
        return _Packet(datagram.at, key_ends=stamp)
    return None
