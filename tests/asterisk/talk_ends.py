"""The ends of a talk with an agent, tried again and again: is somebody left in silence, is a line left blocked?

``python -m tests.asterisk.talk_ends [--tries 500] [--end nine] [--json]`` tries each end so often on an Asterisk of its
own and judges by the sound (RTP) that the called telephone got. Exit 1 when one try of any end was not right.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import random
import sys
import tempfile
import time
import wave
from pathlib import Path

from agi_app import log
from sandbox.asterisk import Asterisk
from sandbox.ports import free_port
from sandbox.root import ensure_root, ensure_tools
from tests.asterisk.phone import LOUD, PhoneCall
from tests.asterisk.stand import DESKS, TRANSFER, Stand, Talk, furnish, stand

ENDS = ("nine", "nine held", "agent", "revoke", "person")
MOST_SILENCE_S = 2.0
OVER_S = 6.0  # by then a call that was to end is over: a talk, a prompt of half a second, and a busy machine
MAX_CALL_S = 30.0


@dataclasses.dataclass
class Try:
    """What one try came to; ``fault`` is empty when all was right."""

    end: str
    silence_s: float = 0.0
    took_s: float = 0.0
    fault: str = ""


async def one(here: Stand, end: str, lane: int) -> Try:
    """A talk that ends in one way; in every second try the telephone sends no more sound."""
    tried = Try(end)
    answering = here.phones.expect(DESKS[lane])
    talk = await here.dial(TRANSFER.replace("desk-0", f"desk-{lane}"), max_call_s=MAX_CALL_S)
    await talk.phone.answer()
    agent = await asyncio.wait_for(answering, 10)
    await agent.answer()
    agent.sound = LOUD
    if not await _hears(talk.phone):
        tried.fault = "the agent was never heard"
    talk.phone.sound = talk.phone.sound if random.random() < 0.5 else None
    await asyncio.sleep(random.uniform(0.05, 0.8))
    began = time.monotonic()
    since = talk.phone.heard[-1] if talk.phone.heard else began
    with contextlib.suppress(TimeoutError):
        await _end(talk, agent, end)
        async with asyncio.timeout(OVER_S):
            await talk.phone.ended.wait()
            await agent.ended.wait()
    tried.took_s = time.monotonic() - began
    if not (talk.phone.ended.is_set() and agent.ended.is_set()):
        tried.fault = "a leg was left after the end"
        talk.phone.ended_at = talk.phone.ended_at or time.monotonic()
    tried.silence_s = talk.phone.longest_silence(since)
    tried.fault = tried.fault or await _judge(here, talk, end, tried)
    for phone in (talk.phone, agent):
        if not phone.ended.is_set():
            phone.bye()
    return tried


async def _hears(phone: PhoneCall) -> bool:
    """The agent, who makes a noise all the while, unlike a prompt of half a second."""
    for _ in range(200):
        if sum(at > time.monotonic() - 0.3 for at in phone.heard) >= 10 and phone.heard[-1] - phone.heard[0] > 0.7:
            return True
        await asyncio.sleep(0.03)
    return False


async def _end(talk: Talk, agent: PhoneCall, end: str) -> None:
    match end:
        case "nine" | "nine held":
            talk.phone.press("9")
            await asyncio.sleep(0.12)
            if end == "nine":
                talk.phone.release()
        case "agent":
            agent.bye()
        case "revoke":
            talk.call.stop("the person said stop", even_if_up=True)
        case "person":
            talk.phone.bye()


async def _judge(here: Stand, talk: Talk, end: str, tried: Try) -> str:
    result = await asyncio.wait_for(talk.result, 10)
    wanted = {"agent": "completed", "revoke": "cut_off", "person": "hung_up"}.get(end, "opted_out")
    if result.disposition != wanted:
        return f"{result.disposition} instead of {wanted}; {result.note}"
    if here.stops.count(talk.call.party.number) != (wanted == "opted_out"):
        return "the stop was not stored once"
    if tried.silence_s > MOST_SILENCE_S:
        return f"{tried.silence_s:.1f} s of silence"
    return ""


async def tries(here: Stand, end: str, count: int) -> list[Try]:
    """So many, ten at a time; none stays on the line."""
    found: list[Try] = []

    async def lane(number: int) -> None:
        for _ in range(number, count, len(DESKS)):
            found.append(await one(here, end, number))

    async with asyncio.TaskGroup() as group:
        for number in range(min(len(DESKS), count)):
            group.create_task(lane(number))
    await asyncio.sleep(0.3)
    left = here.asterisk.cli("core show channels count").split()[0]
    if left != "0":
        found[-1].fault = found[-1].fault or f"{left} channels were left in Asterisk"
    return found


def summary(found: list[Try]) -> dict[str, object]:
    """What all tries of one end came to."""
    return {
        "end": found[0].end,
        "tries": len(found),
        "wrong": sum(bool(t.fault) for t in found),
        "longest_silence_s": round(max(t.silence_s for t in found), 2),
        "longest_end_s": round(max(t.took_s for t in found), 2),
        "faults": sorted({t.fault for t in found if t.fault}),
    }


async def _all(asterisk: Asterisk, port: int, ends: list[str], count: int) -> list[dict[str, object]]:
    shown = []
    for end in ends:
        async with stand(asterisk, port) as here:
            shown.append(summary(await tries(here, end, count)))
            print(json.dumps(shown[-1]), flush=True)
    return shown


def main() -> int:
    """Exit status 1: not every end was right."""
    parser = argparse.ArgumentParser(description="Try the ends of a talk with an agent on a real Asterisk.")
    parser.add_argument("--tries", type=int, default=500, help="of each end (default 500)")
    parser.add_argument("--end", choices=ENDS, action="append", help="this end alone; may be given again")
    options = parser.parse_args()
    log.configure()
    ensure_tools(print)
    root, port = ensure_root(print), free_port()
    with tempfile.TemporaryDirectory(prefix="talk-ends-") as made:
        folder = Path(made)
        (folder / "prompts").mkdir()
        for name, seconds in (("short", 0.5), ("long", 15.0)):
            with wave.open(str(folder / "prompts" / f"{name}.wav"), "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(8000)
                sound.writeframes(b"\x00\x08\x00\xf8" * int(seconds * 4000))
        with Asterisk(root, folder / "a", carrier=("127.0.0.1", port), prompts_dir=folder / "prompts") as asterisk:
            furnish(asterisk, port)
            shown = asyncio.run(_all(asterisk, port, options.end or list(ENDS), options.tries))
    return int(any(one["wrong"] for one in shown))


if __name__ == "__main__":
    sys.exit(main())
