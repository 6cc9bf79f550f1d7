"""A SIP relay of ours between Asterisk and the carrier, so that a trunk can go bad in the middle of a run.

``storm``: each new INVITE gets 503. ``silent``: new INVITEs vanish. ``deaf_media``: 200 OK comes without SDP, so there
is no media at all. ``late``: for numbers that end with ``late_suffix`` CANCEL vanishes, and the answer comes after it.
Calls that are on go on in every mode. The carrier's Contact is rewritten to the relay, so the capture of its port has
every message once.
"""

from __future__ import annotations

import asyncio
import re
from typing import Literal

from chaos.proxy import Wire

Mode = Literal["normal", "storm", "silent", "deaf_media", "late"]
Address = tuple[str, int]
_KEPT = re.compile(rb"^(via|v|from|f|call-id|i|cseq):", re.I)


class Relay:
    """Carries SIP over UDP from any Asterisk on 127.0.0.1 to the carrier and back; ``mode`` may change at any time."""

    def __init__(self, wire: Wire, carrier: Address, port: int) -> None:
        self.carrier = carrier
        self.port = port
        self.mode: Mode = "normal"
        self.late_suffix = ""
        self.met = 0  # how many messages the fault changed or swallowed
        self.ringing: list[str] = []  # numbers whose phone began to ring, in order
        self._ours = b"127.0.0.1:%d" % port
        self._theirs = b"127.0.0.1:%d" % carrier[1]
        self._cancelled: set[bytes] = set()  # Call-IDs whose CANCEL has vanished
        self._doomed: set[bytes] = set()  # Call-IDs that a storm or silence has eaten
        self._far: dict[Address, asyncio.DatagramTransport] = {}
        self._wire = wire
        self._near = wire.do(self._listen())

    @property
    def address(self) -> Address:
        """Where an Asterisk's trunk sends its calls."""
        return "127.0.0.1", self.port

    def close(self) -> None:
        """Stop; messages on their way are lost."""
        self._wire.soon(self._near.close)
        for transport in self._far.values():
            self._wire.soon(transport.close)

    async def _listen(self) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        near, _ = await loop.create_datagram_endpoint(lambda: _Near(self), local_addr=("127.0.0.1", self.port))
        return near

    async def _far_end(self, asterisk: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        far, _ = await loop.create_datagram_endpoint(lambda: _Far(self, asterisk), remote_addr=self.carrier)
        return far

    def from_asterisk(self, data: bytes, source: Address) -> None:
        """One message of an Asterisk: answered, swallowed or carried on."""
        if self._eaten(data, source):
            self.met += 1
            return
        far = self._far.get(source)
        if far is not None:
            far.sendto(data)
            return

        async def first() -> None:
            self._far.setdefault(source, await self._far_end(source)).sendto(data)

        self._first = self._wire.loop.create_task(first())

    def _eaten(self, data: bytes, source: Address) -> bool:
        call = _header(data, b"call-id")
        method = data.split(b" ", 1)[0]
        if call in self._doomed:
            if method == b"INVITE" and self.mode == "storm":
                self._refuse(data, source)
            return True
        if method == b"INVITE" and b";tag=" not in _header(data, b"to") and self.mode in ("storm", "silent"):
            self._doomed.add(call)
            if self.mode == "storm":
                self._refuse(data, source)
            return True
        if method == b"CANCEL" and self._late(data):
            self._cancelled.add(call)
            return True
        return False

    def _late(self, data: bytes) -> bool:
        return self.mode == "late" and _user(_header(data, b"to")).endswith(self.late_suffix)

    def _refuse(self, invite: bytes, source: Address) -> None:
        kept = [line for line in invite.split(b"\r\n") if _KEPT.match(line)]
        to = b"To: " + _header(invite, b"to") + b";tag=storm"
        lines = [b"SIP/2.0 503 Service Unavailable", *kept, to, b"Content-Length: 0", b"", b""]
        self._near.sendto(b"\r\n".join(lines), source)

    def from_carrier(self, data: bytes, asterisk: Address) -> None:
        """One message of the carrier, on its way to the Asterisk that it belongs to."""
        head, gap, body = data.partition(b"\r\n\r\n")
        head = head.replace(self._theirs, self._ours)
        if head.startswith(b"SIP/2.0 180"):
            self.ringing.append(_user(_header(data, b"to")))
        answers = head.startswith(b"SIP/2.0 200") and b"INVITE" in _header(data, b"cseq")
        if answers and self._late(data) and _header(data, b"call-id") not in self._cancelled:
            return  # it comes again: on a machine of any speed the answer is later than the CANCEL
        if answers and self.mode == "deaf_media":
            self.met += 1
            head = re.sub(rb"(?im)^content-type:.*\r\n", b"", head)
            head = re.sub(rb"(?im)^content-length:[^\r]*", b"Content-Length: 0", head)
            body = b""
        self._near.sendto(head + gap + body, asterisk)


class _Near(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.from_asterisk(data, addr)


class _Far(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay, asterisk: Address) -> None:
        self._relay = relay
        self._asterisk = asterisk

    def datagram_received(self, data: bytes, _addr: Address) -> None:
        self._relay.from_carrier(data, self._asterisk)


def _header(message: bytes, name: bytes) -> bytes:
    short = {b"call-id": b"i", b"to": b"t", b"cseq": b"cseq"}[name]
    found = re.search(rb"(?im)^(?:" + name + rb"|" + short + rb"):[ \t]*([^\r\n]*)", message)
    return found[1] if found else b""


def _user(value: bytes) -> str:
    found = re.search(rb"sip:([^@;>]*)@", value)
    return found[1].decode().replace("%2B", "+") if found else ""
