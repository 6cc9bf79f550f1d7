"""The line of `bench response`: what a person sends in a whole call, and when on it the next prompt is heard.

One call is one recording: room noise from the answer on, and in it the words at their times, as a telephone sends it.
The capture has both directions, so that every moment is one of the same clock.
"""

from __future__ import annotations

import audioop
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from bench.speech.clips import RATE as VOICE_RATE
from bench.speech.clips import save
from bench.speech.telephone_line import LEVEL_DB, RATE, Sound, band, pink
from sandbox.carrier import MEDIA_HOST
from sandbox.g711 import ALAW, ULAW
from sandbox.pcap import Datagram
from sandbox.rtp import TICKS

FRAME = TICKS  # samples of a packet
VOICED = 0.05  # of the level of the words: 26 dB below it
HEARD = 100  # mean amplitude of a packet that holds sound
_HEAD = struct.Struct("!BBHII")
_DECODE = {ULAW: audioop.ulaw2lin, ALAW: audioop.alaw2lin}


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in a call, and its place: from the first packet to the last that is voiced."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet of sound on the line."""

    at: float
    place: int  # in its stream, in packets
    loud: bool


def spoken_line(
    file: Path, said: Sequence[Sound], first_s: float, between_s: float, rest_s: float, noise_db: float
) -> list[Words]:
    """Write what the person sends: silence, words, silence, words, … over noise of ``noise_db`` (of full scale)."""
    parts, words, at = [np.zeros(int(first_s * RATE), np.float32)], [], int(first_s * RATE)
    for sound in said:
        narrow = _levelled(sound)
        first, last = _voiced(narrow)
        words.append(Words((at + first) // FRAME, (at + last - 1) // FRAME))
        parts += [narrow, np.zeros(int(between_s * RATE), np.float32)]
        at += len(narrow) + int(between_s * RATE)
    whole = np.concatenate([*parts, np.zeros(int(rest_s * RATE), np.float32)])
    noise = band(pink(len(whole), file.stem))
    noise *= 10 ** (noise_db / 20) / float(np.sqrt(np.mean(noise**2)))
    save(file, RATE, whole + noise)
    return words


def responses(words: Sequence[Words], said: Iterable[Sent], heard: Iterable[Sent]) -> list[float | None]:
    """For each the seconds from its last voiced packet to the first one of a prompt that holds sound.

    None: a prompt was heard while the person spoke, or none came before they spoke again.
    """
    at = {packet.place: packet.at for packet in said}
    prompts = sorted(packet.at for packet in heard if packet.loud)
    begins = [at.get(one.begins, float("inf")) for one in words] + [float("inf")]
    found: list[float | None] = []
    for number, one in enumerate(words):
        end = at.get(one.ends, float("inf"))
        during = any(begins[number] <= moment <= end for moment in prompts)
        after = next((moment for moment in prompts if end < moment < begins[number + 1]), None)
        found.append(None if during or after is None else after - end)
    return found


def packets(datagrams: Iterable[Datagram], begin: float, end: float) -> tuple[list[Sent], list[Sent]]:
    """What the person sent, and what they heard, between two moments."""
    said: list[Sent] = []
    heard: list[Sent] = []
    first: dict[bool, int] = {}
    for datagram in datagrams:
        from_person = datagram.source[0] == MEDIA_HOST
        if not begin <= datagram.at <= end or not (from_person or datagram.target[0] == MEDIA_HOST):
            continue
        if len(datagram.payload) < _HEAD.size or datagram.payload[0] >> 6 != 2:
            continue
        _, kind, _, stamp, _ = _HEAD.unpack_from(datagram.payload)
        decode = _DECODE.get(kind & 0x7F)
        if decode is None:
            continue
        pcm = decode(datagram.payload[_HEAD.size :], 2)
        place = (stamp - first.setdefault(from_person, stamp)) // TICKS
        sent = Sent(datagram.at, place, _mean(pcm) > HEARD)
        (said if from_person else heard).append(sent)
    return said, heard


def _mean(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return float(np.abs(samples).mean()) if len(samples) else 0.0


def _levelled(sound: Sound) -> Sound:
    """8 kHz, 300 to 3400 Hz, at the level of a speaking person."""
    narrow = band(np.asarray(soxr.resample(sound, VOICE_RATE, RATE), np.float32))
    loud = narrow[np.abs(narrow) > 0.02 * np.abs(narrow).max()]
    return narrow * np.float32(10 ** (LEVEL_DB / 20) / float(np.sqrt(np.mean(loud**2))))


def _voiced(sound: Sound) -> tuple[int, int]:
    """The first and the last sample of what is voiced, by frames."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.sqrt((frames**2).mean(axis=1))
    voiced = np.flatnonzero(power > VOICED * 10 ** (LEVEL_DB / 20))
    return int(voiced[0]) * FRAME, int(voiced[-1] + 1) * FRAME
