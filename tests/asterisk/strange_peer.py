"""A SIP peer that a test writes: it answers each called user as it is told, and sends requests of its own.

What SIPp's scenarios cannot do in one process: any status with any header by the called number, and requests in and
out of dialogs. UDP on 127.0.0.1, one transport; it takes part in no media (its SDP leads to a port that nobody reads).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote

Headers = list[tuple[str, str]]
_serial = itertools.count(1)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 39000 RTP/AVP 0\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a called user says: ``status`` and its headers after an optional 180; 200 stays until one side hangs up."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    rings: bool = False
    provisional: tuple[tuple[int, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(slots=True)
class Message:
    """One SIP message."""

    start: str
    headers: Headers
    body: str = ""

    @classmethod
    def of(cls, data: bytes) -> Message:
        """As it came."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        fields = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return cls(start, fields, body)

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def method(self) -> str:
        """Of a request, or of the request that was answered."""
        return self["CSeq"].partition(" ")[2]

    @property
    def status(self) -> int:
        """0: it is a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def user(self) -> str:
        """Whom a request is to."""
        return unquote(self.start.split(" ")[1].partition(":")[2].partition("@")[0])

    def text(self) -> bytes:
        """On the wire."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return ("\r\n".join([*lines, f"Content-Length: {len(self.body)}"]) + "\r\n\r\n" + self.body).encode()


@dataclass(slots=True)
class Dialog:
    """A call that was answered, by us or by the other side; ``invite`` is its request, ``ok`` its 200."""

    invite: Message
    ok: Message
    ours: bool = False  # we called
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class FarEnd(asyncio.DatagramProtocol):
    """The peer; ``answers`` says what each called user does, 404 what nobody does."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.invites: list[Message] = []
        self.dialogs: dict[str, Dialog] = {}  # by the called user
        self.port = 0
        self.asterisk = ("127.0.0.1", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message]] = {}  # (Call-ID, CSeq) -> answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = Message.of(data)
        if message.status:
            waiting = self._waiting.get((message["Call-ID"], message["CSeq"]))
            if waiting is not None:
                waiting.put_nowait(message)
        elif message.method == "INVITE":
            self._invited(message, addr)
        elif message.method == "CANCEL":
            self._send(self._response(message, 200), addr)
        elif message.method == "BYE":
            self._send(self._response(message, 200), addr)
            for dialog in self.dialogs.values():
                if dialog.invite["Call-ID"] == message["Call-ID"]:
                    dialog.ended.set()

    async def answered(self, user: str, timeout: float = 3) -> Dialog:
        """The call to this user, once it was answered."""
        async with asyncio.timeout(timeout):
            while user not in self.dialogs:  # noqa: ASYNC110 - a test looks now and then
                await asyncio.sleep(0.02)
        return self.dialogs[user]

    async def in_dialog(
        self, dialog: Dialog, method: str, *headers: tuple[str, str], body: str = "", wait: float = 0.7
    ) -> int:
        """Send a request within a call; the final status, 0 when none came in time."""
        remote, local = (dialog.ok, dialog.invite) if dialog.ours else (dialog.invite, dialog.ok)
        target = remote["Contact"].strip("<>") or f"sip:127.0.0.1:{self.asterisk[1]}"
        parties = [("From", local["From"]), ("To", remote["To"])]
        if not dialog.ours:
            parties = [("From", local["To"]), ("To", remote["From"])]
        return await self._ask(method, target, dialog.invite["Call-ID"], parties, headers, body, wait)

    async def request(
        self, method: str, user: str, *headers: tuple[str, str], body: str = "", wait: float = 0.7
    ) -> int:
        """Send a request that belongs to no call; an INVITE that is answered becomes a dialog of ``user``."""
        target = f"sip:{user}@127.0.0.1:{self.asterisk[1]}"
        parties = [("From", f"<sip:+999862155500077@127.0.0.1>;tag=f{next(_serial)}"), ("To", f"<{target}>")]
        return await self._ask(method, target, f"far-{next(_serial)}@test", parties, headers, body, wait)

    async def _ask(
        self, method: str, target: str, call_id: str, parties: Headers, more: tuple[tuple[str, str], ...], body: str,
        wait: float,
    ) -> int:  # fmt: skip
        number = 100 + next(_serial)
        sent = Message(
            f"{method} {target} SIP/2.0",
            [
                ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{next(_serial)};rport"),
                *parties,
                ("Call-ID", call_id),
                ("CSeq", f"{number} {method}"),
                ("Contact", f"<sip:far@127.0.0.1:{self.port}>"),
                ("Max-Forwards", "70"),
                *more,
            ],
            body,
        )
        answers = self._waiting[call_id, f"{number} {method}"] = asyncio.Queue()
        self._send(sent, self.asterisk)
        try:
            async with asyncio.timeout(wait):
                while (got := await answers.get()).status < 200:
                    pass
        except TimeoutError:
            return 0
        if method == "INVITE":
            self._acknowledge(sent, got)
        return got.status

    def _acknowledge(self, invite: Message, final: Message) -> None:
        if final.status < 300:
            self.dialogs[invite.user] = Dialog(invite, final, ours=True)
        number = invite["CSeq"].split(" ")[0]
        kept = [(name, value) for name, value in invite.headers if name in ("Via", "From", "Call-ID", "Max-Forwards")]
        ack = [*kept, ("To", final["To"]), ("CSeq", f"{number} ACK")]
        self._send(Message(invite.start.replace("INVITE", "ACK", 1), ack), self.asterisk)

    def _invited(self, invite: Message, addr: tuple[str, int]) -> None:
        if any(known["CSeq"] == invite["CSeq"] and known["Call-ID"] == invite["Call-ID"] for known in self.invites):
            return  # sent again
        self.invites.append(invite)
        answer = self.answers.get(invite.user, Answer(404))
        for status, headers in answer.provisional:
            self._send(self._response(invite, status, headers), addr)
        if answer.rings:
            self._send(self._response(invite, 180), addr)
        final = self._response(invite, answer.status, answer.headers)
        if answer.status == 200:
            final.headers += [("Contact", f"<sip:far@127.0.0.1:{self.port}>"), ("Content-Type", "application/sdp")]
            final.body = SDP
            self.dialogs[invite.user] = Dialog(invite, final)
        self._send(final, addr)

    def _response(self, request: Message, status: int, more: tuple[tuple[str, str], ...] = ()) -> Message:
        kept = [(name, value) for name, value in request.headers if name in ("Via", "From", "Call-ID", "CSeq")]
        to = request["To"] if "tag=" in request["To"] else f"{request['To']};tag=far{self.port}"
        return Message(f"SIP/2.0 {status} Said", [*kept, ("To", to), *more])

    def _send(self, message: Message, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(message.text(), addr)


@asynccontextmanager
async def far_end(port: int, answers: Mapping[str, Answer]) -> AsyncIterator[FarEnd]:
    """One that listens on ``port``; Asterisk's own port is to be put into ``asterisk``."""
    transport, peer = await asyncio.get_running_loop().create_datagram_endpoint(FarEnd, local_addr=("127.0.0.1", port))
    peer.answers.update(answers)
    try:
        yield peer
    finally:
        transport.close()
