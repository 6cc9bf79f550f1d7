"""Calls that come in on the trunk, requests out of nowhere, and rubbish: none makes Asterisk call, or breaks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from witness import sip
from witness.carrier import Carrier
from witness.leg import Leg
from witness.project import CALLER_ID, Numbers
from witness.site import Site

LINE = "call-back-line.md: a flow answers, and takes stops"
DOWN = "install-on-asterisk.md: all other calls go on in agi-app-local, else to a short message"
HARMLESS = "RFC 3261, 8.2: what a server does not understand it refuses, and goes on"


@dataclass(slots=True)
class Ways:
    """What a case of this group has to work with."""

    carrier: Carrier
    site: Site
    asterisk: tuple[str, int]
    numbers: Numbers
    decoy: str
    trunk: str
    stopped: list[str]  # numbers that said stop on the line, for the probe
    site6: Site
    asterisk6: tuple[str, int]


@dataclass(slots=True)
class Incoming:
    name: str
    group: str
    why: str
    run: Callable[[Ways], Awaitable[list[str]]]
    quick: bool = False


async def _welcome(leg: Leg) -> list[str]:
    if not leg.record.answered:
        return [f"not answered: {leg.record.final or 'no answer'} after {time.time() - leg.record.invited:.1f} s"]
    media = leg.open_media()
    try:
        await asyncio.wait_for(media.heard.wait(), 8.0)
    except TimeoutError:
        return ["answered, and nothing was heard within 8 s"]
    return []


def _calls(
    called: str = CALLER_ID,
    caller: str = "",
    *,
    extra: list[tuple[str, str]] | None = None,
    key: str = "",
    body: bytes | None = None,
    refused: bool = False,
    ipv6: bool = False,
) -> Callable[[Ways], Awaitable[list[str]]]:
    async def run(ways: Ways) -> list[str]:
        number = ways.numbers.draw()
        shown = caller.format(number=number) or f"<sip:{number}@carrier.example>"
        site, asterisk = (ways.site6, ways.asterisk6) if ipv6 else (ways.site, ways.asterisk)
        leg = await ways.carrier.call(site, asterisk, called, shown, extra=extra or (), body=body)
        if refused:
            await leg.bye()
            return [] if leg.record.final >= 300 or leg.record.answered else ["no final answer at all"]
        problems = await _welcome(leg)
        if not problems and key:
            await asyncio.sleep(0.5)
            for digit in key:
                began = await leg.open_media().press(digit, 0.12)
                leg.record.keys.append((began, digit))
                await asyncio.sleep(0.15)
            if key.endswith("9"):
                ways.stopped.append(number)
                if not await leg.wait_end(30.0):
                    problems.append("the line did not end the call after the stop")
        await leg.bye()
        return problems

    return run


ODD_CALLERS = {
    "anonymous": '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "no user part": "<sip:carrier.example>",
    "letters": "<sip:bob42@carrier.example>",
    "a name in quotes": '"Bob \\"the\\" Boss" <sip:{number}@carrier.example>',
    "a name of 3000 letters": '"' + "x" * 3000 + '" <sip:{number}@carrier.example>',
    "Chinese": '"阳光口腔" <sip:{number}@carrier.example>',
    "bytes that are no UTF-8": '"\udcff\udcfe\udc80" <sip:{number}@carrier.example>',
    "dialplan words": '"${{SHELL(id)}}" <sip:{number}@carrier.example>',
    "commas and colons": '"a,b|c:d;e" <sip:{number}@carrier.example>',
    "escaped line breaks": '"x" <sip:{number}%0d%0aagi_arg_1%3A%20x@carrier.example>',
    "a tel URI": "<tel:{number}>",
    "a number of 200 digits": "<sip:+" + "9" * 200 + "@carrier.example>",
    "the line's own number": f"<sip:{CALLER_ID}@carrier.example>",
    "parameters": "<sip:{number};isub=1;phone-context=x@carrier.example;user=phone>",
}
ODD_HEADERS: dict[str, list[tuple[str, str]]] = {
    "P-Asserted-Identity": [("P-Asserted-Identity", "<sip:+999861380000000@carrier.example>"), ("Privacy", "id")],
    "Diversion": [("Diversion", "<sip:+999861380000001@carrier.example>;reason=unconditional;counter=9")],
    "History-Info": [("History-Info", "<sip:+999861380000001@x?Reason=SIP%3Bcause%3D302>;index=1")],
    "a STIR identity": [("Identity", "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.AAAA;info=<https://127.0.0.1/cert.pem>;alg=ES256;ppt=shaken")],
    "a broken STIR identity": [("Identity", ";;;info=<>;ppt=\"shaken")],
    "Remote-Party-ID": [("Remote-Party-ID", '"x" <sip:999@x>;party=calling;privacy=full')],
    "header names without end": [("X-" + "a" * 2000, "b" * 2000)],
    "bytes that are no UTF-8": [("X-Odd", "\udcff\udc80x")],
    "Alert-Info and Call-Info": [("Alert-Info", "<http://127.0.0.1/x>"), ("Call-Info", "<http://127.0.0.1/y>;purpose=icon")],
    "Session-Expires": [("Session-Expires", "90;refresher=uac"), ("Supported", "timer")],
}  # fmt: skip


def _calls_in() -> Iterator[Incoming]:
    for name, caller in ODD_CALLERS.items():
        yield Incoming(
            f"a caller with {name}",
            "calls that come in",
            LINE,
            _calls(caller=caller),
            quick=name in {"anonymous", "dialplan words", "bytes that are no UTF-8"},
        )
    for name, extra in ODD_HEADERS.items():
        yield Incoming(
            f"a call with {name}",
            "calls that come in",
            LINE,
            _calls(extra=extra),
            quick=name in {"P-Asserted-Identity", "Diversion", "a STIR identity"},
        )
    yield Incoming("9 on the line", "calls that come in", LINE, _calls(key="9"), quick=True)
    yield Incoming("a call over IPv6", "calls that come in", LINE, _calls(ipv6=True))
    yield Incoming("9 on the line over IPv6", "calls that come in", LINE, _calls(key="9", ipv6=True))
    yield Incoming("2 and then 9 on the line", "calls that come in", LINE, _calls(key="29"))
    yield Incoming(
        "a number of ours without a line", "calls that come in", DOWN, _calls(called="+999862155500009", refused=True)
    )
    for name, body in (
        ("no SDP", b""),
        (
            "video only",
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 31\r\n",
        ),
        ("G.729 only", sip.sdp("127.0.0.1", 40000, (18,))),
        ("rubbish for an SDP", b"\x00\xff" * 400),
    ):
        yield Incoming(f"a call with {name}", "calls that come in", HARMLESS, _calls(body=body, refused=True))


def _message(ways: Ways, method: str, uri: str, *headers: tuple[str, str], body: bytes = b"") -> sip.Message:
    return sip.Message(
        f"{method} {uri} SIP/2.0",
        [
            ("Via", ways.site.via(sip.branch())),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{ways.numbers.draw()}@carrier.example>;tag={sip.token(4)}"),
            ("To", f"<{uri}>"),
            ("Call-ID", sip.token(9)),
            ("CSeq", f"1 {method}"),
            ("Contact", f"<sip:x@{ways.site.where}>"),
            *headers,
        ],
        body,
    )


def _stranger(method: str, target: str = "", *, replaces: bool = False) -> Callable[[Ways], Awaitable[list[str]]]:
    """A request outside of every dialog. No INVITE may come of it; the wire says so for the whole run."""

    async def run(ways: Ways) -> list[str]:
        number = ways.numbers.draw()
        uri = f"sip:{CALLER_ID}@{ways.asterisk[0]}:{ways.asterisk[1]}"
        headers: list[tuple[str, str]] = []
        if target:
            filled = target.format(number=number, decoy=ways.decoy, trunk=ways.trunk)
            headers = [("Refer-To", filled), ("Event", "refer")]
        if replaces:
            headers += [("Require", "replaces"), ("Replaces", f"{sip.token(6)};to-tag=a;from-tag=b")]
        invites = len(ways.carrier.sites["decoy"].dialogs)
        answer = await ways.site.ask(_message(ways, method, uri, *headers), ways.asterisk, 3.0)
        if answer is not None and answer.status < 300 and method == "INVITE":
            return [f"{method} was answered with {answer.status}"]
        await asyncio.sleep(0.3)
        return ["an INVITE came to the decoy"] if len(ways.carrier.sites["decoy"].dialogs) > invites else []

    return run


def _replaces_a_live_call() -> Callable[[Ways], Awaitable[list[str]]]:
    """INVITE with Replaces of a call that is on (RFC 3891): nobody takes over another's call."""

    async def run(ways: Ways) -> list[str]:
        first = await ways.carrier.call(ways.site, ways.asterisk, CALLER_ID)
        problems = await _welcome(first)
        if problems:
            await first.bye()
            return problems
        there, here = sip.parameter(first.remote, "tag"), sip.parameter(first.local, "tag")
        replaces = ("Replaces", f"{first.invite.call_id};to-tag={there};from-tag={here}")
        second = await ways.carrier.call(
            ways.site, ways.asterisk, CALLER_ID, extra=[replaces, ("Require", "replaces")], limit=5.0
        )
        await asyncio.sleep(1.0)
        if first.ended.is_set():
            problems.append("the first call was ended by an INVITE with Replaces of somebody else")
        await first.bye()
        await second.bye()
        return problems

    return run


def _rubbish(data: Callable[[Ways], list[bytes]]) -> Callable[[Ways], Awaitable[list[str]]]:
    """Sends bytes, then makes a call as anybody: it must be served."""

    async def run(ways: Ways) -> list[str]:
        for packet in data(ways):
            ways.site.send_raw(packet, ways.asterisk)
            await asyncio.sleep(0.002)
        leg = await ways.carrier.call(ways.site, ways.asterisk, CALLER_ID)
        problems = await _welcome(leg)
        await leg.bye()
        return problems

    return run


_VIA = b"Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKx\r\n"
_NOTHING = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKno\r\nCSeq: 1 INVITE\r\nCall-ID: x\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nContact: <sip:PJSIP%2F1%40x@y>\r\nContent-Length: 0\r\n\r\n"
)


def _broken_messages(ways: Ways) -> dict[str, list[bytes]]:
    uri = f"sip:{CALLER_ID}@{ways.asterisk[0]}"
    good = _message(ways, "INVITE", uri).wire()
    return {
        "random bytes": [bytes((index * 37 + step) % 256 for step in range(300)) for index in range(20)],
        "half a message": [good[: len(good) // 2], good[:20], b"INVITE", b"\r\n\r\n\r\n"],
        "no Via": [b"\r\n".join(line for line in good.split(b"\r\n") if not line.startswith(b"Via"))],
        "Content-Length of -1 and of 2^40": [
            good.replace(b"Content-Length: 0", b"Content-Length: " + size) for size in (b"-1", b"1099511627776")
        ],
        "CSeq of 2^64": [good.replace(b"CSeq: 1", b"CSeq: 18446744073709551616")],
        "a header of 60,000 bytes": [good.replace(b"Max-Forwards: 70", b"Subject: " + b"a" * 60_000)],
        "a thousand Vias": [good.replace(b"Max-Forwards: 70", (_VIA * 1000)[:50_000] + b"X: y")],
        "a NUL in From": [good.replace(b"From: <", b"From: \x00<")],
        "responses to nothing": [_NOTHING],
        "CANCEL, BYE, ACK and PRACK of nothing": [
            _message(ways, method, uri).wire() for method in ("CANCEL", "BYE", "ACK", "PRACK")
        ],
    }


def _one_kind(kind: str) -> Callable[[Ways], list[bytes]]:
    return lambda ways: _broken_messages(ways)[kind]


def _flood(method: str, count: int) -> Callable[[Ways], list[bytes]]:
    return lambda ways: [_message(ways, method, f"sip:{CALLER_ID}@{ways.asterisk[0]}").wire() for _ in range(count)]


BROKEN = (
    "random bytes",
    "half a message",
    "no Via",
    "Content-Length of -1 and of 2^40",
    "CSeq of 2^64",
    "a header of 60,000 bytes",
    "a thousand Vias",
    "a NUL in From",
    "responses to nothing",
    "CANCEL, BYE, ACK and PRACK of nothing",
)


def cases() -> Iterator[Incoming]:
    yield from _calls_in()
    no_dial = "no INVITE but by a permit, whatever the far end says"
    for name, target in (
        ("a number", "<sip:{number}@{decoy}>"),
        ("a trunk", "<sip:PJSIP%2F{number}%40{trunk}@{decoy}>"),
        ("Local/", "<sip:Local%2F{number}%40agi-app-from-trunk@127.0.0.1>"),
    ):
        yield Incoming(
            f"REFER out of a dialog to {name}", "REFER", no_dial, _stranger("REFER", target), quick=name == "a trunk"
        )
    yield Incoming("INVITE with Replaces of no call", "Replaces", no_dial, _stranger("INVITE", replaces=True))
    yield Incoming("INVITE with Replaces of a live call", "Replaces", no_dial, _replaces_a_live_call(), quick=True)
    for method in ("SUBSCRIBE", "PUBLISH", "MESSAGE", "REGISTER", "NOTIFY"):
        yield Incoming(f"{method} out of nowhere", "strangers", HARMLESS, _stranger(method))
    for kind in BROKEN:
        yield Incoming(
            kind, "malformed SIP", HARMLESS, _rubbish(_one_kind(kind)), quick=kind in {"random bytes", "no Via"}
        )
    yield Incoming("a flood of 400 OPTIONS", "floods", HARMLESS, _rubbish(_flood("OPTIONS", 400)), quick=True)
    yield Incoming("a flood of 150 REGISTER", "floods", HARMLESS, _rubbish(_flood("REGISTER", 150)))
