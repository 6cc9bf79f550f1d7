"""The least that could make the same calls: one ARI socket, no store, no gate, no pace of a campaign.

    python -m bench.loops.bare_loop URL USER PROMPTS NUMBERS RATE        (the password comes from ARI_PASSWORD)

It uses the same verbs as the bulk flow on agi-app: originate with caller ID and TIMEOUT(absolute), the
greeting, the question, on a key stop that, say goodbye, hang up. What agi-app adds is seen against this.
It is no way to call people: nobody is asked, nothing is remembered.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvloop

from sandbox.asterisk import TRUNK

APP = "bench-bare"
CALLER_ID = "<+999862155500001>"
FILTER = {"disallowed": [{"type": "ChannelVarset"}]}
LEASH = {"TIMEOUT(absolute)": "60"}
TAIL_S = 20.0  # how long the last calls are waited for


class BareLoop:
    """All calls on one socket; a dictionary says how far each has come."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, prompts: str) -> None:
        self._socket = socket
        self._prompts = prompts
        self._ids = itertools.count()
        self._step: dict[str, str] = {}  # channel -> the prompt that plays
        self.counts: Counter[str] = Counter()
        self.ended = asyncio.Event()
        self._expected = 0

    async def send(self, method: str, uri: str, body: dict[str, Any] | None = None) -> None:
        """Send a request; its answer is only counted."""
        number = str(next(self._ids))
        frame = {"type": "RESTRequest", "transaction_id": number, "request_id": number, "method": method, "uri": uri}
        if body is not None:
            frame |= {"content_type": "application/json", "message_body": msgspec.json.encode(body).decode()}
        await self._socket.send_str(msgspec.json.encode(frame).decode())

    async def offer(self, numbers: list[str], rate: float) -> None:
        """Originate at an even rate."""
        await self.send("PUT", f"applications/{APP}/eventFilter", FILTER)
        self._expected = len(numbers)
        async for number in evenly(numbers, rate):
            body = {
                "endpoint": f"PJSIP/{number}@{TRUNK}",
                "app": APP,
                "channelId": f"bare-{number[1:]}",  # a plus would be a space in a URI
                "callerId": CALLER_ID,
                "timeout": 30,
                "variables": LEASH,
            }
            await self.send("POST", "channels", body)

    async def read(self) -> None:
        """Do what each event asks for, until the socket closes."""
        async for message in self._socket:
            event = msgspec.json.decode(message.data)
            kind = event["type"]
            self.counts[kind] += 1
            if kind == "RESTResponse":
                if event["status_code"] >= 400 and event["status_code"] != 404:
                    self.counts[f"refused {event['status_code']}"] += 1
            elif kind == "PlaybackFinished":
                await self._after_prompt(event["playback"])
            elif (channel := (event.get("channel") or {}).get("id")) is not None:
                await self._on_channel(kind, channel)

    async def _on_channel(self, kind: str, channel: str) -> None:
        if kind == "StasisStart":
            await self._play(channel, "greeting")
        elif kind == "ChannelDtmfReceived":
            playing = self._step[channel]
            await self.send("DELETE", f"playbacks/{channel}-{playing}")
            await self._play(channel, "goodbye")
        elif kind == "ChannelDestroyed" and self.counts[kind] >= self._expected:
            self.ended.set()

    async def _after_prompt(self, playback: dict[str, Any]) -> None:
        channel, _, prompt = playback["id"].rpartition("-")
        if self._step.get(channel) != prompt:
            return
        if prompt == "greeting":
            await self._play(channel, "key")
        elif prompt == "goodbye":
            await self.send("DELETE", f"channels/{channel}")

    async def _play(self, channel: str, prompt: str) -> None:
        self._step[channel] = prompt
        await self.send(
            "POST", f"channels/{channel}/play/{channel}-{prompt}", {"media": [f"sound:{self._prompts}/{prompt}"]}
        )


async def run(url: str, user: str, prompts: str, numbers: list[str], rate: float) -> dict[str, Any]:
    """Make the calls; what was counted, and this process's CPU seconds while it did."""
    login = aiohttp.encode_basic_auth(user, os.environ["ARI_PASSWORD"])
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}) as session,
        session.ws_connect(f"{url}/events", params={"app": APP}) as socket,
    ):
        bare = BareLoop(socket, prompts)
        before = used()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(bare.read())
            await bare.offer(numbers, rate)
            try:
                async with asyncio.timeout(TAIL_S):
                    await bare.ended.wait()
            except TimeoutError:
                print(f"calls without an end: {dict(bare.counts)}", file=sys.stderr)
            reading.cancel()
        return used(before) | {"counts": dict(bare.counts)}


async def evenly(numbers: list[str], rate: float) -> AsyncIterator[str]:
    """Each number when its turn has come."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for place, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, start + place / rate - loop.time()))
        yield number


def used(before: Mapping[str, float] | None = None) -> dict[str, float]:
    """CPU seconds of this process, since ``before``, and the most memory that it had."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - (before["cpu_s"] if before else 0.0)
    return {"cpu_s": cpu, "peak_mib": round(now.ru_maxrss / 1024, 1)}


if __name__ == "__main__":
    url, user, prompts, file, rate = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the loop that agi-app runs on
        done = runner.run(run(url, user, prompts, Path(file).read_text().split(), float(rate)))
    print(json.dumps(done))
