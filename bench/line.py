"""What a person hears and when, by their own telephone line: from the answer to the first packet of sound, and from a
key to the next prompt. Pure.

A key's time is that of its first end packet (RFC 4733). Asterisk marks no packet as the first of a prompt, so a prompt
begins where there was no sound before (``after_pause``), or where its own samples begin (``where_begins``).
"""

from __future__ import annotations

import audioop
import itertools
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox import g711
from sandbox.carrier import MEDIA_HOST
from sandbox.pcap import Datagram
from sandbox.rtp import EVENTS, TICKS
from sandbox.sip import CarrierCall

PAUSE_S = 0.05  # without a packet: the prompt before has ended
COMPARED = 10  # packets: 0.2 s of a prompt
ALIKE = 0.01  # of its power: G.711 itself is 38 dB below the sound
_HEAD = struct.Struct("!BBHI")
_SOUND = 12  # bytes before it
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
    sound: bytes = b""  # what was kept of it
    key_ends: int | None = None  # the RTP time of a key; None for sound


Begins = Callable[[Sequence[_Packet]], list[float]]


def waits(calls: Iterable[CarrierCall], datagrams: Iterable[Datagram], begins: Begins | None = None) -> list[Waits]:
    """The waits of those answered calls whose line was captured, by the time of their answer.

    ``begins`` finds the beginnings of the prompts that follow keys; without it, whatever comes after a pause.
    """
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
            pressed, sound = (
                [packet for packet in side[call.media_port] if call.answered_at <= packet.at <= until]
                for side in (said, heard)
            )
            found.append(_waits(call.answered_at, pressed, sound, begins or after_pause))
    return sorted(found, key=lambda one: one.answered_at)


def after_pause(heard: Sequence[_Packet]) -> list[float]:
    """When sound came after there was none for PAUSE_S: right where keys are pressed in silence."""
    return [
        packet.at
        for before, packet in zip((None, *heard), heard, strict=False)
        if before is None or packet.at - before.at > PAUSE_S
    ]


def where_begins(prompt: Sequence[int]) -> Begins:
    """When the first COMPARED packets of this prompt (samples of 16 bits) came, also within another prompt."""
    wanted = np.asarray(prompt[: COMPARED * TICKS], np.float32)

    def begins(heard: Sequence[_Packet]) -> list[float]:
        sounds = [_samples(packet.sound) for packet in heard]
        found = []
        for place in range(len(sounds) - COMPARED + 1):
            off = np.concatenate(sounds[place : place + COMPARED]) - wanted
            if float(np.dot(off, off)) <= ALIKE * float(np.dot(wanted, wanted)):
                found.append(heard[place].at)
        return found

    return begins


def _waits(answered_at: float, said: Sequence[_Packet], heard: Sequence[_Packet], begins: Begins) -> Waits:
    ends: dict[int, float] = {}
    for packet in said:
        if packet.key_ends is not None:
            ends.setdefault(packet.key_ends, packet.at)
    keys = sorted(ends.values())
    starts = begins(heard) if keys else []
    after = [
        next((at - key for at in starts if key < at < following), None)
        for key, following in itertools.pairwise((*keys, float("inf")))
    ]
    return Waits(
        answered_at,
        heard[0].at - answered_at if heard else None,
        tuple(wait for wait in after if wait is not None),
    )


def _samples(sound: bytes) -> NDArray[np.float32]:
    """Of one packet; zeros for what a shorter one lacks."""
    pcm = audioop.ulaw2lin(sound[:TICKS].ljust(TICKS, bytes([g711.SILENCE[g711.ULAW]])), 2)
    return np.frombuffer(pcm, "<i2").astype(np.float32)


def _packet(datagram: Datagram, from_person: bool) -> _Packet | None:
    """Sound that is heard, or the end of a key that is pressed."""
    payload = datagram.payload
    if len(payload) < _HEAD.size or payload[0] >> 6 != 2:
        return None
    _, kind, _, stamp = _HEAD.unpack_from(payload)
    if not from_person:
        return _Packet(datagram.at, payload[_SOUND:]) if kind & 0x7F == g711.ULAW else None
    if kind & 0x7F == EVENTS and len(payload) > _SOUND + 1 and payload[_SOUND + 1] & _END:
        return _Packet(datagram.at, key_ends=stamp)
    return None
