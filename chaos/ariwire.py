"""Watches an ARI connection, and on demand duplicates and reorders the events that Asterisk sends.

Frames are re-cut at their borders only; answers to requests are never touched, events may be sent twice or change
places with the next one. What a real network cannot do to one TCP connection, a broken Asterisk might.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import struct
from collections.abc import Callable

from chaos.proxy import Link
from chaos.steps import Steps

_TEXT = 1
HOLD_S = 0.05  # a held-back event goes on by itself after so long


class EventMischief:
    """Shared by all connections of a proxy; any thread may switch it."""

    def __init__(self, seed: int) -> None:
        self.duplicate = 0.0  # probability an event
        self.reorder = 0.0
        self.done = 0
        self.random = random.Random(seed)


class AriLink(Link):
    """One connection to Asterisk's HTTP port: plain requests, or the event socket."""

    def __init__(self, to_client: Callable[[bytes], None], steps: Steps, mischief: EventMischief) -> None:
        super().__init__(to_client)
        self._steps = steps
        self._mischief = mischief
        self._request = bytearray()
        self._answer = bytearray()
        self._socket: bool | None = None  # None: the first request is not complete yet
        self._upgraded = False
        self._held = b""

    def from_client(self, data: bytes) -> bytes:
        if self._socket is False:
            return data
        self._request += data
        if self._socket is None:
            head = self._request.find(b"\r\n\r\n")
            if head < 0:
                return data
            self._socket = b"upgrade: websocket" in bytes(self._request[:head]).lower()
            del self._request[: head + 4]
            return data
        for opcode, payload, _ in take_frames(self._request):
            if opcode == _TEXT and (step := step_of_request(payload)) is not None:
                self._steps.passed(step)
        return data

    def from_server(self, data: bytes) -> bytes:
        if not self._socket:
            return data
        self._answer += data
        out = b""
        if not self._upgraded:
            head = self._answer.find(b"\r\n\r\n")
            if head < 0:
                return b""
            out = bytes(self._answer[: head + 4])
            del self._answer[: head + 4]
            self._upgraded = True
        for opcode, payload, raw in take_frames(self._answer):
            out += self._event(opcode, payload, raw)
        return out

    def _event(self, opcode: int, payload: bytes, raw: bytes) -> bytes:
        if opcode != _TEXT or b'"type":"RESTResponse"' in payload:
            return raw
        event = json.loads(payload)
        step = step_of(event)
        if step is not None:
            self._steps.passed(step)
        if event["type"] == "RESTResponse":
            return raw
        return self._mix(raw)

    def _mix(self, raw: bytes) -> bytes:
        mischief = self._mischief
        held, self._held = self._held, b""
        if not (mischief.duplicate or mischief.reorder):
            return held + raw
        if mischief.random.random() < mischief.duplicate:
            mischief.done += 1
            raw = raw + raw
        if held:
            mischief.done += 1
            return raw + held
        if mischief.random.random() < mischief.reorder:
            self._held = raw
            asyncio.get_running_loop().call_later(HOLD_S, self._release, raw)
            return b""
        return raw

    def _release(self, raw: bytes) -> None:
        if self._held is raw:
            self._held = b""
            self.to_client(raw)


def step_of_request(payload: bytes) -> str | None:
    """Which step of an attempt's life one of our requests shows."""
    if b'"uri":"channels/create"' in payload:
        return "marked"
    return "made" if re.search(rb'"uri":"channels/[^/"]+/dial"', payload) else None


def step_of(event: dict[str, object]) -> str | None:
    """Which step of an attempt's life an ARI event shows."""
    kind = event.get("type")
    if kind == "Dial":
        return {"RINGING": "ringing", "ANSWER": "up"}.get(str(event.get("dialstatus")))
    return {"ChannelDtmfReceived": "key", "ChannelDestroyed": "finishing"}.get(str(kind))


def take_frames(buffer: bytearray) -> list[tuple[int, bytes, bytes]]:
    """Take the complete WebSocket frames off ``buffer``: (opcode, payload unmasked, bytes as sent)."""
    frames = []
    while len(buffer) >= 2:
        size, at = buffer[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            if len(buffer) < at + wide:
                break
            size = struct.unpack_from(">H" if wide == 2 else ">Q", buffer, at)[0]
            at += wide
        masked = bool(buffer[1] & 0x80)
        key = bytes(buffer[at : at + 4]) if masked else b""
        at += len(key)
        if len(buffer) < at + size or (masked and len(key) < 4):
            break
        payload = bytes(buffer[at : at + size])
        if masked:
            stream = (key * (size // 4 + 1))[:size]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
        frames.append((buffer[0] & 0x0F, payload, bytes(buffer[: at + size])))
        del buffer[: at + size]
    return frames
