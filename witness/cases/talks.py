"""Transfers: a person, a desk, and each way in which their talk can end."""

from __future__ import annotations

from collections.abc import Iterator

from witness import audio
from witness.cases.finals import redirect_targets
from witness.cases.model import FLOW, ISSUE, Case, Expect, stopped
from witness.leg import Leg
from witness.people import (
    answered,
    desk_answers,
    desk_redirects,
    hangs_up,
    refuses,
    rings_for_ever,
    stays_in_talk,
    while_a_desk_rings,
)
from witness.site import Script

STOP = f"{FLOW}: the opt-out key stays live while it rings and while both talk: it ends the talk and stores the stop"
ENDS = f"{FLOW}: when the destination hangs up, the flow goes on, and when the person does, the call is over"
FAILS = f"{FLOW}: busy, no_answer and failed lead to nodes"
LEASH = f"{FLOW}: the longest call (max_call) holds for the talk, too"
STAFF = "write-a-flow.md: nobody is rung there before the telephone is proved to be one of yours"
NO_DIAL = f"{ISSUE}: REFER, Replaces, redirects never make Asterisk dial"


def desks(number: str, decoy: str, trunk: str) -> dict[str, Script]:
    """Staff telephones by name, and what each does."""
    targets = redirect_targets(number, decoy, trunk)
    return {
        "desk-stays": desk_answers(),
        "desk-leaves": desk_answers(talk=1.5, spread=1.5),
        "desk-slow": desk_answers(ring=3.0, talk=2.0),
        "desk-quick": desk_answers(ring=0.0, talk=0.05),
        "desk-busy": refuses(486, ring=0.3),
        "desk-away": refuses(480, ring=0.5),
        "desk-declines": refuses(603, ring=0.5),
        "desk-broken": refuses(500),
        "desk-rings": rings_for_ever(),
        "desk-silent": rings_for_ever(100),
        "desk-redirects": desk_redirects(targets["plain"]),
        "desk-redirects-trunk": desk_redirects(targets["a trunk, escaped"]),
        "desk-refers": _refers(targets["plain"]),
        "desk-holds": _holds(),
    }


def _refers(target: str) -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(0.3)
        media = await leg.answer()
        media.frame = audio.talker
        await leg.sleep(1.0)
        answer = await leg.ask("REFER", [("Refer-To", target), ("Referred-By", leg.contact)], limit=2.0)
        leg.record.note(f"REFER: {answer.status if answer else 'no answer'}")
        await leg.sleep(1.0)
        await leg.bye()

    return script


def _holds() -> Script:
    async def script(leg: Leg) -> None:
        await leg.ring(0.3)
        media = await leg.answer()
        media.frame = audio.talker
        await leg.sleep(1.0)
        await leg.reinvite(leg.body(direction="sendonly"))
        await leg.sleep(0.5)
        await leg.reinvite(leg.body())
        await leg.sleep(1.0)
        await leg.bye()

    return script


def _person_refers(target: str) -> Script:
    async def script(leg: Leg) -> None:
        media = await answered(leg)
        answer = await leg.ask("REFER", [("Refer-To", target)], limit=2.0)
        leg.record.note(f"REFER: {answer.status if answer else 'no answer'}")
        began = await media.press("1", 0.1)
        leg.record.keys.append((began, "1"))
        await leg.wait_end(60.0)

    return script


def _goes_silent() -> Script:
    """Sends audio until the talk, then nothing but the key: some telephones suppress silence."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = await leg.answer()
        if await leg.until(media.talker, 40.0):
            media.muted = True
            await leg.sleep(1.0)
            began = await media.press("9", 0.1)
            leg.record.keys.append((began, "9"))
        await leg.wait_end(130.0)

    return script


def _talk(name: str, script: Script, desk: str, expect: Expect, times: int = 1, *, quick: bool = False) -> Case:
    return Case(name, "transfers", "talk", script, expect, times=times, quick=quick, columns={"desk": desk})


def cases(scale: int, number: str, decoy: str, trunk: str) -> Iterator[Case]:
    done = Expect(outcome=("answered",), disposition=("advised",), counts=True, again="never", why=ENDS)
    hung_up = Expect(outcome=("answered",), disposition=("hung_up",), counts=True, again="never", why=ENDS)
    nobody = Expect(outcome=("answered",), disposition=("nobody",), counts=True, again="never", why=FAILS)
    yield _talk("9 in a talk", stays_in_talk(then="9"), "desk-stays", stopped(STOP), 4 * scale, quick=True)
    yield _talk(
        "9 in a talk, held to the end", stays_in_talk(then="9 held"), "desk-stays", stopped(STOP), 2 * scale, quick=True
    )
    yield _talk(
        "9 in a talk by somebody who sends no audio", _goes_silent(), "desk-stays", stopped(STOP), 2 * scale, quick=True
    )
    yield _talk(
        "9 in a talk with who leaves soon",
        stays_in_talk(then="9", after=0.2, spread=0.3),
        "desk-leaves",
        stopped(STOP),
        scale,
    )
    yield _talk("hangs up in a talk", stays_in_talk(then="hang up"), "desk-stays", hung_up, 2 * scale, quick=True)
    yield _talk("the desk hangs up", stays_in_talk(then="stay"), "desk-leaves", done, 4 * scale, quick=True)
    yield _talk("the desk answers late", stays_in_talk(then="stay"), "desk-slow", done, scale)
    yield _talk("the desk answers and is gone", stays_in_talk(then="stay"), "desk-quick", done, scale, quick=True)
    yield _talk(
        "9 while a desk rings", while_a_desk_rings(then="9"), "desk-rings", stopped(STOP), 2 * scale, quick=True
    )
    yield _talk(
        "9 held while a desk rings", while_a_desk_rings(then="9 held"), "desk-rings", stopped(STOP), scale, quick=True
    )
    yield _talk("hangs up while a desk rings", while_a_desk_rings(then="hang up"), "desk-rings", hung_up, scale)
    for desk in ("desk-busy", "desk-away", "desk-declines", "desk-broken", "desk-rings", "desk-silent"):
        yield _talk(f"{desk}", stays_in_talk(then="stay"), desk, nobody, quick=desk == "desk-busy")
    failed = Expect(outcome=("answered",), disposition=("nobody",), counts=True, again="never", why=NO_DIAL)
    for desk in ("desk-redirects", "desk-redirects-trunk"):
        yield _talk(f"{desk}: a phone of ours forwards", stays_in_talk(then="stay"), desk, failed, quick=True)
    yield _talk("a queue whose agent forwards", stays_in_talk(then="stay"), "queue-forwards", failed, quick=True)
    unproved = Expect(outcome=("answered",), disposition=("nobody",), counts=True, again="never", why=STAFF)
    yield _talk("a staff mobile that nobody proved", stays_in_talk(then="stay"), "staff-unproved", unproved, quick=True)
    yield _talk("a queue whose agent hangs up", stays_in_talk(then="stay"), "queue-talks", done, scale)
    yield _talk(
        "9 in a talk from a queue", stays_in_talk(then="9", after=0.2, spread=0.5), "queue-talks", stopped(STOP), scale
    )
    referred = Expect(outcome=("answered",), disposition=("advised",), counts=True, again="never", why=NO_DIAL)
    yield _talk("the desk sends REFER in the talk", stays_in_talk(then="stay"), "desk-refers", referred, quick=True)
    features = stays_in_talk(then="keys ##*2*1#700", after=0.2, spread=0.2)
    yield _talk("feature keys of a PBX in a talk", features, "desk-slow", done, 2, quick=True)
    yield _talk("the desk holds and resumes", stays_in_talk(then="stay"), "desk-holds", done)
    leash = Expect(outcome=("answered",), disposition=("cut_off",), counts=True, again="never", max_s=22.0, why=LEASH)
    yield Case(
        "a talk longer than max_call",
        "transfers",
        "short-talk",
        stays_in_talk(then="stay"),
        leash,
        times=2,
        quick=True,
        columns={"desk": "desk-stays"},
    )
    yield from _refer_cases(number, decoy, trunk)
    plain = Expect(
        outcome=("answered",), disposition=("hung_up",), counts=True, again="never", why="outcomes.md: hung_up"
    )
    yield Case(
        "hangs up in the greeting", "plain calls", "quiz", hangs_up(0.8, spread=0.8), plain, times=2 * scale, quick=True
    )


def _refer_cases(number: str, decoy: str, trunk: str) -> Iterator[Case]:
    expect = Expect(outcome=("answered",), disposition=("confirmed",), counts=True, again="never", why=NO_DIAL)
    for kind, target in redirect_targets(number, decoy, trunk).items():
        if kind in {"plain", "a trunk, escaped", "Local/, escaped", "with headers", "the line"}:
            yield Case(
                f"REFER to {kind}",
                "REFER",
                "quiz",
                _person_refers(target),
                expect,
                quick=kind in {"plain", "a trunk, escaped"},
            )
