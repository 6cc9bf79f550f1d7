"""The waits that the benches of calls measure, on made-up lines: both ends of each are packets of the capture."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from bench.line import waits
from bench.verdict import grew, most_at_once, tenths
from sandbox.carrier import MEDIA_HOST
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


def heard(at: float, *, marked: bool = False, port: int = 34_000) -> Datagram:
    head = struct.pack("!BBHII", 0x80, 0x80 if marked else 0, 1, 160, 7)
    return Datagram(at, ASTERISK, (MEDIA_HOST, port), head + b"\xff" * 160)


def pressed(at: float, *, end: bool, stamp: int = 13_280) -> Datagram:
    payload = struct.pack("!BBHIIBBH", 0x80, 101, 1, stamp, 7, 1, 0x8A if end else 0x0A, 320)
    return Datagram(at, PERSON, ASTERISK, payload)


def prompt(at: float, packets: int, *, marked: bool = False) -> list[Datagram]:
    return [heard(at + 0.02 * place, marked=marked and place == 0) for place in range(packets)]


def test_from_the_answer_to_the_first_sound() -> None:
    (one,) = waits([CALL], [heard(99.9), *prompt(100.03, 10)])
    assert one.first_audio == pytest.approx(0.03)
    assert one.key_to_audio == ()


@pytest.mark.parametrize("marked", [False, True])
def test_from_the_first_end_packet_of_a_key_to_the_next_prompt(marked: bool) -> None:
    """After a pause a prompt begins with any packet, within another prompt with a marked one."""
    before = prompt(100.03, 100 if marked else 10)
    keys = [pressed(101.9, end=False), pressed(102.0, end=True), pressed(102.01, end=True)]
    (one,) = waits([CALL], [*before, *keys, *prompt(102.04, 10, marked=marked)])
    assert [round(wait, 3) for wait in one.key_to_audio] == [0.04]


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
