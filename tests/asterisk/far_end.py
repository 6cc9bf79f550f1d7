"""A carrier that answers each call as its test says: any status, any Reason, any session description, any media.

SIP over UDP and RTP written from RFC 3261, 3264, 3326, 3550 and 3389, and nothing of agi-app or its sandbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Address = tuple[str, int]
HOST = "127.0.0.1"
PCMU, COMFORT_NOISE, G729, G722 = 0, 13, 18, 9
_PACKET_S = 0.02


@dataclass(frozen=True, slots=True)
class Manner:
    """What the far end does with one call: maybe rings, then answers with ``status``.

    ``reason`` is the value of a Reason header; ``payloads`` are in the answer's session description (``()``: port 0,
    None: no description at all); ``sends``: what comes then, a payload type, ``"rtcp"``, or None for nothing.
    """

    status: int = 200
    reason: str | None = None
    provisional: int | None = None
    headers: tuple[str, ...] = ()
    payloads: tuple[int, ...] | None = (PCMU,)
    sends: int | str | None = PCMU
    sends_after_s: float = 0.0
    early: int | None = None  # a payload type that comes before the answer, for a second


@dataclass(slots=True)
class Taken:
    """One call as the far end saw it."""

    number: str
    ended: bool = False
    heard: int = 0  # RTP packets that came
    media: socket.socket | None = None  # from before the answer
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class FarEnd:
    """Listens on a free UDP port; ``manner_of`` says what to do with the number called."""

    def __init__(self, manner_of: Callable[[str], Manner]) -> None:
        self._manner_of = manner_of
        self.calls: dict[str, Taken] = {}  # by Call-ID
        self.invites: list[str] = []  # the numbers, one an INVITE that was not repeated
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    def endpoint(self, trunk: str, number: str) -> str:
        """How to dial it: the trunk's endpoint, but this carrier."""
        return f"PJSIP/{trunk}/sip:{number.removeprefix('+')}@{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Sip(self._on_sip), (HOST, self.port))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self.calls.values():
            for task in call.tasks:
                task.cancel()
        if self._transport is not None:
            self._transport.close()

    def _on_sip(self, text: str, source: Address) -> None:
        head, _, body = text.partition("\r\n\r\n")
        method, *_ = head.split(" ", 1)
        call_id = _header(head, "Call-ID", "i")
        if method == "INVITE" and call_id not in self.calls:
            self._on_invite(call_id, head, body, source)
        elif method == "ACK" and call_id in self.calls:
            pass
        elif method in ("BYE", "CANCEL", "OPTIONS"):
            self._send(_response(head, 200, "OK"), source)
            if method != "OPTIONS" and call_id in self.calls:
                self.calls[call_id].ended = True

    def _on_invite(self, call_id: str, head: str, body: str, source: Address) -> None:
        found = re.search(r"sips?:\+?([^@;>]*)@", head)
        number = found[1] if found else ""
        call = self.calls[call_id] = Taken(number)
        self.invites.append(number)
        call.tasks.append(asyncio.get_running_loop().create_task(self._answer(call, head, body, source)))

    async def _answer(self, call: Taken, head: str, body: str, source: Address) -> None:
        manner = self._manner_of(call.number)
        self._send(_response(head, 100, "Trying"), source)
        contact = f"Contact: <sip:far@{HOST}:{self.port}>"
        if manner.early is not None:
            await self._ring_in_band(call, manner, head, body, source)
        elif manner.provisional is not None:
            self._send(_response(head, manner.provisional, "Progress", contact), source)
            await asyncio.sleep(0.05)
        headers = [contact, *manner.headers] if manner.status < 300 else list(manner.headers)
        if manner.reason is not None:
            headers.append(f"Reason: {manner.reason}")
        if manner.status >= 300:
            self._send(_response(head, manner.status, "Final", *headers), source)
            return
        with call.media or _media_socket() as media:
            sdp = None if manner.payloads is None else _description(manner.payloads, media.getsockname()[1])
            self._send(_response(head, manner.status, "OK", *headers, sdp=sdp), source)
            await self._talk(call, manner, media, _media_address(body))

    async def _ring_in_band(self, call: Taken, manner: Manner, head: str, body: str, source: Address) -> None:
        theirs = _media_address(body)
        call.media = media = _media_socket()
        sdp = _description(manner.payloads or (PCMU,), media.getsockname()[1])
        contact = f"Contact: <sip:far@{HOST}:{self.port}>"
        self._send(_response(head, manner.provisional or 183, "Progress", contact, sdp=sdp), source)
        for sequence in range(50):
            if theirs is not None:
                media.sendto(_rtp(manner.early or PCMU, sequence), theirs)
            await asyncio.sleep(_PACKET_S)

    async def _talk(self, call: Taken, manner: Manner, media: socket.socket, theirs: Address | None) -> None:
        loop = asyncio.get_running_loop()
        began, sequence, ours = loop.time(), 0, 0
        while not call.ended:
            with contextlib.suppress(BlockingIOError):
                while packet := media.recv(2048):
                    call.heard, ours = call.heard + 1, int.from_bytes(packet[8:12], "big")
            if theirs is not None and manner.sends is not None and loop.time() - began >= manner.sends_after_s:
                sequence += 1
                if manner.sends == "rtcp":
                    if sequence % 50 == 1:
                        media.sendto(_receiver_report(ours), (theirs[0], theirs[1] + 1))
                elif manner.sends != COMFORT_NOISE or sequence % 10 == 1:
                    media.sendto(_rtp(int(manner.sends), sequence), theirs)
            await asyncio.sleep(_PACKET_S)

    def _send(self, text: str, to: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(text.encode(), to)


class _Sip(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[str, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data.strip():
            self._take(data.decode(errors="replace"), addr)


def _media_socket() -> socket.socket:
    media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    media.bind((HOST, 0))
    media.setblocking(False)
    return media


def _header(head: str, *names: str) -> str:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() in {n.lower() for n in names}:
            return value.strip()
    return ""


def _response(head: str, status: int, phrase: str, *headers: str, sdp: str | None = None) -> str:
    lines = head.split("\r\n")[1:]
    vias = [line for line in lines if line.lower().startswith(("via:", "v:", "record-route:"))]
    to = _header(head, "To", "t")
    if status > 100 and ";tag=" not in to:
        to += ";tag=far"
    kept = [f"From: {_header(head, 'From', 'f')}", f"To: {to}", f"Call-ID: {_header(head, 'Call-ID', 'i')}"]
    kept.append(f"CSeq: {_header(head, 'CSeq')}")
    if sdp is not None:
        headers = (*headers, "Content-Type: application/sdp")
    body = sdp or ""
    start = f"SIP/2.0 {status} {phrase}"
    return "\r\n".join([start, *vias, *kept, *headers, f"Content-Length: {len(body)}", "", body])


def _description(payloads: tuple[int, ...], port: int) -> str:
    names = {PCMU: "PCMU", COMFORT_NOISE: "CN", G729: "G729", G722: "G722", 101: "telephone-event"}
    maps = [f"a=rtpmap:{p} {names[p]}/8000" for p in payloads]
    media = f"m=audio {port} RTP/AVP {' '.join(map(str, payloads))}" if payloads else "m=audio 0 RTP/AVP 0"
    lines = ["v=0", f"o=far 1 1 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0", media, *maps]
    return "\r\n".join([*lines, ""])


def _media_address(body: str) -> Address | None:
    port, host = re.search(r"^m=audio (\d+) ", body, re.MULTILINE), re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    return (host[1], int(port[1])) if port and host else None


def _rtp(payload: int, sequence: int) -> bytes:
    head = struct.pack("!BBHII", 0x80, payload, sequence & 0xFFFF, sequence * 160, 0x0A0B0C0D)
    return head + (b"\x40" if payload == COMFORT_NOISE else b"\xff" * (20 if payload == G729 else 160))


def _receiver_report(about: int) -> bytes:
    """What an RTP stack sends that has nothing to say and hears ``about`` (RFC 3550, 6.4.2), and who it is (6.5)."""
    report = struct.pack("!BBHI", 0x81, 201, 7, 0x0A0B0C0D) + struct.pack("!IIIIII", about, 0, 100, 5, 0, 0)
    name = struct.pack("!I", 0x0A0B0C0D) + b"\x01\x03far\x00"
    name += b"\x00" * (-len(name) % 4)
    return report + struct.pack("!BBH", 0x81, 202, len(name) // 4) + name
