"""The harness itself: what it reads off the wires is right."""

from __future__ import annotations

import json
import struct

import pytest

from chaos.ariwire import AriLink, EventMischief, take_frames
from chaos.pgwire import PgLink
from chaos.steps import Steps

pytestmark = pytest.mark.slow  # starts proxies


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def _link(steps: Steps) -> PgLink:
    link = PgLink(lambda _: None, steps)
    link.from_client(struct.pack(">II", 8, 196608))  # the startup message has no type
    return link


def test_a_claim_has_passed_when_its_commit_is_answered() -> None:
    steps = Steps()
    link = _link(steps)
    link.from_client(_message(b"Q", b"BEGIN\0"))
    link.from_client(_message(b"P", b"named\0INSERT INTO attempt (x) SELECT 1\0\0\0"))
    link.from_client(_message(b"B", b"\0named\0\0\0"))
    link.from_server(b"rows")
    assert not steps.seen
    commit = _message(b"Q", b"COMMIT\0")
    link.from_client(commit[:3])  # cut anywhere
    link.from_client(commit[3:])
    assert not steps.seen
    link.from_server(b"done")
    assert steps.seen == {"claimed": 1}


def test_a_claim_that_is_rolled_back_has_not_passed() -> None:
    steps = Steps()
    link = _link(steps)
    for body in (b"BEGIN\0", b"INSERT INTO attempt (x) SELECT 1\0", b"ROLLBACK\0", b"BEGIN\0", b"COMMIT\0"):
        link.from_client(_message(b"Q", body))
        link.from_server(b"done")
    assert not steps.seen


def _frame(payload: bytes, *, mask: bytes = b"") -> bytes:
    size = len(payload)
    head = bytes([0x81, (0x80 if mask else 0) | (size if size < 126 else 126)])
    if size >= 126:
        head += struct.pack(">H", size)
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + payload


def test_frames_are_cut_at_their_borders_and_unmasked() -> None:
    first, second = b"a" * 10, b"b" * 300
    buffer = bytearray(_frame(first, mask=b"\1\2\3\4") + _frame(second) + _frame(b"cut")[:-1])
    frames = take_frames(buffer)
    assert [payload for _, payload, _ in frames] == [first, second]
    assert bytes(buffer) == _frame(b"cut")[:-1]


def test_events_are_doubled_and_answers_never_touched() -> None:
    mischief = EventMischief(1)
    link = AriLink(lambda _: None, Steps(), mischief)
    link.from_client(b"GET /ari/events HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    link.from_server(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    mischief.duplicate = 1.0
    event = _frame(json.dumps({"type": "ChannelDestroyed"}).encode())
    answer = _frame(b'{"type":"RESTResponse","request_id":"1"}')
    assert link.from_server(event + answer) == event + event + answer


def test_the_trap_springs_at_the_nth_time_only() -> None:
    steps = Steps()
    sprung: list[int] = []
    steps.passed("up")
    steps.arm("up", 2, lambda: sprung.append(steps.seen["up"]))
    for _ in range(4):
        steps.passed("up")
    assert sprung == [3]
