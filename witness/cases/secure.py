"""Other ways to Asterisk: TLS with SRTP, and TCP."""

from __future__ import annotations

from collections.abc import Iterator

from witness.cases.finals import BUSY, FAILED, NETWORK, redirect_targets
from witness.cases.model import ISSUE, Case, Expect, confirmed, refused, stopped
from witness.leg import Leg
from witness.people import presses, refuses
from witness.site import Script
from witness.srtp import Secure

SAME = "RFC 3261, 26.2 and RFC 3711: what protects a call does not change it"


def _srtp(keys: str, *, held: bool = False) -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = leg.open_media()
        offered = " ".join(leg.offer.attributes) if leg.offer else ""
        media.secure = Secure(offered)
        await leg.answer(body=leg.body(profile="RTP/SAVP", attributes=(media.secure.line,)))
        await leg.until(media.heard, 8.0)
        await leg.sleep(0.4)
        for digit in keys:
            began = await media.press(digit, 0.12, end=not held)
            leg.record.keys.append((began, digit))
            await leg.sleep(0.1)
        if held:
            await leg.bye()
        await leg.wait_end(60.0)

    return script


def cases(scale: int, number: str, decoy: str, trunk: str) -> Iterator[Case]:
    group = "TLS, SRTP, TCP"
    yield Case("1 over TLS and SRTP", group, "secure", _srtp("1"), confirmed(SAME), quick=True)
    yield Case("9 over TLS and SRTP", group, "secure", _srtp("9"), stopped(SAME), times=scale, quick=True)
    yield Case("9 held over TLS and SRTP", group, "secure", _srtp("9", held=True), stopped(SAME), times=scale)
    busy = refused("busy", rang=False, why=BUSY, again="later", always_counts=True)
    yield Case("486 over TLS", group, "secure", refuses(486), busy)
    target = redirect_targets(number, decoy, trunk)["a trunk, escaped"]
    expect = Expect(outcome=NETWORK, counts=False, why=f"{ISSUE}: redirects never make Asterisk dial. {FAILED}")
    yield Case("302 to a trunk over TLS", group, "secure", refuses(302, extra=[("Contact", target)]), expect)
    yield Case("1 over TCP", group, "tcp", presses("1"), confirmed(SAME))
    yield Case("9 over TCP", group, "tcp", presses("9"), stopped(SAME), times=scale)
    yield Case("302 to a trunk over TCP", group, "tcp", refuses(302, extra=[("Contact", target)]), expect)
