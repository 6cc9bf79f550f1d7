"""G.711 (ITU-T G.711) and the sounds of a telephone: silence, a talker, keys as two tones (ITU-T Q.23)."""

from __future__ import annotations

import math
from functools import cache

RATE = 8000
FRAME = 160  # samples of 20 ms
PCMU, PCMA, CN = 0, 8, 13
_LOW, _HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_PAD = ("123A", "456B", "789C", "*0#D")


def ulaw_decode(byte: int) -> int:
    byte = ~byte & 0xFF
    value = (((byte & 0x0F) << 3) + 0x84) << ((byte >> 4) & 7)
    return 0x84 - value if byte & 0x80 else value - 0x84


def alaw_decode(byte: int) -> int:
    byte ^= 0x55
    exponent, value = (byte >> 4) & 7, ((byte & 0x0F) << 4) + 8
    if exponent:
        value = (value + 0x100) << (exponent - 1)
    return value if byte & 0x80 else -value


_DECODED = {PCMU: [ulaw_decode(byte) for byte in range(256)], PCMA: [alaw_decode(byte) for byte in range(256)]}
# Magnitude of each byte, in steps of 32: sum() over a translated frame is quick.
LOUDNESS = {codec: bytes(min(255, abs(value) >> 5) for value in table) for codec, table in _DECODED.items()}


@cache
def _encoder(codec: int) -> dict[int, int]:
    return {value: byte for byte, value in enumerate(_DECODED[codec])}


def encode(samples: list[int], codec: int) -> bytes:
    """To the nearest value that the codec has."""
    levels = sorted(_encoder(codec))
    table = _encoder(codec)
    out = bytearray()
    for sample in samples:
        low, high = 0, len(levels) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if levels[middle] <= sample:
                low = middle
            else:
                high = middle
        out.append(table[levels[low] if sample - levels[low] <= levels[high] - sample else levels[high]])
    return bytes(out)


@cache
def silence(codec: int) -> bytes:
    return encode([0], codec) * FRAME


@cache
def talker(codec: int) -> bytes:
    """A square wave of 1 kHz, so that who hears it knows it from every prompt and ringing tone."""
    return encode(([6000] * 4 + [-6000] * 4) * (FRAME // 8), codec)


@cache
def noise(codec: int) -> bytes:
    """A line's hiss, quieter than any prompt."""
    return encode([((index * 7919) % 41) - 20 for index in range(FRAME)], codec)


@cache
def key_tones(digit: str, milliseconds: int, codec: int) -> tuple[bytes, ...]:
    """The two tones of a key, in frames of 20 ms."""
    row = next(index for index, line in enumerate(_PAD) if digit in line)
    low, high = _LOW[row], _HIGH[_PAD[row].index(digit)]
    samples = [
        int(7000 * (math.sin(2 * math.pi * low * n / RATE) + math.sin(2 * math.pi * high * n / RATE)))
        for n in range(RATE * milliseconds // 1000)
    ]
    samples += [0] * (-len(samples) % FRAME)
    return tuple(encode(samples[start : start + FRAME], codec) for start in range(0, len(samples), FRAME))


def is_audible(payload: bytes, codec: int) -> bool:
    """Mean magnitude above 64 of 32768: a prompt, a tone or a talker, no hiss."""
    return sum(payload.translate(LOUDNESS[codec])) > 2 * len(payload)


def is_talker(payload: bytes) -> bool:
    """The square wave of ``talker``, also after a change between both laws."""
    return len(set(payload)) <= 2
