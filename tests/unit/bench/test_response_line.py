"""The wait that `scripts/bench response` measures, on a made-up line: both its ends are packets of the capture."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from bench.speech.response_line import Sent, Words, packets, responses, spoken_line
from sandbox.carrier import MEDIA_HOST
from sandbox.g711 import SILENCE, ULAW
from sandbox.pcap import Datagram

PERSON, ASTERISK = (MEDIA_HOST, 34000), ("127.0.0.1", 12000)
TWO = [Words(50, 99), Words(300, 340)]
SAID = [Sent(100 + place * 0.02, place, loud=False) for place in range(500)]


def heard(*moments: float) -> list[Sent]:
    return [Sent(100 + moment, 0, loud=True) for moment in moments]


@pytest.mark.parametrize(
    ("prompts", "found"),
    [
        ((0.5, 3.2, 3.22, 8.0), [1.22, 1.2]),  # what was heard before does not count
        ((0.5, 1.2, 3.2, 8.0), [None, 1.2]),  # spoken into a prompt
        ((8.0,), [None, 1.2]),  # nothing came in turn
        ((), [None, None]),
    ],
)
def test_a_wait_ends_with_the_next_prompt(prompts: tuple[float, ...], found: list[float | None]) -> None:
    measured = responses(TWO, SAID, heard(*prompts))
    assert [None if one is None else round(one, 2) for one in measured] == found


def test_a_prompt_that_begins_with_silence_is_heard_when_it_sounds() -> None:
    quiet = [Sent(102.5, 0, loud=False)]
    assert responses(TWO[:1], SAID, [*quiet, *heard(3.0)]) == [pytest.approx(1.02)]


def rtp(at: float, place: int, byte: int, *, out: bool, kind: int = ULAW) -> Datagram:
    head = struct.pack("!BBHII", 0x80, kind, place, 7000 + place * 160, 1)
    return Datagram(at, *((ASTERISK, PERSON) if out else (PERSON, ASTERISK)), head + bytes([byte]) * 160)


def test_both_directions_of_a_call_are_told_apart() -> None:
    line = [
        rtp(9.0, 0, 0x10, out=True),  # of another call
        *(rtp(10 + n * 0.02, n, SILENCE[ULAW], out=False) for n in range(3)),
        rtp(10.1, 5, 0x10, out=True),
        rtp(10.12, 6, 0x10, out=True, kind=101),
        Datagram(10.2, ("127.0.0.1", 5060), ("127.0.0.1", 5061), b"INVITE sip:x"),
    ]
    said, played = packets(line, 9.5, 11.0)
    assert [(one.place, one.loud) for one in said] == [(0, False), (1, False), (2, False)]
    assert [(one.at, one.loud) for one in played] == [(10.1, True)]


def test_the_words_lie_where_they_are_said_to(tmp_path: Path) -> None:
    tone = np.sin(np.arange(12000) * 2 * np.pi * 800 / 24000).astype(np.float32) * 0.2  # half a second, 24 kHz
    said = np.concatenate([np.zeros(2400, np.float32), tone, np.zeros(4800, np.float32)])
    words = spoken_line(tmp_path / "41.wav", [said, said], 1.0, 2.0, 3.0, -60.0)
    with wave.open(str(tmp_path / "41.wav")) as sound:
        assert sound.getnframes() / 8000 == pytest.approx(1.0 + 2 * (0.8 + 2.0) + 3.0, abs=0.01)
    places = [place / 50 for one in words for place in (one.begins, one.ends)]
    assert places == pytest.approx([1.1, 1.6, 3.9, 4.4], abs=0.05)
