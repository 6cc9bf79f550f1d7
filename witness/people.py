"""What far ends do with a call: each function makes a script for one person."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence

from witness import audio, sip
from witness.leg import Leg
from witness.media import Media
from witness.site import Script

Headers = Sequence[tuple[str, str]]
_random = random.Random(7)
MOST_S = 130.0


def refuses(status: int, *, ring: float = 0.0, early: float = 0.0, extra: Headers = (), reason: str = "") -> Script:
    """A final answer, after ringing or an announcement for so long."""

    async def script(leg: Leg) -> None:
        if ring:
            await leg.ring(ring)
        if early:
            await leg.early_media(early)
        await leg.sleep(0.05)
        leg.respond(status, extra=extra, reason=reason)

    return script


def rings_for_ever(status: int | None = 180, *, early: bool = False) -> Script:
    """Rings (or only says 100, or nothing at all) until somebody gives up."""

    async def script(leg: Leg) -> None:
        if early:
            await leg.early_media(0.0)
        elif status is not None:
            leg.respond(status)
        # Nobody can cancel what was never answered (RFC 3261, 9.1): it is over when it is repeated no more.
        if not await leg.wait_end(35.0 if status is None and not early else 90.0):
            leg.over("never answered")

    return script


async def _until_end(leg: Leg) -> None:
    await leg.wait_end(MOST_S)


async def _listen(leg: Leg, media: Media, after: float) -> None:
    """Until the first prompt is heard, and so long into it."""
    await leg.until(media.heard, 8.0)
    await leg.sleep(after)


def presses(
    keys: str,
    *,
    after: float = 0.3,
    ring: float = 0.2,
    seconds: float = 0.1,
    gap: float = 0.08,
    begin: bool = True,
    end: bool = True,
    tones: bool = False,
    payload_type: int | None = None,
    event: bool = True,
    info: str = "",
    spread: float = 0.0,
    judged: bool = True,
) -> Script:
    """Answers and presses keys ``after`` (and up to ``spread`` more) seconds of prompt, then listens to the end."""

    async def script(leg: Leg) -> None:
        leg.silence_counts = judged
        await leg.ring(ring)
        body = None if event else leg.body(event=None)
        media = await leg.answer(body=body)
        if not event:
            media.event_type = None
        await _listen(leg, media, after + _random.random() * spread)
        for digit in keys:
            if info:
                await info_key(leg, digit, info, int(seconds * 1000))
            else:
                began = await media.press(digit, seconds, begin=begin, end=end, tones=tones, payload_type=payload_type)
                leg.record.keys.append((began, digit))
            await leg.sleep(gap)
        await _until_end(leg)

    return script


async def info_key(leg: Leg, digit: str, kind: str, duration_ms: int) -> None:
    """A key as SIP INFO, of one of the two kinds that are in use (neither is in an RFC; RFC 6086 knows INFO)."""
    leg.record.keys.append((time.time(), digit))
    body = f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode() if kind == "dtmf-relay" else digit.encode()
    answer = await leg.ask("INFO", body=body, kind=f"application/{kind}")
    leg.record.note(f"INFO {kind} {digit}: {answer.status if answer else 'no answer'}")


def hangs_up_with_key_down(digit: str, held: float, *, after: float = 0.4, spread: float = 1.0) -> Script:
    """Presses a key, and is gone before it is let go."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = await leg.answer()
        await _listen(leg, media, after + _random.random() * spread)
        began = await media.hold_key(digit, held)
        leg.record.keys.append((began, digit))
        await leg.bye()

    return script


def presses_early(digit: str, *, then: str = "answer", held: bool = False) -> Script:
    """A key while the call is still early media (183), then an answer, or a refusal."""

    async def script(leg: Leg) -> None:
        await leg.early_media(1.0)
        media = leg.open_media()
        began = await media.press(digit, 0.12, end=not held)
        leg.record.keys.append((began, digit))
        await leg.sleep(0.3)
        if then == "answer":
            await leg.answer()
            await _until_end(leg)
        else:
            leg.respond(int(then))

    return script


def says_nothing(*, ring: float = 0.2) -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(ring)
        await leg.answer()
        await _until_end(leg)

    return script


def hangs_up(after: float = 0.5, *, ring: float = 0.2, spread: float = 0.0, extra: Headers = ()) -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(ring)
        await leg.answer()
        await leg.sleep(after + _random.random() * spread)
        await leg.bye(extra)

    return script


def odd_media(
    *,
    muted: bool = False,
    rtcp: bool = False,
    comfort: bool = False,
    body: bytes | None = None,
    payloads: Iterable[int] = (),
    keys: str = "",
) -> Script:
    """Answers, and its audio is not what a plain telephone's is; its silences are not judged."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = leg.open_media()
        leg.silence_counts = False
        media.muted, media.rtcp_only, media.comfort_noise = muted, rtcp, comfort
        answer = body
        if answer is None and (types := tuple(payloads)):
            answer = sip.sdp(media.host, media.port, types, event=None)
            media.muted = True
        await leg.answer(body=answer)
        if keys:
            await _listen(leg, media, 0.5)
            for digit in keys:
                began = await media.press(digit, 0.1)
                leg.record.keys.append((began, digit))
        await _until_end(leg)

    return script


def without_sdp() -> Script:
    """200 with no SDP at all: no valid answer to an offer (RFC 3261, 13.2.1)."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        leg.silence_counts = False
        await leg.answer(body=b"")
        await _until_end(leg)

    return script


def port_zero() -> Script:
    """m=audio 0: the stream is refused (RFC 3264, 6)."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = leg.open_media()
        leg.silence_counts = False
        await leg.answer(body=sip.sdp(media.host, 0, (0,)))
        await _until_end(leg)

    return script


async def answered(leg: Leg, *, ring: float = 0.2, after: float = 0.3) -> Media:
    """The common beginning of longer scripts: rings, answers, hears the prompt."""
    await leg.ring(ring)
    media = await leg.answer()
    await _listen(leg, media, after)
    return media


async def confirms(leg: Leg, media: Media) -> None:
    """Presses 1 and listens to the end: the call still works."""
    began = await media.press("1", 0.1)
    leg.record.keys.append((began, "1"))
    await _until_end(leg)


def stays_in_talk(*, then: str, after: float = 1.0, spread: float = 1.0, mute: bool = False) -> Script:
    """Is transferred to a desk and, after so long a talk: presses 9, hangs up, or just stays."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = await leg.answer()
        media.frame = audio.noise
        media.muted = mute
        if not await leg.until(media.talker, 40.0):
            leg.record.note("no talk came within 40 s")
            await _until_end(leg)
            return
        await leg.sleep(after + _random.random() * spread)
        if then == "9":
            began = await media.press("9", 0.1)
            leg.record.keys.append((began, "9"))
        elif then == "9 held":
            began = await media.hold_key("9", 0.2)
            leg.record.keys.append((began, "9"))
            await leg.bye()
        elif then == "hang up":
            await leg.bye()
        elif then.startswith("keys "):
            for digit in then[5:]:
                await media.press(digit, 0.06)
        await _until_end(leg)

    return script


def while_a_desk_rings(*, then: str, after: float = 1.5, spread: float = 1.0) -> Script:
    """Is transferred to a desk that rings long; presses 9 or hangs up before anybody there answers."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = await leg.answer()
        await _listen(leg, media, 2.6 + after + _random.random() * spread)
        if then == "9":
            began = await media.press("9", 0.1)
            leg.record.keys.append((began, "9"))
        elif then == "9 held":
            began = await media.hold_key("9", 0.2)
            leg.record.keys.append((began, "9"))
            await leg.bye()
        else:
            await leg.bye()
        await _until_end(leg)

    return script


# ---------------------------------------------------------------------- staff at their telephones


def desk_answers(*, ring: float = 0.5, talk: float | None = None, spread: float = 0.0) -> Script:
    """Talks, and hangs up after ``talk`` seconds (None: never)."""

    async def script(leg: Leg) -> None:
        await leg.ring(ring)
        leg.silence_counts = False
        media = await leg.answer()
        media.frame = audio.talker
        if talk is None:
            await leg.wait_end(MOST_S)
            return
        await leg.sleep(talk + _random.random() * spread)
        await leg.bye()

    return script


def desk_redirects(contact: str, status: int = 302) -> Script:
    return refuses(status, ring=0.3, extra=[("Contact", contact)])
