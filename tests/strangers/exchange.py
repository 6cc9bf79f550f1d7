"""Everybody's telephone: the people behind the trunk, desks of our own, and whoever calls in. It does what a test says
and notes when it was told what; sound is RTP that is no silence."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import re
import secrets
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

Address = tuple[str, int]

_HOST = "127.0.0.1"
_QUIET = bytes([*range(0x70, 0x80), *range(0xF0, 0x100)])  # of u-law
_LOUD_BYTES = 20  # of 160
_QUIET_EVERY_S = 0.2
_REPEAT_S = 0.5
_MEDIA = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 {keys}\r\n"
_MEDIA += "a=rtpmap:0 PCMU/8000\r\na=rtpmap:{keys} telephone-event/8000\r\na=fmtp:{keys} 0-16\r\na=sendrecv\r\n"
_REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 487: "Request Terminated"}


class _Message:
    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        self.start, *self.lines = head.split("\r\n")

    def all(self, name: str) -> list[str]:
        return [line.partition(":")[2].strip() for line in self.lines if line.lower().startswith(f"{name}:")]

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0


@dataclass(eq=False)
class Leg:
    """One call at one telephone. Times are seconds since the epoch, 0.0 if it did not happen."""

    number: str
    shown: str
    invite: _Message
    peer: Address
    media: socket.socket
    tag: str = field(default_factory=lambda: secrets.token_hex(5))
    calls_in: bool = False
    state: str = "new"  # ringing, early, answered, over
    their_media: Address | None = None
    keys: int = 101
    ours: str = ""
    theirs: str = ""
    target: str = ""
    last: bytes = b""
    invites: int = 1
    invite_at: float = field(default_factory=time.time)
    rang_at: float = 0.0
    answered_at: float = 0.0
    acked_at: float = 0.0
    cancelled_at: float = 0.0
    bye_at: float = 0.0
    over_at: float = 0.0
    status: int = 0
    sounds: list[float] = field(default_factory=list)
    sent: int = 0

    @property
    def ended_at(self) -> float:
        """When the other side ended it."""
        return self.bye_at or self.cancelled_at

    @property
    def is_open(self) -> bool:
        """Somebody has a telephone that rings or a call that is on."""
        return self.state != "over"

    def heard_after(self, at: float) -> float:
        """The first sound later than that; 0.0 if there was none."""
        return next((sound for sound in self.sounds if sound > at), 0.0)


class Exchange:
    """A thread that answers on one UDP port; ``plans`` has what a number does, else it rings and answers."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((_HOST, 0))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.port: int = self._socket.getsockname()[1]
        self.plans: dict[str, str] = {}
        self.legs: list[Leg] = []
        self._by_id: dict[str, Leg] = {}
        self._lock = threading.RLock()
        self._select = selectors.DefaultSelector()
        self._select.register(self._socket, selectors.EVENT_READ, None)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends = True
        self._thread.join(3.0)
        self._select.close()
        for leg in self.legs:
            leg.media.close()
        self._socket.close()

    # ------------------------------------------------------------------ what a test asks and says

    def of(self, number: str) -> list[Leg]:
        """The calls to that number (or of that caller) so far."""
        with self._lock:
            return [leg for leg in self.legs if leg.number == number]

    def leg(self, number: str, seconds: float = 10.0) -> Leg | None:
        """Its first call, once there is one."""
        deadline = time.monotonic() + seconds
        while not (found := self.of(number)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found[0] if found else None

    def answer(self, leg: Leg) -> None:
        """Pick up."""
        with self._lock:
            self._pick_up(leg)

    def ring(self, leg: Leg) -> None:
        """Ring, late."""
        with self._lock:
            self._provisional(leg, 180)

    def press(self, leg: Leg, digit: str) -> None:
        """Press a key for 0.1 s (RFC 4733)."""
        with self._lock:
            began = self._stamp(leg)
            for step in range(8):
                held, last = min(step + 1, 5) * 160, step >= 5
                payload = struct.pack("!BBH", "0123456789*#".index(digit), (0x80 if last else 0) | 10, held)
                self._after(step * 0.02, partial(self._rtp, leg, leg.keys, payload, began, step == 0))

    def hang_up(self, leg: Leg) -> None:
        """BYE of ours."""
        with self._lock:
            if leg.state == "answered":
                self._request(leg, "BYE", 2)
                self._over(leg)

    def clear(self) -> None:
        """Everybody hangs up, or does not want to be called."""
        with self._lock:
            for leg in self.legs:
                if leg.state == "answered":
                    self.hang_up(leg)
                elif leg.state != "over" and not leg.calls_in:
                    leg.last = self._send(leg.invite, leg.peer, 480, leg.tag)
                    self._over(leg)

    def call_in(self, called: str, caller: str, port: int) -> Leg:
        """A call to a number of ours, by the trunk; its leg is that of the caller's number."""
        with self._lock:
            call_id = f"{secrets.token_hex(8)}@in"
            leg = self._leg(caller, called, _Message(f"X\r\nCall-ID: {call_id}\r\n\r\n".encode()), (_HOST, port), True)
            leg.ours = f"<sip:{caller}@{_HOST}>;tag={leg.tag}"
            leg.theirs, leg.target = f"<sip:{called}@{_HOST}>", f"sip:{called}@{_HOST}:{port}"
            self._by_id[call_id] = leg
            self._request(leg, "INVITE", 1, self._media(leg))
            return leg

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._ends:
            for key, _ in self._select.select(0.01):
                sock, leg = key.fileobj, key.data
                assert isinstance(sock, socket.socket)
                with self._lock, contextlib.suppress(BlockingIOError, OSError):
                    while True:
                        data, peer = sock.recvfrom(65_535)
                        self._heard(leg, data) if isinstance(leg, Leg) else self._take(_Message(data), peer)
            with self._lock:
                while self._due and self._due[0][0] <= time.monotonic():
                    heapq.heappop(self._due)[2]()

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), what))

    def _take(self, message: _Message, peer: Address) -> None:
        leg = self._by_id.get(message.one("call-id"))
        method = message.start.split(" ", 1)[0]
        if message.status:
            if leg is not None:
                self._answered_us(leg, message)
        elif method == "INVITE":
            self._invited(leg, message, peer)
        elif method == "ACK":
            if leg is not None and leg.state == "answered" and not leg.acked_at:
                leg.acked_at = time.time()
        elif method == "CANCEL" and leg is not None:
            if leg.state not in ("answered", "over"):
                leg.cancelled_at = time.time()
            self._send(message, peer, 200, leg.tag)
            if leg.cancelled_at and leg.state != "over":
                leg.last = self._send(leg.invite, leg.peer, 487, leg.tag)
                self._over(leg)
        elif method == "BYE" and leg is not None:
            leg.bye_at = leg.bye_at or time.time()
            self._over(leg)
            self._send(message, peer, 200, leg.tag)
        else:
            self._send(message, peer, 200, "options")

    def _invited(self, leg: Leg | None, message: _Message, peer: Address) -> None:
        if leg is not None and ";tag=" in message.one("to"):
            self._send(message, peer, 200, leg.tag, self._media(leg))
            return
        if leg is not None:
            leg.invites += 1
            if leg.last:
                self._socket.sendto(leg.last, peer)
            return
        user = re.match(r"INVITE sips?:([^@;> ]*)", message.start)
        shown = re.search(r"sips?:([^@;>]*)@", message.one("from"))
        leg = self._leg(user[1] if user else "", shown[1] if shown else "", message, peer, False)
        leg.ours, leg.theirs = f"{message.one('to')};tag={leg.tag}", message.one("from")
        contact = re.search(r"<([^>]+)>", message.one("contact"))
        leg.target = contact[1] if contact else ""
        self._learn(leg, message.body)
        self._by_id[message.one("call-id")] = leg
        self._begin(leg, self.plans.get(leg.number, "answer"))

    def _begin(self, leg: Leg, plan: str) -> None:
        if plan.isdigit():
            leg.status = int(plan)
            leg.last = self._send(leg.invite, leg.peer, leg.status, leg.tag)
            self._over(leg)
        elif plan == "trying":
            leg.last = self._send(leg.invite, leg.peer, 100, "")
        elif plan == "early":
            self._provisional(leg, 183)
        elif plan in ("ring", "answer"):
            self._provisional(leg, 180)
            if plan == "answer":
                self._after(0.1, lambda: self._pick_up(leg))

    def _provisional(self, leg: Leg, status: int) -> None:
        if leg.state in ("answered", "over"):
            return
        leg.state, leg.rang_at = "early" if status == 183 else "ringing", time.time()
        leg.last = self._send(leg.invite, leg.peer, status, leg.tag, self._media(leg) if status == 183 else "")
        if status == 183:
            self._keep_alive(leg)

    def _pick_up(self, leg: Leg) -> None:
        if leg.state in ("answered", "over"):
            return
        was, leg.state, leg.answered_at = leg.state, "answered", time.time()
        self._repeat(leg)
        if was != "early":
            self._keep_alive(leg)

    def _repeat(self, leg: Leg) -> None:
        if not leg.acked_at and leg.state == "answered":
            leg.last = self._send(leg.invite, leg.peer, 200, leg.tag, self._media(leg))
            self._after(_REPEAT_S, lambda: self._repeat(leg))

    def _answered_us(self, leg: Leg, message: _Message) -> None:
        if "INVITE" not in message.one("cseq"):
            return
        if message.status < 200:
            leg.rang_at = leg.rang_at or time.time()
            return
        leg.theirs = message.one("to")
        contact = re.search(r"<([^>]+)>", message.one("contact"))
        if message.status < 300:
            leg.target = contact[1] if contact else leg.target
        self._request(leg, "ACK", 1)
        if message.status >= 300:
            leg.status = message.status
            self._over(leg)
        elif leg.state != "answered":
            leg.state, leg.answered_at = "answered", time.time()
            leg.acked_at = leg.answered_at
            self._learn(leg, message.body)
            self._keep_alive(leg)

    # ------------------------------------------------------------------ bytes

    def _leg(self, number: str, shown: str, invite: _Message, peer: Address, calls_in: bool) -> Leg:
        media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        media.bind((_HOST, 0))
        media.setblocking(False)
        leg = Leg(number, shown, invite, peer, media, calls_in=calls_in)
        self._select.register(media, selectors.EVENT_READ, leg)
        self.legs.append(leg)
        return leg

    def _over(self, leg: Leg) -> None:
        if leg.state != "over":
            leg.state, leg.over_at = "over", time.time()
            with contextlib.suppress(KeyError, ValueError):
                self._select.unregister(leg.media)

    def _learn(self, leg: Leg, sdp: str) -> None:
        host, port = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE), re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
        keys = re.search(r"^a=rtpmap:(\d+) telephone-event", sdp, re.MULTILINE)
        if host and port:
            leg.their_media = host[1], int(port[1])
        leg.keys = int(keys[1]) if keys else leg.keys

    def _media(self, leg: Leg) -> str:
        return _MEDIA.format(host=_HOST, port=leg.media.getsockname()[1], keys=leg.keys)

    def _send(self, request: _Message, peer: Address, status: int, tag: str, body: str = "") -> bytes:
        to = request.one("to")
        to += f";tag={tag}" if tag and ";tag=" not in to else ""
        lines = [f"SIP/2.0 {status} {_REASONS.get(status, 'No')}", *(f"Via: {via}" for via in request.all("via"))]
        lines += [f"From: {request.one('from')}", f"To: {to}", f"Call-ID: {request.one('call-id')}"]
        lines += [f"CSeq: {request.one('cseq')}", f"Contact: <sip:exchange@{_HOST}:{self.port}>"]
        data = _with_body(lines, body)
        self._socket.sendto(data, peer)
        return data

    def _request(self, leg: Leg, method: str, number: int, body: str = "") -> None:
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        lines = [f"{method} {leg.target} SIP/2.0", f"Via: SIP/2.0/UDP {_HOST}:{self.port};branch={branch};rport"]
        lines += [f"From: {leg.ours}", f"To: {leg.theirs}", f"Call-ID: {leg.invite.one('call-id')}"]
        lines += [f"CSeq: {number} {method}", "Max-Forwards: 70", f"Contact: <sip:exchange@{_HOST}:{self.port}>"]
        self._socket.sendto(_with_body(lines, body), leg.peer)

    def _keep_alive(self, leg: Leg) -> None:
        if leg.state in ("early", "answered"):
            self._rtp(leg, 0, b"\xff" * 160, self._stamp(leg), False)
            self._after(_QUIET_EVERY_S, lambda: self._keep_alive(leg))

    def _rtp(self, leg: Leg, kind: int, payload: bytes, stamp: int, marked: bool) -> None:
        if leg.their_media is not None and leg.state in ("early", "answered"):
            leg.sent += 1
            head = struct.pack("!BBHII", 0x80, kind | (0x80 if marked else 0), leg.sent & 0xFFFF, stamp, 0x0A0B0C0D)
            leg.media.sendto(head + payload, leg.their_media)

    def _stamp(self, leg: Leg) -> int:
        return int((time.time() - leg.invite_at) * 8000) & 0xFFFFFFFF

    def _heard(self, leg: Leg, data: bytes) -> None:
        if len(data) > 12 and data[1] & 0x7F == 0 and len(data[12:].translate(None, _QUIET)) > _LOUD_BYTES:
            now = time.time()
            if not leg.sounds or now - leg.sounds[-1] > 0.05:
                leg.sounds.append(now)


def _with_body(lines: list[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, *kind, f"Content-Length: {len(body.encode())}", "", body]).encode()
