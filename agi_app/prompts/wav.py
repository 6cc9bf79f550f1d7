"""WAV files byte by byte: what a header says, and the one form that Asterisk plays.

The module ``wave`` reads integers only; recorders also write floats and A-law.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from agi_app.messages import t

NARROW, WIDE = 8000, 16000  # Hz; Asterisk reads the first from .wav, the second from .wav16
PCM, FLOAT, ALAW, ULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_ENDLESS = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what a program writes that cannot go back to the header


class BadWav(ValueError):
    """The bytes are no WAV file that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Wav:
    """The sound inside a WAV file; ``data`` has whole frames only."""

    tag: int  # PCM, FLOAT, ALAW or ULAW
    rate: int  # Hz
    channels: int
    bits: int
    data: bytes
    missing: int = 0  # bytes that the header promises and the file has not


def parse(content: bytes) -> Wav:
    """Read a RIFF WAVE file; raises BadWav."""
    if content[:4] not in (b"RIFF", b"RF64") or content[8:12] != b"WAVE":
        raise BadWav(t("it is not a WAV file, despite its name"))
    form: bytes | None = None
    position = 12
    while position + 8 <= len(content):
        name, size = content[position : position + 4], struct.unpack_from("<I", content, position + 4)[0]
        body = content[position + 8 : position + 8 + size]
        if name == b"fmt ":
            form = body
        elif name == b"data":
            if form is None:
                raise BadWav(t("its header is damaged"))
            promised = 0 if size in _ENDLESS else size - len(body)
            return _sound(form, content[position + 8 :] if size in _ENDLESS else body, promised)
        position += 8 + size + size % 2
    raise BadWav(t("it ends before the sound begins"))


def _sound(form: bytes, data: bytes, missing: int) -> Wav:
    if len(form) < 16:
        raise BadWav(t("its header is damaged"))
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack_from("<H", form, 24)[0]
    wanted = {PCM: (8, 16, 24, 32), FLOAT: (32, 64), ALAW: (8,), ULAW: (8,)}.get(tag)
    if wanted is None:
        raise BadWav(t("its sound is compressed (format {tag}); save it as plain PCM", tag=tag))
    if bits not in wanted or not 1 <= channels <= 64 or not 1000 <= rate <= 768000:
        raise BadWav(
            t(
                "its header makes no sense ({rate} Hz, {channels} channels, {bits} bit)",
                rate=rate,
                channels=channels,
                bits=bits,
            )
        )
    frame = channels * bits // 8
    return Wav(tag, rate, channels, bits, data[: len(data) // frame * frame], missing)


def silence(rate: int, seconds: float) -> bytes:
    """A WAV file of nothing."""
    return build(rate, bytes(2 * round(rate * seconds)))


def build(rate: int, samples: bytes) -> bytes:
    """A WAV file of mono 16-bit little-endian ``samples``."""
    form = struct.pack("<HHIIHH", PCM, 1, rate, rate * 2, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples))
    return b"RIFF" + struct.pack("<I", len(head) + len(samples)) + head + samples
