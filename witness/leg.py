"""One call as a far end has it: a dialog (RFC 3261, 12) with its audio. Scripts say what it does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from witness import sip
from witness.book import Record
from witness.media import Media

if TYPE_CHECKING:
    from witness.site import Peer, Site

T1_S = 0.5  # RFC 3261, 17.1.1.1
GIVE_UP_S = 32.0
ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE")
ENDED_BY_US, ENDED_BY_THEM, CANCELLED, FINAL, LOST = "us", "asterisk", "cancel", "final", "lost"


class Gone(Exception):
    """The call ended while a script still wanted something of it: no fault by itself."""


class Leg:
    """A call that came to us (or that ``caller`` made). ``ended`` is set when it is over, however."""

    def __init__(self, site: Site, peer: Peer, invite: sip.Message, record: Record) -> None:
        self.site, self.peer, self.invite, self.record = site, peer, invite, record
        self.number = record.number
        self.tag = sip.token(5)
        self.local = invite.get("to")
        self.remote = invite.get("from")
        self.target = sip.address(invite.get("contact")) or invite.uri
        self.offer = invite.sdp
        self.media: Media | None = None
        self.cseq = 100
        self.acked, self.ended, self.offered_again = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.requests: list[sip.Message] = []
        self.refuse: dict[str, int] = {}  # method to the status that it gets instead of 200
        self.mute_bye = False
        self.silence_counts = True
        self._last: sip.Message | None = None
        self._sdp_version = 1
        self._answered = False

    # ------------------------------------------------------------------ answering the INVITE

    @property
    def contact(self) -> str:
        return f"<sip:{self.number}@{self.site.where}{self.site.uri_transport}>"

    def respond(
        self, status: int, *, reason: str = "", extra: Iterable[tuple[str, str]] = (), body: bytes = b"", tag: str = ""
    ) -> None:
        """A response to the INVITE. A final one is repeated until the ACK."""
        if self.ended.is_set():
            raise Gone
        headers = list(extra)
        if 100 < status < 300 and not any(name == "Contact" for name, _ in headers):
            headers += [("Contact", self.contact), ALLOW]
        answer = sip.response(
            self.invite, status, tag="" if status == 100 else tag or self.tag, reason=reason, extra=headers, body=body
        )
        self._last = answer
        self.site.send(answer, self.peer)
        now = time.time()
        if status in {180, 183} and not self.record.rang:
            self.record.rang = now
        if status >= 200:
            self.record.final = status
            self.site.carrier.spawn(self._repeat(answer))
            if status >= 300:
                self.over(FINAL)
            else:
                self._answered = True
                self.record.answered = now

    async def _repeat(self, answer: sip.Message) -> None:
        wait, since = T1_S, time.monotonic()
        while time.monotonic() - since < GIVE_UP_S:
            try:
                await asyncio.wait_for(self.acked.wait(), wait)
                return
            except TimeoutError:
                if self.ended.is_set() and self.record.ended_by in {ENDED_BY_THEM, LOST}:
                    return
                self.site.send(answer, self.peer)
                wait = min(wait * 2, 4.0)
        self.record.note(f"no ACK to {answer.status} within {GIVE_UP_S:.0f} s")

    async def ring(self, seconds: float = 0.0) -> None:
        self.respond(180)
        await self.sleep(seconds)

    def open_media(self, host: str = "") -> Media:
        """The audio of this call, connected to what the other side offered last."""
        if self.media is None:
            self.media = Media(self.site.carrier.ticker, host or self.site.media_host)
        offer = self.offer
        if offer is not None:
            codec = next((pt for pt in offer.payloads if pt in {0, 8}), 0)
            self.media.connect(offer.host, offer.port, codec, offer.telephone_event)
        return self.media

    def body(self, **changes: Any) -> bytes:
        """The SDP that a plain telephone answers with; ``changes`` are arguments of ``sip.sdp``."""
        media = self.open_media()
        facts: dict[str, Any] = {"payloads": (media.codec,), "event": media.event_type, "version": self._sdp_version}
        self._sdp_version += 1
        return sip.sdp(media.host, media.port, **{**facts, **changes})

    async def early_media(self, seconds: float, **changes: Any) -> None:
        self.respond(183, body=self.body(**changes))
        await self.sleep(seconds)

    async def answer(self, *, body: bytes | None = None, extra: Iterable[tuple[str, str]] = (), tag: str = "") -> Media:
        """200 with an SDP, and the wait for its ACK. Raises Gone if the call ended first."""
        media = self.open_media()
        self.respond(200, body=self.body() if body is None else body, extra=extra, tag=tag)
        try:
            await asyncio.wait_for(self.acked.wait(), GIVE_UP_S)
        except TimeoutError:
            self.over(LOST)
        if self.ended.is_set():
            raise Gone
        return media

    # ------------------------------------------------------------------ while it lasts

    async def sleep(self, seconds: float) -> None:
        """Raises Gone as soon as the call has ended."""
        try:
            await asyncio.wait_for(self.ended.wait(), seconds)
        except TimeoutError:
            return
        raise Gone

    async def until(self, event: asyncio.Event, limit: float) -> bool:
        """Waits for an event of this call; False after ``limit`` seconds, Gone when the call has ended."""
        ends = time.monotonic() + limit
        while not event.is_set():
            if time.monotonic() > ends:
                return False
            await self.sleep(0.02)
        return True

    async def wait_end(self, limit: float) -> bool:
        try:
            await asyncio.wait_for(self.ended.wait(), limit)
        except TimeoutError:
            return False
        return True

    async def ask(
        self,
        method: str,
        extra: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        kind: str = "application/sdp",
        limit: float = 5.0,
    ) -> sip.Message | None:
        """A request of ours in this dialog, and its final response (None: none came)."""
        self.cseq += 1
        headers = [
            ("Via", self.site.via(sip.branch())),
            ("Max-Forwards", "70"),
            ("From", self.local if ";tag=" in self.local else f"{self.local};tag={self.tag}"),
            ("To", self.remote),
            ("Call-ID", self.invite.call_id),
            ("CSeq", f"{self.cseq} {method}"),
            ("Contact", self.contact),
            *extra,
        ]
        if body:
            headers.append(("Content-Type", kind))
        message = sip.Message(f"{method} {self.target} SIP/2.0", headers, body)
        answer = await self.site.ask(message, self.peer, limit)
        if method == "INVITE" and answer is not None:
            self._acknowledge(message, answer)
        return answer

    def _acknowledge(self, invite: sip.Message, answer: sip.Message) -> None:
        """The ACK: of a 2xx a transaction of its own, of others the INVITE's (RFC 3261, 13.2.2.4 and 17.1.1.3)."""
        via = self.site.via(sip.branch()) if answer.status < 300 else invite.get("via")
        headers = [
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", invite.get("from")),
            ("To", answer.get("to")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{invite.cseq} ACK"),
        ]
        uri = invite.uri if answer.status >= 300 else sip.address(answer.get("contact")) or self.target
        self.site.send(sip.Message(f"ACK {uri} SIP/2.0", headers), self.peer)

    async def reinvite(self, body: bytes, extra: Sequence[tuple[str, str]] = ()) -> int:
        """Offers another session; the status that came of it, 0 for none."""
        answer = await self.ask("INVITE", extra, body)
        if answer is not None and answer.status < 300 and answer.sdp is not None:
            self.offer = answer.sdp
            self.open_media()
        return answer.status if answer is not None else 0

    async def bye(self, extra: Sequence[tuple[str, str]] = ()) -> None:
        if not self.ended.is_set():
            self.over(ENDED_BY_US)
            await self.ask("BYE", extra)

    def over(self, how: str) -> None:
        if self.ended.is_set():
            return
        now = time.time()
        self.record.ended, self.record.ended_by = now, how
        if self.media is not None:
            self.media.stop_judging(now)
            self.record.rtp_in, self.record.rtp_out = self.media.received, self.media.sent
            self.record.silences = self.media.gaps if self.silence_counts and self._answered else []
            self.media.close()
        self.ended.set()

    # ------------------------------------------------------------------ what the other side asks

    def on_request(self, message: sip.Message) -> None:
        handler = {
            "ACK": self._on_ack,
            "CANCEL": self._on_cancel,
            "BYE": self._on_bye,
            "INVITE": self._on_invite,
            "UPDATE": self._on_update,
        }.get(message.method, self._on_other)
        if message.method != "ACK":
            self.requests.append(message)
        handler(message)

    def _reply(
        self, message: sip.Message, status: int, extra: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        self.site.send(sip.response(message, status, tag=self.tag, extra=extra, body=body), self.peer)

    def _on_ack(self, message: sip.Message) -> None:
        if self.acked.is_set():
            return
        self.acked.set()
        if not self._answered:  # of a refusal
            return
        self.record.acked = time.time()
        if message.sdp is not None:
            self.offer = message.sdp
            self.open_media()
        if self.media is not None:
            self.media.judge_silence(time.time())

    def _on_cancel(self, message: sip.Message) -> None:
        self._reply(message, 200)
        if not self._answered and not self.ended.is_set():
            self.record.cancelled = time.time()
            answer = sip.response(self.invite, 487, tag=self.tag)
            self.site.send(answer, self.peer)
            self.site.carrier.spawn(self._repeat(answer))
            self.over(CANCELLED)

    def _on_bye(self, message: sip.Message) -> None:
        if self.mute_bye:
            return
        self._reply(message, 200)
        self.over(ENDED_BY_THEM)

    def _on_invite(self, message: sip.Message) -> None:
        if message.branch == self.invite.branch:  # the same INVITE again
            if self._last is not None:
                self.site.send(self._last, self.peer)
            return
        status = self.refuse.get("INVITE", 200)
        if status >= 300:
            self._reply(message, status)
            return
        self.offer = message.sdp or self.offer
        self.offered_again.set()
        self._reply(message, 200, [("Contact", self.contact), ALLOW], self.body())

    def _on_update(self, message: sip.Message) -> None:
        if message.sdp is None:
            self._reply(message, 200, [("Contact", self.contact)])
        else:
            self.offer = message.sdp
            self._reply(message, 200, [("Contact", self.contact)], self.body())

    def _on_other(self, message: sip.Message) -> None:
        self._reply(message, self.refuse.get(message.method, 200))
