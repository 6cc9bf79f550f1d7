"""The waits that the benches of calls measure, on made-up lines: both ends of each are packets of the capture."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest

from bench.line import waits, where_begins
from bench.verdict import grew, most_at_once, tenths
from sandbox.carrier import MEDIA_HOST
from sandbox.g711 import ULAW, encode
from sandbox.pcap import Datagram
from sandbox.sip import CarrierCall

PERSON, ASTERISK = (MEDIA_HOST, 34_000), ("127.0.0.1", 12_000)
CALL = CarrierCall(
    "a",
    "+999862155500001",
    "+9998613000000001",
    invite_at=99.0,
    last_invite_at=99.0,
    last_seen_at=130.0,
    invites=1,
    answered_at=100.0,
    ended_at=124.0,
    media_port=34_000,
)


def heard(at: float, sound: bytes = b"\xff" * 160, *, port: int = 34_000) -> Datagram:
    return Datagram(at, ASTERISK, (MEDIA_HOST, port), struct.pack("!BBHII", 0x80, 0, 1, 160, 7) + sound)


def pressed(at: float, *, end: bool, stamp: int = 13_280) -> Datagram:
    payload = struct.pack("!BBHIIBBH", 0x80, 101, 1, stamp, 7, 1, 0x8A if end else 0x0A, 320)
    return Datagram(at, PERSON, ASTERISK, payload)


def prompt(at: float, packets: int) -> list[Datagram]:
    return [heard(at + 0.02 * place) for place in range(packets)]


def tone(hertz: int, packets: int) -> list[int]:
    """A prompt that begins with a packet of silence."""
    return [0] * 160 + [round(9000 * math.sin(n * hertz * math.tau / 8000)) for n in range((packets - 1) * 160)]


def played(at: float, samples: list[int]) -> list[Datagram]:
    sound = encode(ULAW, samples)
    return [heard(at + 0.02 * n, sound[160 * n : 160 * n + 160]) for n in range(len(sound) // 160)]


def test_from_the_answer_to_the_first_sound() -> None:
    (one,) = waits([CALL], [heard(99.9), *prompt(100.03, 10)])
    assert one.first_audio == pytest.approx(0.03)
    assert one.key_to_audio == ()


def test_from_the_first_end_packet_of_a_key_to_the_next_prompt() -> None:
    keys = [pressed(101.9, end=False), pressed(102.0, end=True), pressed(102.01, end=True)]
    (one,) = waits([CALL], [*prompt(100.03, 10), *keys, *prompt(102.04, 10)])
    assert [round(wait, 3) for wait in one.key_to_audio] == [0.04]


def test_a_prompt_that_stops_another_is_known_by_its_samples() -> None:
    """No pause and no mark tells them apart on the wire; the same prompt before the key is another matter."""
    greeting, goodbye = tone(440, 40), tone(700, 20)
    line = [*played(100.0, goodbye), *played(101.0, greeting), pressed(101.81, end=True), *played(101.83, goodbye)]
    (one,) = waits([CALL], line, where_begins(goodbye))
    assert [round(wait, 3) for wait in one.key_to_audio] == [0.02]
    (none,) = waits([CALL], line, where_begins(tone(900, 20)))
    assert none.key_to_audio == ()


def test_a_key_that_no_prompt_follows_before_the_next_key() -> None:
    keys = [pressed(103.0, end=True), pressed(105.0, end=True, stamp=23_200)]
    (one,) = waits([CALL], [*prompt(100.03, 10), *keys, *prompt(105.5, 10)])
    assert [round(wait, 3) for wait in one.key_to_audio] == [0.5]


def test_only_lines_that_were_captured_count() -> None:
    other = replace(CALL, call_id="b", media_port=34_004)
    silent = replace(CALL, call_id="c", answered_at=None)
    later = replace(CALL, call_id="d", answered_at=110.0, media_port=34_200)  # captured, and nothing was heard
    found = waits([later, other, silent, CALL], [*prompt(100.03, 10), heard(105.0, port=34_200)])
    assert [(one.answered_at, one.first_audio is None) for one in found] == [(100.0, False), (110.0, True)]


def test_how_many_calls_were_open_at_once() -> None:
    calls = [replace(CALL, invite_at=float(n), answered_at=n + 0.2, ended_at=n + 2.5) for n in range(10)]
    assert most_at_once(calls) == 3
    assert most_at_once([]) == 0


def test_the_first_and_the_last_tenth() -> None:
    assert tenths(range(30)) == (range(3), range(27, 30))
    assert tenths("ab") == ("a", "b")
    assert not grew({"p50": 2.0, "p99": 9.0}, {"p50": 7.9, "p99": 90.0})
    assert grew({"p50": 20.0}, {"p50": 36.0})
    assert grew({"p50": 20.0}, {})
