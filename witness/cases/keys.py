"""Keys: every way in which a telephone can say 9, and that each of them is a stop."""

from __future__ import annotations

from collections.abc import Iterator

from witness.cases.model import ISSUE, Case, Expect, confirmed, stopped
from witness.leg import Leg
from witness.people import answered, hangs_up_with_key_down, presses, presses_early
from witness.site import Script

LIVE = "flow-language.md: the opt-out key is live in every prompt and every question"
LOST = f"{ISSUE}: no stop is lost; it counts from the key's start, whichever of begin and end comes first"
HELD = f"{ISSUE}: also when the call ends before the key is released"


def _asks_other_type() -> Script:
    """Our answer names telephone-event 96; what we send keeps the type of the offer (RFC 3264, 5.1)."""

    async def script(leg: Leg) -> None:
        await leg.ring(0.2)
        media = leg.open_media()
        offered = media.event_type
        await leg.answer(body=leg.body(event=96))
        await leg.until(media.heard, 8.0)
        await leg.sleep(0.3)
        began = await media.press("9", 0.1, payload_type=offered)
        leg.record.keys.append((began, "9"))
        await leg.wait_end(30.0)

    return script


def _during_hold() -> Script:
    async def script(leg: Leg) -> None:
        media = await answered(leg)
        leg.silence_counts = False
        await leg.reinvite(leg.body(direction="sendonly"))
        await leg.sleep(0.3)
        began = await media.press("9", 0.12)
        leg.record.keys.append((began, "9"))
        await leg.sleep(0.3)
        await leg.reinvite(leg.body())
        await leg.wait_end(30.0)

    return script


def _bye_at_once(keys: str, wait: float) -> Script:
    """Presses, lets go, and hangs up right behind it."""

    async def script(leg: Leg) -> None:
        media = await answered(leg)
        for digit in keys:
            began = await media.press(digit, 0.08)
            leg.record.keys.append((began, digit))
        await leg.sleep(wait)
        await leg.bye()

    return script


def _ways(times: int) -> Iterator[Case]:
    ways: list[tuple[str, Script, bool]] = [
        ("9, as any telephone", presses("9"), True),
        ("9, its begin packets lost", presses("9", begin=False), True),
        ("9, its end packets lost", presses("9", end=False), True),
        ("9, 40 ms long", presses("9", seconds=0.04), True),
        ("9, one packet and its end", presses("9", seconds=0.02), False),
        ("9, two seconds long", presses("9", seconds=2.0), False),
        ("9 twice", presses("99"), False),
        ("9 then 1", presses("91"), True),
        ("1 then 9", presses("19"), True),
        ("9 then hash", presses("9#"), False),
        ("2 and 9 close together", presses("29", gap=0.02), False),
        ("9 as tones, no telephone-event", presses("9", event=False, tones=True, seconds=0.2), True),
        ("9 as short tones, no telephone-event", presses("9", event=False, tones=True, seconds=0.09), False),
        ("9 by INFO dtmf-relay", presses("9", info="dtmf-relay", seconds=0.16), True),
        ("9 by INFO dtmf-relay, long", presses("9", info="dtmf-relay", seconds=1.2), False),
        ("9 by INFO dtmf", presses("9", info="dtmf"), False),
        ("9 with another type in our answer", _asks_other_type(), False),
        ("9 while on hold", _during_hold(), False),
        ("9 and BYE right behind it", _bye_at_once("9", 0.0), True),
        ("9 and BYE 50 ms behind it", _bye_at_once("9", 0.05), False),
    ]
    for name, script, quick in ways:
        yield Case(name, "keys", "quiz", script, stopped(LIVE, disposition=("opted_out",)), times=times, quick=quick)


def _held(times: int) -> Iterator[Case]:
    for held in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5):
        yield Case(
            f"hangs up with 9 held for {held} s",
            "keys held",
            "quiz",
            hangs_up_with_key_down("9", held),
            stopped(HELD),
            times=times,
            quick=held in {0.05, 0.2, 0.5},
        )
    yield Case(
        "hangs up with 9 held in a long greeting",
        "keys held",
        "stay",
        hangs_up_with_key_down("9", 0.15, spread=4.0),
        stopped(HELD),
        times=times,
    )
    none = Expect(
        outcome=("answered",),
        disposition=("hung_up",),
        counts=True,
        again="never",
        stop=False,
        why="outcomes.md: hung_up",
    )
    yield Case("hangs up with 5 held", "keys held", "stay", hangs_up_with_key_down("5", 0.2), none, quick=True)


def _early(times: int) -> Iterator[Case]:
    why = f"{ISSUE}: no stop is lost, in early media where keys are heard"
    yield Case(
        "9 in early media, then an answer",
        "keys early",
        "quiz",
        presses_early("9"),
        stopped(why, outcome=None, disposition=None),
        times=times,
        quick=True,
    )
    expect = Expect(stop=True, again="never", why=why)
    yield Case(
        "9 in early media, then 486",
        "keys early",
        "quiz",
        presses_early("9", then="486"),
        expect,
        times=times,
        quick=True,
    )
    yield Case(
        "9 held in early media, then 486",
        "keys early",
        "quiz",
        presses_early("9", then="486", held=True),
        expect,
        times=times,
    )


def _others() -> Iterator[Case]:
    yield Case("1, as any telephone", "keys", "quiz", presses("1"), confirmed("flow"), times=2, quick=True)
    yield Case("1 by INFO", "keys", "quiz", presses("1", info="dtmf-relay"), confirmed("flow"))
    yield Case(
        "1 as tones, no telephone-event",
        "keys",
        "quiz",
        presses("1", event=False, tones=True, seconds=0.2),
        confirmed("flow"),
    )
    unknown = Expect(
        outcome=("answered",), disposition=("no_answer_given",), counts=True, stop=False,
        why="RFC 3264, 5.1: a payload type that was not negotiated means nothing",
    )  # fmt: skip
    yield Case(
        "9 in a payload type that nobody agreed to", "keys", "quiz", presses("9", payload_type=120), unknown, quick=True
    )
    yield Case(
        "9 as tones though telephone-event is spoken (inband)", "keys", "tones", presses("9", tones=True, seconds=0.2),
        stopped("install-on-asterisk.md, keys as tones: dtmf_mode = inband hears them"), times=3, quick=True,
    )  # fmt: skip
    for digits in ("1234", "11", "2580#", "123456", "0000", "7"):
        keyed = digits.rstrip("#")
        expect = confirmed("flow-language.md: digits", disposition=("completed",), answers={"digits": keyed})
        yield Case(
            f"keys in {digits}",
            "digits",
            "digits",
            presses(digits, gap=0.15, judged=False),
            expect,
            times=3,
            quick=digits == "1234",
        )
    star = stopped("flow-language.md: while several digits are typed it is star and the key")
    yield Case(
        "star 9 among digits", "digits", "digits", presses("*9", gap=0.15, judged=False), star, times=2, quick=True
    )
    yield Case("digits, then star 9", "digits", "digits", presses("12*9", gap=0.15, judged=False), star, times=2)


def cases(scale: int) -> Iterator[Case]:
    yield from _ways(scale)
    yield from _held(2 * scale)
    yield from _early(scale)
    yield from _others()
    moments = stopped(LIVE)
    yield Case(
        "9 at a random moment of a short call",
        "keys at random",
        "quiz",
        presses("9", after=0.0, spread=3.2),
        moments,
        times=14 * scale,
        quick=True,
    )
    yield Case(
        "9 at a random moment of a long call",
        "keys at random",
        "stay",
        presses("9", after=0.0, spread=14.0),
        moments,
        times=14 * scale,
        quick=True,
    )
