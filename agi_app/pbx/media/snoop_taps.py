"""Taps: the sound of a call as it comes, for a few calls at a time.

A tap is two channels of Asterisk in a bridge: one listens to the person (``snoop``), the other sends what it hears as
RTP to a port of ours (``externalMedia``). That doubles what Asterisk does for the call, so only some calls have one; by
``TALK_DETECT`` and ``pbx/media/recording_spool.py`` the others are heard. The ids begin like the call's, so a restart
ends what a crash left, and the channel that outlives the call has its own leash.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from agi_app import log
from agi_app.errors import RequestFailed
from agi_app.event_loop import happens_within
from agi_app.messages import t
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.events import Frame
from agi_app.pbx.ari.object_names import ours
from agi_app.pbx.bridges import part
from agi_app.pbx.trunks import Ask

_log = log.get("pbx.snoop")
EAR, MOUTH = "-tap", "-tap-out"  # how their channel ids end
MODULES = ("chan_rtp.so", "res_stasis_snoop.so")  # what Asterisk needs for it
ARRIVE_S = 1.0  # until a channel has come to life
LOCAL_ADDRESS, LOCAL_PORT = "UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT"
_RTP_HEAD, _VERSION, _EXTENDED, _SOURCES = 12, 2, 0x10, 0x0F

Hear = Callable[[bytes], None]


class SnoopTaps:
    """The taps of one worker; how many there are is decided by who opens them."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._arrived: dict[str, asyncio.Event] = {}  # channel id -> is there; also those that are still awaited
        self._empty: asyncio.Queue[str] = asyncio.Queue()  # bridges that nobody needs any more

    def __contains__(self, channel_id: object) -> bool:
        """Whether a channel is part of a tap in use."""
        return channel_id in self._arrived

    def handle(self, frame: Frame) -> bool:
        """Take an event of the socket if it is about a tap; never waits."""
        if frame.channel is None or not frame.channel.id.endswith((EAR, MOUTH)):
            return False
        if frame.type == "StasisStart" and (arrived := self._arrived.get(frame.channel.id)) is not None:
            arrived.set()
        elif frame.type == "StasisStart":
            self._ari.hang_up_soon(frame.channel.id)
        return True

    @asynccontextmanager
    async def open(self, channel_id: str, hear: Hear, longest_s: float) -> AsyncIterator[None]:
        """As long as this lasts ``hear`` gets all that the person says: 8 kHz, 16 bit, little endian, as it comes.

        ``longest_s``: how long the channels live at most, whatever happens to us. Raises RequestFailed: no tap.
        """
        ear, mouth, bridge = (ours(channel_id) + end for end in (EAR, MOUTH, EAR))
        port = _bound(self._ari.settings.url)
        transport = None
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Port(hear), sock=port)
            await self._build(channel_id, ear, mouth, bridge, port, longest_s)
            yield
        finally:
            if transport is not None:
                transport.close()
            for channel in (ear, mouth):
                if self._arrived.pop(channel, None) is not None:
                    self._ari.hang_up_soon(channel)
            self._empty.put_nowait(bridge)

    async def run(self) -> None:
        """Remove bridges until cancelled; the rest goes with the next connection (``bridges.remove_empty``)."""
        while True:
            await part(self._ari, await self._empty.get())

    async def _build(
        self, channel_id: str, ear: str, mouth: str, bridge: str, port: socket.socket, longest_s: float
    ) -> None:
        app, (host, number) = self._ari.settings.app, port.getsockname()[:2]
        await self._channel(ear, f"channels/{channel_id}/snoop/{ear}", {"app": app, "spy": "in"})
        leash = {"TIMEOUT(absolute)": str(math.ceil(longest_s))}
        out = {"channelId": mouth, "app": app, "external_host": f"{host}:{number}", "format": "slin"}
        await self._channel(mouth, "channels/externalMedia", {**out, "variables": leash})
        await self._listen_only_to(port, mouth)
        await self._ari.request("POST", f"bridges/{bridge}", {"type": "mixing"})
        await self._ari.request("POST", f"bridges/{bridge}/addChannel", {"channel": f"{ear},{mouth}"})

    async def _channel(self, channel: str, uri: str, body: dict[str, object]) -> None:
        arrived = self._arrived[channel] = asyncio.Event()
        await self._ari.request("POST", uri, body=body)
        if not await happens_within(arrived, ARRIVE_S):
            raise RequestFailed(uri, 0, t("the channel did not come within {arrive_s:g} s", arrive_s=ARRIVE_S))

    async def _listen_only_to(self, port: socket.socket, mouth: str) -> None:
        """Nobody else on this machine can put words into a person's mouth."""
        host = await self._variable(mouth, LOCAL_ADDRESS)
        number = await self._variable(mouth, LOCAL_PORT)
        with contextlib.suppress(OSError, ValueError):
            port.connect((host, int(number)))
            return
        raise RequestFailed(
            f"tap {mouth}",
            0,
            t("Asterisk sends from {host}:{number}, which is not an address", host=host, number=number),
        )

    async def _variable(self, channel: str, name: str) -> str:
        answer = await self._ari.request("GET", f"channels/{channel}/variable", {"variable": name})
        return answer.decode(dict[str, str])["value"]


async def missing_modules(ask: Ask) -> list[str]:
    """Which modules that taps need this Asterisk has not loaded."""
    return [module for module in MODULES if await ask(f"asterisk/modules/{module}") is None]


class _Port(asyncio.DatagramProtocol):
    def __init__(self, hear: Hear) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        if pcm := samples(data):
            self._hear(pcm)


def samples(packet: bytes) -> bytes:
    """The samples of an RTP packet of linear sound, little endian; empty when it holds none (RFC 3550, RFC 3551)."""
    if len(packet) < _RTP_HEAD or packet[0] >> 6 != _VERSION:
        return b""
    start = _RTP_HEAD + 4 * (packet[0] & _SOURCES)
    if packet[0] & _EXTENDED:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    sound = packet[start : start + (len(packet) - start) // 2 * 2]
    if sys.byteorder == "big":
        return sound
    values = array.array("h", sound)
    values.byteswap()
    return values.tobytes()


def _bound(url: str) -> socket.socket:
    """A port on the address by which Asterisk reaches us: the one from which we reach it."""
    host = urlsplit(url).hostname or "127.0.0.1"
    family, kind, protocol, _, address = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as asked:
        asked.connect(address)  # sends nothing: only the route is looked up
        own = asked.getsockname()[0]
    port = socket.socket(family, kind, protocol)
    port.setblocking(False)
    port.bind((own, 0))
    return port
