"""Telephones in Python: SIP and RTP written by the test itself, so that each packet is what the test says it is.

``Phones`` listens on one SIP port of 127.0.0.1; each INVITE becomes a ``PhoneCall``. A call sends a packet of sound
each 20 ms from its answer (or early media) on, keys as RFC 4733 packets, as tones or as SIP INFO, and keeps when it was
sent something that can be heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.ports import free_port
from tests.asterisk.talker import PACKET, RATE, _ulaw

HOST = "127.0.0.1"
KEYS = "0123456789*#"
EVENT = 101  # payload type of keys
TICK_S = 0.02
SILENT = bytes([0xFF]) * PACKET
LOUD = bytes([_ulaw(6000)] * 4 + [_ulaw(-6000)] * 4) * (PACKET // 8)
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
_PAD = ("123", "456", "789", "*0#")
_serial = itertools.count(1)


def tone(key: str) -> list[bytes]:
    """A second of the two tones of a key, in packets."""
    row = next(n for n, keys in enumerate(_PAD) if key in keys)
    pair = (_ROWS[row], _COLUMNS[_PAD[row].index(key)])
    samples = [_ulaw(sum(7000 * math.sin(2 * math.pi * f * n / RATE) for f in pair)) for n in range(RATE)]
    return [bytes(samples[at : at + PACKET]) for at in range(0, RATE, PACKET)]


class PhoneCall(asyncio.DatagramProtocol):
    """One call to a telephone, from its INVITE on; its media socket is its own."""

    def __init__(self, phones: Phones, invite: str, peer: tuple[str, int]) -> None:
        self._phones, self._invite, self._peer = phones, invite, peer
        self.number = re.findall(r"INVITE sips?:([^@;>]+)@", invite)[0]
        self.call_id = header(invite, "Call-ID")
        self._tag = f"phone{next(_serial)}"
        self._cseq = 0
        self._rtp: Any = None
        media = re.findall(r"m=audio (\d+)", invite)
        self._media_peer = (HOST, int(media[0])) if media else None
        self.offered_events = "telephone-event" in invite
        self.port = 0
        self._sending: asyncio.Task[None] | None = None
        self._sequence, self._stamp = 0, 0
        self._event: tuple[int, int, bool] | None = None  # key, stamp of its beginning, whether it is its end
        self._ends = 0
        self._tones: list[bytes] = []
        self.sound: bytes | None = SILENT  # None: no packets but those of keys
        self.heard: list[float] = []  # when packets came in which something is heard
        self.ended = asyncio.Event()
        self.ended_at = 0.0

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if len(data) > 12 and data[1] & 0x7F == 0 and sum(byte & 0x70 != 0x70 for byte in data[12:]) > 8:
            self.heard.append(time.monotonic())

    # ---- SIP

    def reply(self, status: str, *, sdp: bool = False, events: bool = True, to: str | None = None) -> None:
        """Answer a request, by default the INVITE."""
        request = to or self._invite
        keep = [
            line for line in request.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq|Record-Route):", line, re.I)
        ]
        mine = header(request, "To")
        keep.append(f"To: {mine}" if "tag=" in mine else f"To: {mine};tag={self._tag}")
        body = self._sdp(events=events) if sdp else ""
        kind = ["Content-Type: application/sdp"] if sdp else []
        lines = [f"SIP/2.0 {status}", *keep, self._contact, *kind, f"Content-Length: {len(body)}", "", body]
        self._phones.send("\r\n".join(lines), self._peer)

    async def ring(self) -> None:
        self.reply("180 Ringing")

    async def early(self, *, events: bool = True) -> None:
        """Sound before the answer."""
        await self._open()
        self.reply("183 Session Progress", sdp=True, events=events)

    async def answer(self, *, events: bool = True) -> None:
        """``events``: the answer agrees to RFC 4733."""
        await self._open()
        self.reply("200 OK", sdp=True, events=events)

    def bye(self) -> None:
        """Hang up."""
        self._request("BYE")
        self._over()

    def info(self, key: str) -> None:
        """A key as SIP INFO."""
        self._request("INFO", "application/dtmf-relay", f"Signal={key}\r\nDuration=160\r\n")

    def taken(self, request: str) -> None:
        """A request of the other side in this call."""
        method = request.split(" ", 1)[0]
        if method in ("BYE", "CANCEL"):
            self.reply("200 OK", to=request)
            if method == "CANCEL":
                self.reply("487 Request Terminated")
            self._over()
        elif method != "ACK":
            self.reply("200 OK", sdp=method == "INVITE", to=request)

    def _request(self, method: str, kind: str = "", body: str = "") -> None:
        self._cseq += 1
        target = re.findall(r"<([^>]+)>", header(self._invite, "Contact"))[0]
        mine, theirs = header(self._invite, "To"), header(self._invite, "From")
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._phones.port};branch=z9hG4bK{self._tag}-{self._cseq}",
            f"From: {mine};tag={self._tag}",
            f"To: {theirs}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self._cseq} {method}",
            "Max-Forwards: 70",
            self._contact,
            *([f"Content-Type: {kind}"] if kind else []),
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        self._phones.send("\r\n".join(lines), self._peer)

    @property
    def _contact(self) -> str:
        return f"Contact: <sip:{self.number}@{HOST}:{self._phones.port}>"

    def _sdp(self, *, events: bool) -> str:
        told = [f"a=rtpmap:{EVENT} telephone-event/8000", f"a=fmtp:{EVENT} 0-16"] if events else []
        lines = [
            "v=0", f"o=- 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0",
            f"m=audio {self.port} RTP/AVP 0{f' {EVENT}' if events else ''}", "a=rtpmap:0 PCMU/8000", *told,
            "a=sendrecv",
        ]  # fmt: skip
        return "\r\n".join(lines) + "\r\n"

    def _over(self) -> None:
        if not self.ended.is_set():
            self.ended_at = time.monotonic()
            self.ended.set()
        if self._sending is not None:
            self._sending.cancel()
        if self._rtp is not None:
            self._rtp.close()

    # ---- RTP

    async def _open(self) -> None:
        if self._rtp is None:
            loop = asyncio.get_running_loop()
            self._rtp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
            self.port = self._rtp.get_extra_info("sockname")[1]
            self._sending = loop.create_task(self._send())

    async def _send(self) -> None:
        due = time.monotonic()
        while True:
            self._packet()
            due += TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _packet(self) -> None:
        self._stamp += PACKET
        if self._event is None:
            sound = self._tones.pop(0) if self._tones else self.sound
            if sound is not None:
                self._put(0, self._stamp, sound)
            return
        key, began, over = self._event
        flags = (0x80 if over else 0) | 10
        payload = struct.pack("!BBH", key, flags, min(0xFFFF, self._stamp - began))
        self._put(EVENT, began, payload, first=self._stamp - began == PACKET)
        if over:
            self._ends -= 1
            if self._ends == 0:
                self._event = None

    def _put(self, kind: int, stamp: int, payload: bytes, *, first: bool = False) -> None:
        self._sequence += 1
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if first else 0), self._sequence & 0xFFFF, stamp, 0x0A0B0C0D)
        if self._rtp is not None and self._media_peer is not None:
            self._rtp.sendto(head + payload, self._media_peer)

    def press(self, key: str) -> None:
        """A key goes down, as RFC 4733 tells it; its first packet leaves now."""
        self._event = (KEYS.index(key), self._stamp, False)
        self._packet()

    def release(self) -> None:
        """It comes up: its end is told three times."""
        if self._event is not None:
            self._event, self._ends = (*self._event[:2], True), 3

    async def type_fast(self, keys: str, held_s: float, gap_s: float) -> None:
        """Keys at machine speed; a release and its repetitions leave at once."""
        for key in keys:
            began = self._stamp
            self._event = None
            for flags in (10, 0x8A, 0x8A, 0x8A):
                self._stamp += PACKET if flags == 10 else 0
                payload = struct.pack("!BBH", KEYS.index(key), flags, round(held_s * RATE))
                self._put(EVENT, began, payload, first=flags == 10)
                await asyncio.sleep(held_s if flags == 10 else 0)
            self._stamp += PACKET
            await asyncio.sleep(gap_s)

    def end_alone(self, key: str) -> None:
        """The packets of a key's beginning were lost; its three ends arrive."""
        self._event, self._ends = (KEYS.index(key), self._stamp - 5 * PACKET, True), 3

    def sing(self, key: str, seconds: float = 0.2) -> None:
        """A key as tones in the sound."""
        self._tones = tone(key)[: round(seconds / TICK_S)]

    def longest_silence(self, since: float) -> float:
        """Seconds in which nothing was heard, at most, from then to the end of the call."""
        moments = [since, *(at for at in self.heard if since <= at <= self.ended_at), self.ended_at]
        return max(b - a for a, b in itertools.pairwise(moments))


class Phones(asyncio.DatagramProtocol):
    """All telephones on one port: whoever is called there."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._calls: dict[str, PhoneCall] = {}
        self._waiting: dict[str, asyncio.Future[PhoneCall]] = {}
        self.seen: list[str] = []  # numbers of all INVITEs, each once
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, text: str, to: tuple[str, int]) -> None:
        self._transport.sendto(text.encode(), to)

    def expect(self, number: str) -> asyncio.Future[PhoneCall]:
        """The next call to this number (without a plus sign)."""
        return self._waiting.setdefault(number.removeprefix("+"), asyncio.get_running_loop().create_future())

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode("utf-8", "replace")
        if text.startswith("SIP/2.0"):
            return
        call = self._calls.get(header(text, "Call-ID"))
        if call is not None:
            retransmitted = text.startswith("INVITE") and "tag=" not in header(text, "To")
            if not retransmitted:
                call.taken(text)
        elif text.startswith("INVITE"):
            call = PhoneCall(self, text, addr)
            self._calls[call.call_id] = call
            self.seen.append(call.number)
            call.reply("100 Trying")
            if (waiting := self._waiting.pop(call.number, None)) is not None and not waiting.done():
                waiting.set_result(call)

    async def close(self) -> None:
        for call in self._calls.values():
            call._over()
        self._transport.close()


def header(message: str, name: str) -> str:
    """The value of a header field."""
    found = re.search(rf"^{name}:\s*(.*?)\r?$", message, re.I | re.M)
    return found[1] if found else ""


@asynccontextmanager
async def phones(port: int = 0) -> AsyncIterator[Phones]:
    """Telephones on a port of 127.0.0.1."""
    port = port or free_port()
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Phones(port), local_addr=(HOST, port)
    )
    del transport
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            await made.close()
        await asyncio.sleep(0.05)  # until the port is free for the next
