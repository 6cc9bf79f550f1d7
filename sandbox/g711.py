"""G.711: samples of 16 bits to the bytes that a telephone line carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

ULAW, ALAW = 0, 8  # also the RTP payload types (RFC 3551)
SILENCE = {ULAW: 0xFF, ALAW: 0xD5}


def encode(law: int, samples: Iterable[int]) -> bytes:
    """Each sample as one byte."""
    table = _table(law)
    return bytes(table[sample & 0xFFFF] for sample in samples)


@cache
def _table(law: int) -> bytes:
    one: Callable[[int], int] = {ULAW: _ulaw, ALAW: _alaw}[law]
    return bytes(one(n if n < 0x8000 else n - 0x10000) for n in range(0x10000))


def _ulaw(sample: int) -> int:
    sample >>= 2  # 14 bits
    sign, value = (0x80, -sample) if sample < 0 else (0, sample)
    value = min(value, 8158) + 33
    exponent = value.bit_length() - 6
    return ~(sign | exponent << 4 | value >> (exponent + 1) & 0x0F) & 0xFF


def _alaw(sample: int) -> int:
    sample >>= 3  # 13 bits
    sign, value = (0, -sample - 1) if sample < 0 else (0x80, sample)
    exponent = max(0, value.bit_length() - 5)
    return (sign | exponent << 4 | value >> max(1, exponent) & 0x0F) ^ 0x55
