"""Where a carrier listens: one UDP, TCP or TLS address, with its transactions (RFC 3261, 17)."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from witness import sip
from witness.book import Record
from witness.leg import T1_S, Leg

if TYPE_CHECKING:
    from witness.carrier import Carrier

Peer = tuple[str, int] | asyncio.StreamWriter
Script = Callable[[Leg], Awaitable[None]]
Choose = Callable[[Leg], Script | None]


class Site(asyncio.DatagramProtocol):
    """A named address. ``choose`` says what becomes of a new INVITE; None answers 404."""

    def __init__(self, carrier: Carrier, name: str, host: str, choose: Choose, *, transport: str = "udp") -> None:
        self.carrier, self.name, self.host, self.choose = carrier, name, host, choose
        self.port = 0
        self.kind = transport
        self.media_host = host if ":" in host else carrier.media_host
        self.dialogs: dict[str, Leg] = {}
        self.strangers: list[sip.Message] = []  # requests outside of a dialog that are no INVITE
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._waiting: dict[str, asyncio.Queue[sip.Message]] = {}

    @property
    def uri_transport(self) -> str:
        return "" if self.kind == "udp" else f";transport={self.kind}"

    @property
    def where(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def via(self, branch: str) -> str:
        return f"SIP/2.0/{self.kind.upper()} {self.where};branch={branch};rport"

    async def open(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        if self.kind == "udp":
            loop = asyncio.get_running_loop()
            self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, port))
            self.port = self._udp.get_extra_info("sockname")[1]
        else:
            self._server = await asyncio.start_server(self._stream, self.host, port, ssl=context)
            self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._server is not None:
            self._server.close()

    # ------------------------------------------------------------------ bytes

    def send(self, message: sip.Message, peer: Peer) -> None:
        self.send_raw(message.wire(), peer)

    def send_raw(self, data: bytes, peer: Peer) -> None:
        self.carrier.book.message("->", self.name, peer if isinstance(peer, tuple) else "stream", data)
        if isinstance(peer, asyncio.StreamWriter):
            if not peer.is_closing():
                peer.write(data)
        elif self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(data, peer)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr[:2])

    def error_received(self, exc: Exception) -> None:
        self.carrier.book.event("socket error", site=self.name, error=str(exc))

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.strip():
                    continue
                message = sip.read(head)
                size = int(message.get("content-length") or 0) if message else 0
                self._received(head + (await reader.readexactly(size) if size else b""), writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    def _received(self, data: bytes, peer: Peer) -> None:
        message = sip.read(data)
        if message is None:
            return
        self.carrier.book.message("<-", self.name, peer if isinstance(peer, tuple) else "stream", data)
        if not message.is_request:
            waiting = self._waiting.get(message.branch)
            if waiting is not None:
                waiting.put_nowait(message)
            return
        self._request(message, peer)

    # ------------------------------------------------------------------ requests that come

    def _request(self, message: sip.Message, peer: Peer) -> None:
        leg = self.dialogs.get(message.call_id)
        if leg is not None:
            leg.on_request(message)
        elif message.method == "INVITE":
            self._new_call(message, peer)
        elif message.method != "ACK":
            self.strangers.append(message)
            self.send(sip.response(message, 200 if message.method == "OPTIONS" else 481, tag=sip.token(4)), peer)

    def _new_call(self, message: sip.Message, peer: Peer) -> None:
        caller = message.get("from")
        record = self.carrier.book.add(
            Record(
                number=sip.user(message.uri),
                call_id=message.call_id,
                port=self.name,
                from_user=sip.user(sip.address(caller)),
                from_display=sip.display_name(caller),
                invited=time.time(),
            )
        )
        leg = Leg(self, peer, message, record)
        self.dialogs[message.call_id] = leg
        script = self.choose(leg)
        self.carrier.book.event("INVITE", site=self.name, number=record.number, call_id=record.call_id, caller=caller)
        if script is None:
            leg.respond(404)
        else:
            self.carrier.spawn(self.carrier.play(leg, script))

    # ------------------------------------------------------------------ requests of ours

    async def ask(self, message: sip.Message, peer: Peer, limit: float) -> sip.Message | None:
        """Sends a request and repeats it until a response comes; the final one, None after ``limit`` seconds."""
        async for answer in self.asking(message, peer, limit):
            if answer.status >= 200:
                return answer
        return None

    async def asking(self, message: sip.Message, peer: Peer, limit: float) -> AsyncIterator[sip.Message]:
        """The same, each response as it comes."""
        queue: asyncio.Queue[sip.Message] = asyncio.Queue()
        self._waiting[message.branch] = queue
        ends, wait, repeat = time.monotonic() + limit, T1_S, self.kind == "udp"
        self.send(message, peer)
        try:
            while (left := ends - time.monotonic()) > 0:
                try:
                    answer = await asyncio.wait_for(queue.get(), min(wait, left) if repeat else left)
                except TimeoutError:
                    if repeat:
                        self.send(message, peer)
                        wait = min(wait * 2, 4.0)
                    continue
                repeat = repeat and message.method != "INVITE" and answer.status < 200
                yield answer
                if answer.status >= 200:
                    return
        finally:
            self._waiting.pop(message.branch, None)
