"""Final answers, redirects, silence: what a trunk says instead of an answer."""

from __future__ import annotations

from collections.abc import Iterator

from witness.cases.model import ISSUE, Case, Expect, refused
from witness.leg import Leg
from witness.people import Headers, refuses, rings_for_ever
from witness.site import Script

BUSY = "outcomes.md: 486, 600 and any other 6xx are busy; it counts, and is tried again as `retry` says"
NO_ANSWER = "outcomes.md: 408, 480, 487 are no_answer: nobody reached; it counts"
REJECTED = "outcomes.md: 603, 606, 607, 608, and 403 after it rang, are rejected; it counts and is final"
INVALID = "outcomes.md: 404, 410, 484, 485, 604 are invalid_number; it counts only if it rang, and is final"
CONGESTION = "outcomes.md: 5xx but 501, 505, 513 are congestion; it counts only if it rang"
FAILED = "outcomes.md: 3xx, 401, 402, 407, 403 at once, other 4xx, 501, 505, 513 are failed; it counts only if it rang"
NETWORK = ("failed",)

# status: outcome, counts though nothing rang, when again
TABLE: dict[int, tuple[tuple[str, ...], bool, str, str]] = {
    **dict.fromkeys((486, 600, 601, 687, 699), (("busy",), True, "later", BUSY)),
    **dict.fromkeys((480, 408, 487), (("no_answer",), True, "later", NO_ANSWER)),
    **dict.fromkeys((603, 606, 607, 608), (("rejected",), True, "never", REJECTED)),
    **dict.fromkeys((404, 410, 484, 485, 604), (("invalid_number",), False, "never", INVALID)),
    **dict.fromkeys((500, 502, 503, 504, 580, 599), (("congestion",), False, "soon", CONGESTION)),
    **dict.fromkeys(
        (400, 402, 403, 405, 406, 413, 414, 415, 416, 420, 421, 423, 481, 482, 483, 488, 491, 493, 499),
        (("failed",), False, "soon", FAILED),
    ),
    **dict.fromkeys((501, 505, 513), (("failed",), False, "soon", FAILED)),
}
QUICK = {486, 480, 603, 404, 503, 500, 403, 606, 699, 400}


def _plain() -> Iterator[Case]:
    for status, (outcome, counts, again, why) in sorted(TABLE.items()):
        for rang in (False, True) if status in {486, 404, 503, 500, 400, 480, 603, 502} else (False,):
            name = f"{status} {'after ringing' if rang else 'at once'}"
            expect = refused(
                outcome, rang=rang, why=why, again="later" if rang and again == "soon" else again, always_counts=counts
            )
            script = refuses(status, ring=0.6 if rang else 0.0)
            yield Case(name, "final answers", "network", script, expect, quick=status in QUICK and not rang)
    declined = Expect(outcome=("rejected",), counts=True, again="never", why=REJECTED)
    yield Case("403 after ringing", "final answers", "network", refuses(403, ring=0.6), declined, quick=True)


def _early() -> Iterator[Case]:
    for status in (486, 480, 404, 503, 603):
        outcome, counts, again, why = TABLE[status]
        expect = refused(outcome, rang=True, why=why, again="later" if again == "soon" else again, always_counts=counts)
        yield Case(f"{status} after an announcement", "final answers", "network", refuses(status, early=1.5), expect)


def _reasons() -> Iterator[Case]:
    first = "outcomes.md: the SIP status decides first"
    for status, cause in (
        (503, 17),
        (480, 1),
        (480, 17),
        (486, 34),
        (404, 17),
        (500, 1),
        (603, 16),
        (503, 27),
        (403, 21),
        (488, 65),
    ):
        outcome, counts, again, _ = TABLE[status]
        extra: Headers = [("Reason", f'Q.850;cause={cause};text="said by the network"')]
        expect = refused(outcome, rang=False, why=first, again=again, always_counts=counts)
        yield Case(f"{status} with Q.850 {cause}", "final answers", "network", refuses(status, extra=extra), expect)
    odd: Headers = [("Reason", "Q.850;cause=999999999999"), ("Reason", 'SIP;cause="x"'), ("Warning", '399 x "y')]
    expect = refused(("busy",), rang=False, why=first, again="later", always_counts=True)
    yield Case("486 with odd Reason and Warning", "final answers", "network", refuses(486, extra=odd), expect)


def _passwords() -> Iterator[Case]:
    why = f"{ISSUE}: 401/407 never marks a contact done, nor counts against a cap"
    challenge = 'Digest realm="carrier", nonce="abc", algorithm=MD5'
    for status, header in ((401, "WWW-Authenticate"), (407, "Proxy-Authenticate")):
        expect = Expect(outcome=("failed",), counts=False, again="soon", why=why, invites=-1)
        script = refuses(status, extra=[(header, challenge)])
        yield Case(
            f"{status}: a wrong password",
            "passwords",
            f"password-{status}",
            script,
            expect,
            times=3,
            quick=status == 401,
        )
    expect = Expect(outcome=("failed",), counts=False, again="soon", why=why, invites=-1)
    yield Case("401 without a challenge", "passwords", "password-401", refuses(401), expect)


def _silence() -> Iterator[Case]:
    dead = "outcomes.md: trunk_silent: the ring time passed and nothing ever came back; it does not count"
    expect = Expect(outcome=("trunk_silent",), counts=False, again="not never", why=dead, invites=-1)
    yield Case("no answer of any kind", "silent trunks", "silent", rings_for_ever(None), expect, times=2, quick=True)
    yield Case("100 only", "silent trunks", "silent", rings_for_ever(100), expect, times=2, quick=True)
    rang = "outcomes.md: no_answer: it rang and nobody answered; it counts"
    for name, script in (
        ("rings for ever", rings_for_ever()),
        ("182 and then nothing", rings_for_ever(182)),
        ("181 and then nothing", rings_for_ever(181)),
        ("early media for 60 s", rings_for_ever(early=True)),
    ):
        outcomes = ("no_answer",) if "18" not in name else ("no_answer", "trunk_silent")
        counted = True if "18" not in name else None
        expect = Expect(
            outcome=outcomes, counts=counted, again="later" if counted else "not never", why=rang, ended_by=("cancel",)
        )
        yield Case(name, "silent trunks", "rings", script, expect, quick=name == "rings for ever")


def redirect_targets(number: str, decoy: str, trunk: str) -> dict[str, str]:
    """Contacts of a redirect, by what they try. ``decoy`` is host:port, ``trunk`` an endpoint of Asterisk."""
    return {
        "plain": f"<sip:{number}@{decoy}>",
        "a trunk, escaped": f"<sip:PJSIP%2F{number}%40{trunk}@{decoy}>",
        "a trunk, not escaped": f"<sip:PJSIP/{number}@{trunk}@{decoy}>",
        "a trunk, as a slash": f"<sip:PJSIP/{number}%40{trunk}@127.0.0.1>",
        "Local/, escaped": f"<sip:Local%2F{number}%40agi-app-from-trunk@{decoy}>",
        "Local/, not escaped": f"<sip:Local/+999862155500001@agi-app-from-trunk@{decoy}>",
        "the line": f"<sip:+999862155500001@{decoy}>",
        "a staff phone": f"<sip:PJSIP%2Fdesk-stays@{decoy}>",
        "UnicastRTP": f"<sip:UnicastRTP%2F127.0.0.1%3A40000@{decoy}>",
        "WebSocket": f"<sip:WebSocket%2Fconnection@{decoy}>",
        "tel": f"<tel:{number}>",
        "several": f"<sip:{number}@{decoy}>;q=0.9, <sip:PJSIP%2F{number}%40{trunk}@{decoy}>;q=0.5",
        "a name": f'"PJSIP/{number}@{trunk}" <sip:{number}@{decoy};user=phone>',
        "with headers": f"<sip:{number}@{decoy}?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>",
        "over TCP": f"<sip:{number}@{decoy};transport=tcp>",
        "sips": f"<sips:{number}@{decoy}>",
        "none": "",
        "rubbish": "<<>>;;;",
    }


def redirects(number: str, decoy: str, trunk: str) -> Iterator[Case]:
    """3xx: nobody is called but who agreed."""
    why = f"{ISSUE}: redirects never make Asterisk dial. {FAILED}"
    for status in (302, 300, 301, 305, 380):
        for kind, contact in redirect_targets(number, decoy, trunk).items():
            if status != 302 and kind not in {"plain", "a trunk, escaped", "Local/, escaped", "several"}:
                continue
            extra: Headers = [("Contact", contact)] if contact else []
            extra = (
                [*extra, ("Diversion", f"<sip:{number}@{decoy}>;reason=unconditional")] if kind == "several" else extra
            )
            script = refuses(status, extra=extra, ring=0.3 if kind == "plain" else 0.0)
            # A Contact that is no URI makes the response no SIP message: it is thrown away, and nothing came back.
            broken = kind in {"a trunk, not escaped", "Local/, not escaped", "rubbish"}
            outcome = (*NETWORK, "trunk_silent") if broken else NETWORK
            expect = Expect(outcome=outcome, counts=kind == "plain", again=None, why=why)
            quick = (status, kind) in {
                (302, "a trunk, escaped"),
                (302, "plain"),
                (302, "Local/, escaped"),
                (301, "plain"),
                (380, "plain"),
            }
            yield Case(f"{status} to {kind}", "redirects", "redirects", script, expect, quick=quick)
    for kind, status in (("progress", 181), ("ringing", 180)):
        extra = [
            ("Diversion", f"<sip:{number}@{decoy}>;reason=no-answer"),
            ("Contact", f"<sip:PJSIP%2F{number}%40{trunk}@{decoy}>"),
        ]
        expect = Expect(outcome=("busy",), counts=True, again="later", why="outcomes.md: busy is SIP 486")
        yield Case(f"Diversion in {kind}, then 486", "redirects", "redirects", _diverted(status, extra), expect)


def _diverted(status: int, extra: Headers) -> Script:
    async def script(leg: Leg) -> None:
        leg.respond(status, extra=extra)
        await leg.sleep(0.5)
        leg.respond(486)

    return script


def cases() -> Iterator[Case]:
    yield from _plain()
    yield from _early()
    yield from _reasons()
    yield from _passwords()
    yield from _silence()
