"""RTP (RFC 3550) of one far end: what it sends each 20 ms, and what it hears. Keys by RFC 4733 or as tones."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import struct
import time
from collections import deque
from collections.abc import Callable

from witness import audio
from witness.srtp import Secure

TICK_S = 0.02
LONG_SILENCE_S = 2.0
SO_TIMESTAMP = 29  # of Linux; the socket module has no name for it
EVENTS = "0123456789*#ABCD"
Packet = tuple[int, bool, int, bytes]  # payload type, marker, time stamp, payload


class Ticker:
    """One clock for all media: calls ``tick`` of each every 20 ms."""

    def __init__(self) -> None:
        self.media: set[Media] = set()
        self.late = 0

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            due += TICK_S
            wait = due - time.monotonic()
            if wait < -0.5:  # the machine stood still: do not catch up in a burst
                self.late += 1
                due = time.monotonic()
            await asyncio.sleep(max(wait, 0))
            for media in tuple(self.media):
                media.tick()


def _arrived(extra: list[tuple[int, int, bytes]]) -> float:
    """When the kernel had the packet, so that a busy machine does not make silences longer than they were."""
    for _, kind, data in extra:
        if kind == SO_TIMESTAMP and len(data) >= 16:
            seconds, micro = struct.unpack("@ll", data[:16])
            return float(seconds + micro / 1_000_000)
    return time.time()


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(200):
        port = random.SystemRandom().randrange(20_000, 60_000, 2)
        sockets = []
        try:
            for number in (port, port + 1):
                sockets.append(
                    one := socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
                )
                one.setblocking(False)
                one.bind((host, number))
        except OSError:
            for one in sockets:
                one.close()
            continue
        return sockets[0], sockets[1]
    raise RuntimeError(f"no two free ports on {host}")


class Media:
    """The audio of one call. It sends from ``connect`` on unless ``muted``; ``frame`` is what, a frame at a time."""

    def __init__(self, ticker: Ticker, host: str) -> None:
        self.host = host
        self._ticker = ticker
        self._rtp, self._rtcp = _pair(host)
        self.port: int = self._rtp.getsockname()[1]
        self.codec = audio.PCMU
        self.event_type: int | None = None
        self.muted = False
        self.rtcp_only = False
        self.comfort_noise = False
        self.secure: Secure | None = None
        self.frame: Callable[[int], bytes] = audio.silence
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(15)
        self.stamp = secrets.randbits(30)
        self.sent = self.received = self.undecodable = 0
        self.heard = asyncio.Event()
        self.talker = asyncio.Event()
        self.last_audible = self.last_talker = 0.0
        self.keys_heard: list[str] = []
        self.gaps: list[tuple[float, float]] = []  # when each silence of more than two seconds began, and how long
        self._judged_from = 0.0
        self._rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
        self._plan: deque[Packet | None] = deque()
        self._remote: tuple[str, int] | None = None
        self._ticks = 0
        self._last_event: int | None = None
        self._last_head = b""
        asyncio.get_running_loop().add_reader(self._rtp, self._readable)

    def connect(self, host: str, port: int, payload: int, event_type: int | None) -> None:
        """Where to, in which codec, and which payload type keys have (None: the other side does not take them)."""
        self._remote = (host, port) if port else None
        self.codec = payload
        self.event_type = event_type
        self._ticker.media.add(self)

    def close(self) -> None:
        self._ticker.media.discard(self)
        if self._rtp.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._rtp)
            self._rtp.close()
            self._rtcp.close()

    # ------------------------------------------------------------------ sending

    def tick(self) -> None:
        self._ticks += 1
        self.stamp = (self.stamp + audio.FRAME) & 0xFFFFFFFF
        if self._plan:
            packet = self._plan.popleft()
            if packet is not None:
                self._send(*packet)
        elif self.rtcp_only:
            if self._ticks % 50 == 0:
                self._report()
        elif self.comfort_noise:
            if self._ticks % 10 == 0:
                self._send(audio.CN, False, self.stamp, b"\x40")
        elif not self.muted and self.codec in audio.LOUDNESS:
            self._send(self.codec, False, self.stamp, self.frame(self.codec))

    def _send(self, payload_type: int, marker: bool, stamp: int, payload: bytes) -> None:
        if self._remote is None:
            return
        self.sequence = (self.sequence + 1) & 0xFFFF
        head = struct.pack(
            "!BBHII", 0x80, payload_type | (0x80 if marker else 0), self.sequence, stamp & 0xFFFFFFFF, self.ssrc
        )
        packet = head + payload
        self._out(self._rtp, self.secure.protect(packet) if self.secure else packet, self._remote)
        self.sent += 1

    def _report(self) -> None:
        """An RTCP sender report (RFC 3550, 6.4.1), with a block on what was heard since: the far end does hear us."""
        if self._remote is None:
            return
        seconds = time.time() + 2_208_988_800
        now = (int(seconds), int(seconds % 1 * 2**32))
        block = b""
        if self._last_head:
            sequence, ssrc = int.from_bytes(self._last_head[2:4], "big"), int.from_bytes(self._last_head[8:12], "big")
            block = struct.pack("!IIIIII", ssrc, 0, sequence, 0, 0, 0)
        head = struct.pack("!BBHI", 0x80 | bool(block), 200, 6 + len(block) // 4, self.ssrc)
        body = struct.pack("!IIIII", *now, self.stamp, self.sent, self.sent * audio.FRAME)
        self._out(self._rtcp, head + body + block, (self._remote[0], self._remote[1] + 1))

    @staticmethod
    def _out(via: socket.socket, packet: bytes, to: tuple[str, int]) -> None:
        try:
            via.sendto(packet, to)
        except OSError:
            return  # the other side has closed, or the buffer is full: RTP is lossy

    async def press(
        self,
        digit: str,
        seconds: float = 0.1,
        *,
        begin: bool = True,
        end: bool = True,
        payload_type: int | None = None,
        tones: bool = False,
    ) -> float:
        """One key; returns when it began. Without ``begin`` only the three end packets go out, without ``end`` only
        those before. ``tones`` sends it as sound. Without an agreed payload type tones are used, too."""
        kind = payload_type if payload_type is not None else self.event_type
        before = len(self._plan)
        if tones or kind is None:
            # a plan entry carries its own time stamp: the stamp that the tick will have reached then
            for index, payload in enumerate(audio.key_tones(digit, max(20, int(seconds * 1000)), self.codec)):
                self._plan.append((self.codec, False, self.stamp + (before + index + 1) * audio.FRAME, payload))
        else:
            self._plan.extend(self._event_packets(EVENTS.index(digit), seconds, kind, before, begin=begin, end=end))
        began = time.time() + before * TICK_S
        while self._plan:  # noqa: ASYNC110 - the tick takes a packet each 20 ms
            await asyncio.sleep(TICK_S)
        return began

    def _event_packets(
        self, event: int, seconds: float, kind: int, before: int, *, begin: bool, end: bool
    ) -> list[Packet | None]:
        start = self.stamp + (before + 1) * audio.FRAME
        count = max(1, round(seconds / TICK_S))
        planned: list[Packet | None] = []
        for index in range(1, count + 1):
            body = struct.pack("!BBH", event, 10, index * audio.FRAME)
            planned.append((kind, index == 1, start, body) if begin else None)
        if end:
            body = struct.pack("!BBH", event, 0x80 | 10, count * audio.FRAME)
            planned += [(kind, not begin and index == 0, start, body) for index in range(3)]
        return planned

    async def hold_key(self, digit: str, seconds: float) -> float:
        """Presses a key and does not let go: the events of ``seconds`` and no end. Returns when it began."""
        return await self.press(digit, seconds, end=False)

    # ------------------------------------------------------------------ hearing

    def judge_silence(self, now: float) -> None:
        """From now on the longest stretch without sound is kept."""
        self._judged_from = self.last_audible = now

    def stop_judging(self, now: float) -> None:
        if self._judged_from:
            self._gap(now)
            self._judged_from = 0.0

    def _gap(self, now: float) -> None:
        if (gap := now - self.last_audible) > LONG_SILENCE_S:
            self.gaps.append((self.last_audible, gap))

    def _readable(self) -> None:
        while True:
            try:
                packet, extra, _, _ = self._rtp.recvmsg(2048, 64)
            except OSError:
                return
            plain = self.secure.open(packet) if self.secure and len(packet) > 22 else packet
            if plain is not None and len(plain) >= 12:
                self._heard(plain[1] & 0x7F, plain, _arrived(extra))

    def _heard(self, kind: int, packet: bytes, now: float) -> None:
        self.received += 1
        self._last_head = packet[:12]
        payload = packet[12:]
        if kind in audio.LOUDNESS:
            if audio.is_audible(payload, kind):
                if self._judged_from:
                    self._gap(now)
                self.last_audible = now
                self.heard.set()
                if audio.is_talker(payload):
                    self.last_talker = now
                    self.talker.set()
        elif len(payload) == 4 and kind >= 96:
            if payload[1] & 0x80 and self._last_event != (stamp := int.from_bytes(packet[4:8])):
                self._last_event = stamp
                self.keys_heard.append(EVENTS[payload[0] & 15])
        else:
            self.undecodable += 1

    async def quiet(self, seconds: float, limit: float) -> bool:
        """Waits until nothing was heard for so long; False if that did not come within ``limit``."""
        until = time.time() + limit
        while time.time() < until:
            if time.time() - self.last_audible >= seconds:
                return True
            await asyncio.sleep(TICK_S)
        return False
