"""SDP, RTP and what happens inside of a dialog."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator

from witness import sip
from witness.cases.model import ISSUE, Case, Expect, Seen, confirmed
from witness.leg import Gone, Leg
from witness.media import Media
from witness.people import answered, confirms, odd_media, port_zero, without_sdp
from witness.site import Script

GOES_ON = "RFC 3261, 14 and RFC 3264, 8: an offer within a call changes its session, not the call"
Act = Callable[[Leg, Media], Awaitable[None]]


def _acting(act: Act, *, after: float = 0.5) -> Script:
    """Answers, does something in the dialog, and confirms with 1."""

    async def script(leg: Leg) -> None:
        media = await answered(leg, after=after)
        await act(leg, media)
        await confirms(leg, media)

    return script


def _offer(**changes: object) -> Act:
    async def act(leg: Leg, _media: Media) -> None:
        status = await leg.reinvite(leg.body(**changes))
        leg.record.note(f"re-INVITE: {status}")
        await leg.sleep(0.4)

    return act


def _hold(**changes: object) -> Act:
    async def act(leg: Leg, _media: Media) -> None:
        leg.silence_counts = False
        leg.record.note(f"hold: {await leg.reinvite(leg.body(**changes))}")
        await leg.sleep(1.0)
        leg.record.note(f"resume: {await leg.reinvite(leg.body())}")

    return act


def _to_alaw() -> Act:
    async def act(leg: Leg, media: Media) -> None:
        media.codec = 8
        status = await leg.reinvite(leg.body(payloads=(8,)))
        leg.record.note(f"re-INVITE to PCMA: {status}")
        await leg.sleep(0.4)

    return act


def _update(with_sdp: bool) -> Act:
    async def act(leg: Leg, _media: Media) -> None:
        answer = await leg.ask("UPDATE", body=leg.body() if with_sdp else b"")
        leg.record.note(f"UPDATE: {answer.status if answer else 'no answer'}")

    return act


def _request(method: str, *headers: tuple[str, str], body: bytes = b"", kind: str = "text/plain") -> Act:
    async def act(leg: Leg, _media: Media) -> None:
        answer = await leg.ask(method, headers, body, kind, limit=0.8)
        leg.record.note(f"{method}: {answer.status if answer else 'no answer'}")

    return act


def _refresh(method: str) -> Act:
    async def act(leg: Leg, _media: Media) -> None:
        timer = [("Session-Expires", "90;refresher=uas"), ("Supported", "timer")]
        answer = await leg.ask(method, timer, leg.body() if method == "INVITE" else b"")
        leg.record.note(f"refresh by {method}: {answer.status if answer else 'no answer'}")

    return act


def _jump(what: str) -> Act:
    async def act(leg: Leg, media: Media) -> None:
        if what == "stamp ahead":
            media.stamp = (media.stamp + 8000 * 3600) & 0xFFFFFFFF
        elif what == "stamp back":
            media.stamp = (media.stamp - 160_000) & 0xFFFFFFFF
        elif what == "sequence":
            media.sequence = (media.sequence + 20_000) & 0xFFFF
        elif what == "ssrc":
            media.ssrc = secrets.randbits(32)
        else:
            media.ssrc, media.stamp, media.sequence = secrets.randbits(32), secrets.randbits(32), secrets.randbits(16)
        await leg.sleep(0.3)

    return act


def _bursts() -> Act:
    async def act(leg: Leg, media: Media) -> None:
        for _ in range(3):
            media.muted = not media.muted
            await leg.sleep(0.4)
        media.muted = False

    return act


def _answer_sdp(ring: float = 0.2, **changes: object) -> Script:
    """Answers with another SDP than a plain telephone's, then confirms."""

    async def script(leg: Leg) -> None:
        await leg.ring(ring)
        media = leg.open_media()
        media = await leg.answer(body=leg.body(**changes))
        await leg.until(media.heard, 8.0)
        await leg.sleep(0.4)
        await confirms(leg, media)

    return script


def _reliable(status: int, *, with_sdp: bool) -> Script:
    """A provisional response that wants a PRACK (RFC 3262)."""

    async def script(leg: Leg) -> None:
        extra = [("Require", "100rel"), ("RSeq", "4711")]
        leg.respond(status, extra=extra, body=leg.body() if with_sdp else b"")
        for _ in range(100):
            if any(request.method == "PRACK" for request in leg.requests):
                break
            await leg.sleep(0.02)
        else:
            leg.record.note("no PRACK within 2 s")
        media = await leg.answer(body=b"" if with_sdp else None)
        if media is not None:
            await leg.until(media.heard, 8.0)
            await leg.sleep(0.3)
            await confirms(leg, media)

    return script


def _has(word: str) -> Callable[[Seen], list[str]]:
    def check(seen: Seen) -> list[str]:
        notes = [note for record in seen.records for note in record.notes]
        return [f"the far end noted: {note}" for note in notes if word in note]

    return check


def _fork(late: float) -> Script:
    """Two phones of one number answer: a second 200 with a To tag of its own (RFC 3261, 13.2.2.4)."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = await leg.answer()
        await leg.sleep(late)
        other = sip.token(5)
        second = sip.response(leg.invite, 200, tag=other, extra=[("Contact", leg.contact)], body=leg.body())
        before = len(leg.requests)
        leg.site.send(second, leg.peer)
        await leg.until(media.heard, 8.0)
        try:
            await confirms(leg, media)
        finally:
            byes = [one for one in leg.requests[before:] if one.method == "BYE" and other in one.get("to")]
            leg.record.note("the second answer got its BYE" if byes else "the second answer got no BYE")

    return script


def _at_ring_time(seconds: float) -> Script:
    """Answers about when the ring time is over: the CANCEL may cross the 200."""

    async def script(leg: Leg) -> None:
        await leg.ring(seconds)
        try:
            await leg.answer()
        except Gone:
            return
        leg.silence_counts = False
        await leg.wait_end(40.0)

    return script


def _answers_though_cancelled() -> Script:
    """200 although a CANCEL came: the caller must ACK and BYE (RFC 3261, 9.1 and 15)."""

    async def script(leg: Leg) -> None:
        leg.respond(180)
        leg.silence_counts = False
        cancelled = asyncio.Event()

        def on_cancel(message: sip.Message) -> None:
            leg.site.send(sip.response(message, 200, tag=leg.tag), leg.peer)
            leg.record.cancelled = time.time()
            cancelled.set()

        leg._on_cancel = on_cancel  # type: ignore[method-assign]
        if await leg.until(cancelled, 60.0):
            await leg.answer()
            await leg.wait_end(20.0)

    return script


def _delayed(seconds: float) -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(seconds)
        media = await leg.answer()
        await leg.until(media.heard, 8.0)
        await leg.sleep(0.3)
        await confirms(leg, media)

    return script


def _media() -> Iterator[Case]:
    none = f"{ISSUE}: no RTP for 5 s after an answer: no_media; it counts, and is not tried again the same day"
    dead = Expect(outcome=("no_media",), counts=True, again="later", max_s=9.0, why=none)
    life = "comfort noise and RTCP are life: the call goes on"
    alive = Expect(outcome=("answered",), counts=True, again="never", why=f"{ISSUE}: {life}")
    yield Case("no RTP", "media", "media-1", odd_media(muted=True), dead, quick=True)
    yield Case("RTCP only", "media", "media-1", odd_media(muted=True, rtcp=True), alive, quick=True)
    yield Case("comfort noise only", "media", "media-1", odd_media(muted=True, comfort=True), alive, quick=True)
    yield Case(
        "comfort noise, then 1", "media", "media-1", odd_media(muted=True, comfort=True, keys="1"), confirmed(life)
    )
    yield Case("200 with G.729 only", "media", "media-2", odd_media(payloads=(18,)), dead)
    yield Case("200 with G.722 only", "media", "media-3", odd_media(payloads=(9,)), dead)
    one = f"{ISSUE}: 200 with m=audio 0 and 200 without SDP have one outcome"
    nothing = Expect(outcome=("no_media",), counts=True, again="later", max_s=9.0, why=one)
    yield Case("200 with m=audio 0", "media", "media-1", port_zero(), nothing, quick=True)
    yield Case("200 without SDP", "media", "media-3", without_sdp(), nothing)


def _dialog() -> Iterator[Case]:
    for name, act in (
        ("hold and resume (sendonly)", _hold(direction="sendonly")),
        ("hold and resume (inactive)", _hold(direction="inactive")),
        ("hold and resume (c=0.0.0.0)", _hold(connection="0.0.0.0")),
        ("re-INVITE, the same again", _offer()),
        ("re-INVITE to PCMA", _to_alaw()),
        ("re-INVITE with more codecs", _offer(payloads=(0, 8, 18))),
        ("session refresh by re-INVITE", _refresh("INVITE")),
        ("session refresh by UPDATE", _refresh("UPDATE")),
        ("UPDATE with SDP", _update(True)),
        ("UPDATE without SDP", _update(False)),
        ("OPTIONS in the dialog", _request("OPTIONS")),
        ("MESSAGE in the dialog", _request("MESSAGE", body=b"hello")),
        ("INFO with a picture", _request("INFO", body=b"<x/>", kind="application/media_control+xml")),
        (
            "NOTIFY in the dialog",
            _request(
                "NOTIFY",
                ("Event", "refer"),
                ("Subscription-State", "active"),
                body=b"SIP/2.0 200 OK",
                kind="message/sipfrag",
            ),
        ),
        ("a method that nobody knows", _request("WHATEVER")),
        ("time stamps jump ahead", _jump("stamp ahead")),
        ("time stamps jump back", _jump("stamp back")),
        ("sequence numbers jump", _jump("sequence")),
        ("another SSRC", _jump("ssrc")),
        ("all of RTP begins anew", _jump("all")),
        ("audio comes in bursts", _bursts()),
    ):
        quick = name in {
            "hold and resume (sendonly)",
            "re-INVITE to PCMA",
            "another SSRC",
            "time stamps jump ahead",
            "session refresh by UPDATE",
        }
        yield Case(name, "within a call", "quiz", _acting(act), confirmed(GOES_ON), quick=quick)
    for name, script in (
        ("answers in PCMA", _answer_sdp(payloads=(8,))),
        ("answers with both laws", _answer_sdp(payloads=(8, 0))),
        ("answers with ptime lines it likes", _answer_sdp(attributes=("maxptime:150", "silenceSupp:off - - - -"))),
        ("183 with 100rel and SDP", _reliable(183, with_sdp=True)),
        ("180 with 100rel", _reliable(180, with_sdp=False)),
        ("answers after 10 s", _delayed(10.0)),
        ("answers at once", _delayed(0.0)),
    ):
        check = _has("no PRACK") if "100rel" in name else None
        yield Case(
            name,
            "within a call",
            "quiz",
            script,
            confirmed("RFC 3261, 13 and RFC 3262"),
            check=check,
            quick="100rel and SDP" in name,
        )
    cut = Case(
        "re-INVITE to a codec that we lack", "within a call", "quiz", _acting(_offer(payloads=(18,))),
        confirmed("RFC 3261, 14.2: an offer that cannot be accepted gets 488, and the call goes on"), quick=True,
        documented="row 13: Asterisk answers 500 and ends the call with BYE", documented_if="re-INVITE: 500",
    )  # fmt: skip
    yield cut
    for late in (0.05, 0.6):
        expect = confirmed("RFC 3261, 13.2.2.4: each further 2xx gets an ACK and, when not wanted, a BYE")
        yield Case(
            f"a second fork's 200 after {late} s",
            "forks",
            "quiz",
            _fork(late),
            expect,
            check=_has("got no BYE"),
            quick=late < 0.1,
            documented="row 15: Asterisk sends the second answer an ACK and no BYE",
            documented_if="the second answer got no BYE",
        )


def _races() -> Iterator[Case]:
    why = "RFC 3261, 9.1 and 15: a 200 that crosses the CANCEL gets ACK and BYE; the call must not hang"
    for seconds in (14.6, 14.9, 15.0, 15.1, 15.4):
        expect = Expect(outcome=("answered", "abandoned", "no_answer"), counts=True, why=why, max_s=12.0)
        yield Case(f"answers after {seconds} of 15 s", "races", "rings", _at_ring_time(seconds), expect, times=2)
    expect = Expect(outcome=("abandoned", "no_answer", "answered"), counts=True, why=why, max_s=3.0)
    yield Case("200 although cancelled", "races", "rings", _answers_though_cancelled(), expect, times=2, quick=True)


def cases() -> Iterator[Case]:
    yield from _media()
    yield from _dialog()
    yield from _races()
