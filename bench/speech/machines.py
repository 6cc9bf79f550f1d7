"""How often Asterisk's detection takes people for machines and machines for people, and how long people wait for it.

Greetings of both kinds in both languages (``machine_clips.py``) are played by SIPp as a telephone would, to a real
Asterisk with our dialplan and the usual tuning; the voices by which that was chosen are counted by themselves.
A machine's call then waits for the end of the greeting, as for a message: does it begin after the beep?
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.calls.attempt import AmdFinished, AnsweredBy
from agi_app.calls.event_translation import to_attempt
from agi_app.calls.send_to_amd import detection_variables
from agi_app.clock import Clock
from agi_app.errors import RequestFailed
from agi_app.gate.permit import InternalLeg
from agi_app.model.machine_detection import MachineAction, MachineDetection, Tuning
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.events import Started
from agi_app.pbx.ari.object_names import AMD, AMD_CONTEXT, SILENCE
from agi_app.pbx.channel import Channel
from agi_app.pbx.event_router import Router
from agi_app.pbx.originate import place_internal
from bench.guard.intervals import wilson
from bench.output import machine, say
from bench.speech.machine_clips import MACHINE, PERSON, Clip, clips
from sandbox.agents import phone_conf
from sandbox.asterisk import Asterisk
from sandbox.carrier import Carrier
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.root import ensure_root, ensure_tools
from sandbox.speaker import Person, Says

NAMES = {"zh-CN": "zh", "en": "en"}
CALLER_ID = "+998612340001"
SUFFIXES = range(41, 61)  # people of the carrier, one a clip; SIPp takes no longer scenario
TRIES, CONNECT_S = 4, 10.0
APART_S = 0.25  # between two calls
LOUD_DB = -38.0  # noise of a second look at the people of held-out voices
MOST_FALSE = 0.05  # of people, taken for machines; the bench misses with more


@dataclass(frozen=True, slots=True)
class Heard:
    """What the detection made of one clip."""

    clip: Clip
    verdict: AnsweredBy | None  # as agi-app takes it; None: it never came back
    cause: str  # as app_amd says it
    seconds: float  # from the answer
    message_s: float | None = None  # from the answer to the end of the greeting, as the wait for silence finds it


def run() -> dict[str, Any]:
    """One run: four minutes; the first one on a machine lets the voices speak before it."""
    ensure_tools(say)
    before, tuning = machine(), Tuning()
    loud = [clip for clip in clips(LOUD_DB) if clip.who == PERSON and clip.held_out]
    try:
        heard = asyncio.run(_measure(ensure_root(say), [*clips(), *loud], tuning))
    except ExceptionGroup as faults:
        fault = next((one for one in faults.exceptions if isinstance(one, SandboxError)), None)
        raise fault or faults from None
    found, noisy = heard[: -len(loud)], heard[-len(loud) :]
    figures: dict[str, Any] = {}
    for language, name in NAMES.items():
        figures[f"{name}_loud"] = _people([h for h in noisy if h.clip.language == language])
        for held_out, whose in ((True, name), (False, f"{name}_chosen_by")):
            figures[whose] = _figures([h for h in found if h.clip.language == language and h.clip.held_out is held_out])
    return {
        "bench": "machines",
        **before,
        "load_after": machine()["load"],
        "tuning": tuning.arguments,
        **figures,
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach, by the voices that nothing was chosen by."""
    return [
        f"{name}: {found['people_as_machines']:.1%} of people taken for machines, more than {MOST_FALSE:.0%}"
        for name in NAMES.values()
        if (found := record[name])["people_as_machines"] > MOST_FALSE
    ]


def _figures(found: Sequence[Heard]) -> dict[str, Any]:
    machines = [h for h in found if h.clip.who == MACHINE]
    missed = sum(h.verdict is AnsweredBy.PERSON for h in machines)
    unsure = sum(h.verdict is AnsweredBy.NOT_SURE for h in machines)
    known = sorted(h.seconds for h in machines if h.verdict is AnsweredBy.MACHINE)
    after = [(h.message_s, h.clip.beep_ends_s) for h in machines if h.message_s is not None]
    begun = [message - beep for message, beep in after if beep is not None]
    return {
        **_people([h for h in found if h.clip.who == PERSON]),
        "machines": len(machines),
        "machines_as_people": _share(missed, len(machines)),
        "machines_as_people_interval": _interval(missed, len(machines)),
        "machines_not_sure": unsure,
        "machine_known_p50_s": round(statistics.median(known), 2) if known else None,
        "messages": len(begun),
        "messages_after_the_beep": sum(seconds >= 0 for seconds in begun),
        "message_after_beep_p50_s": round(statistics.median(begun), 2) if begun else None,
    }


def _people(people: Sequence[Heard]) -> dict[str, Any]:
    wrong = sum(h.verdict is AnsweredBy.MACHINE for h in people)
    waits = sorted(h.seconds for h in people)
    return {
        "people": len(people),
        "people_as_machines": _share(wrong, len(people)),
        "people_as_machines_interval": _interval(wrong, len(people)),
        "people_not_sure": sum(h.verdict is AnsweredBy.NOT_SURE for h in people),
        "person_waits_p50_s": round(statistics.median(waits), 2),
        "person_waits_p99_s": round(waits[min(len(waits) - 1, len(waits) * 99 // 100)], 2),
        "after_hello_p50_s": round(statistics.median(h.seconds - h.clip.spoken_s for h in people), 2),
    }


def _share(count: int, of: int) -> float:
    return round(count / of, 4)


def _interval(count: int, of: int) -> list[float]:
    return [round(limit, 4) for limit in wilson(count, of)]


async def _measure(root: Path, wanted: Sequence[Clip], tuning: Tuning) -> list[Heard]:
    detection = MachineDetection(MachineAction.LEAVE_MESSAGE, "message", tuning=tuning)
    found: list[Heard] = []
    with tempfile.TemporaryDirectory(prefix="agi-bench-") as name:
        folder, port = Path(name), free_port()
        phones = "\n".join(phone_conf(f"clip-{s}", f"sip:9990000{s}@127.0.0.1:{port}") for s in SUFFIXES)
        asterisk = Asterisk(root, folder / "asterisk", carrier=("127.0.0.1", port), phones=phones)
        await asyncio.to_thread(asterisk.start)
        try:
            async with _connected(asterisk) as (ari, router):
                for start in range(0, len(wanted), len(SUFFIXES)):
                    some = wanted[start : start + len(SUFFIXES)]
                    say(f"== {start + len(some)} of {len(wanted)} calls")
                    people = {str(s): _telephone(folder, s, clip) for s, clip in zip(SUFFIXES, some, strict=False)}
                    with Carrier(folder / f"carrier-{start}", port=port, speaking=people):
                        calls = [_call(ari, router, s, c, detection) for s, c in zip(SUFFIXES, some, strict=False)]
                        found += await asyncio.gather(*calls)
        finally:
            await asyncio.to_thread(asterisk.stop)
    for heard in found:
        clip = heard.clip
        if heard.verdict is not (AnsweredBy.PERSON if clip.who == PERSON else AnsweredBy.MACHINE):
            say(f"   {clip.who}, {clip.voice}: {heard.verdict}, {heard.cause}: {clip.text}")
    return found


def _telephone(folder: Path, suffix: int, clip: Clip) -> Person:
    wav = folder / f"{suffix}.wav"
    clip.write(wav)
    return Person([Says(0.0, wav)], law=clip.law)


@asynccontextmanager
async def _connected(asterisk: Asterisk) -> AsyncIterator[tuple[Ari, Router]]:
    router = Router()
    settings = AriSettings(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password)
    ari = Ari(settings, Clock(), on_event=router.handle)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ari.run())
        await ari.connected(CONNECT_S)
        yield ari, router
        running.cancel()


async def _call(ari: Ari, router: Router, suffix: int, clip: Clip, detection: MachineDetection) -> Heard:
    """A call that a busy machine loses (the connection to Asterisk stands still) says nothing of the detection."""
    await asyncio.sleep((suffix - SUFFIXES.start) * APART_S)
    for _ in range(TRIES):
        await ari.connected(CONNECT_S)
        with contextlib.suppress(RequestFailed):
            heard = await _once(ari, router, suffix, clip, detection)
            if heard.verdict is not None:
                return heard
    raise SandboxError(f"in {TRIES} tries no call to {clip.voice} had a verdict: is the machine too busy?")


async def _once(ari: Ari, router: Router, suffix: int, clip: Clip, detection: MachineDetection) -> Heard:
    leg = InternalLeg(f"bench-{time.monotonic_ns()}", "bench", f"PJSIP/clip-{suffix}", CALLER_ID)
    variables = detection_variables(detection)
    channel = await place_internal(ari, router, leg, ring_timeout=10, max_call=60, variables=variables)
    try:
        if await _started(channel, 15) is None:
            return Heard(clip, None, "not answered", 0.0)
        answered = time.monotonic()
        await channel.detour(AMD_CONTEXT, AMD)
        back = await _started(channel, detection.verdict_within_s + 5)
        seconds = time.monotonic() - answered
        judged, cause = None if back is None else to_attempt(Started(back)), " ".join(back or ())
        verdict = judged.verdict if isinstance(judged, AmdFinished) else None
        if verdict is not AnsweredBy.MACHINE or clip.who != MACHINE:
            return Heard(clip, verdict, cause, seconds)
        await channel.detour(AMD_CONTEXT, SILENCE)
        silent = await _started(channel, detection.silence_within_s)
        message = time.monotonic() - answered if silent == (SILENCE, "SILENCE") else None
        return Heard(clip, verdict, cause, seconds, message)
    finally:
        await channel.hangup()


async def _started(channel: Channel, seconds: float) -> tuple[str, ...] | None:
    """With what it came to us; None: it did not."""
    try:
        async with asyncio.timeout(seconds):
            async for event in channel:
                if isinstance(event, Started):
                    return event.args
    except TimeoutError:
        pass
    return None
