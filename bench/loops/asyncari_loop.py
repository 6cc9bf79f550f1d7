"""The same calls with the client library asyncari, written as its own examples are: one task a call.

    python -m bench.loops.asyncari_loop URL USER PROMPTS NUMBERS RATE        (the password comes from ARI_PASSWORD)

It is no way to call people: nobody is asked, nothing is remembered.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import asyncari  # both of the extra calls-bench
from asyncari.util import mayNotExist

from bench.loops.bare_loop import CALLER_ID, FILTER, LEASH, TAIL_S, evenly, used
from sandbox.asterisk import TRUNK

APP = "bench-asyncari"


class Calls:
    """What all calls share."""

    def __init__(self, client: Any, prompts: str, expected: int) -> None:
        self._client, self._prompts, self._expected = client, prompts, expected
        self.counts: Counter[str] = Counter()
        self.ended = anyio.Event()

    async def listen(self) -> None:
        """A task for each channel that comes in."""
        async with self._client.on_channel_event("StasisStart") as started, anyio.create_task_group() as group:
            async for objects, _ in started:
                group.start_soon(self._serve, objects["channel"])

    async def count(self) -> None:
        """Until every channel is gone."""
        async for event in self._client:
            self.counts[event.type] += 1
            if self.counts["ChannelDestroyed"] >= self._expected:
                self.ended.set()

    async def originate(self, number: str) -> None:
        """One call."""
        await self._client.channels.originate(
            endpoint=f"PJSIP/{number}@{TRUNK}",
            app=APP,
            channelId=f"asyncari-{number[1:]}",
            callerId=CALLER_ID,
            timeout=30,
            variables=LEASH,
        )

    async def _serve(self, channel: Any) -> None:
        with mayNotExist:  # any more: the person hung up
            await self._talk(channel)

    async def _talk(self, channel: Any) -> None:
        pressed = anyio.Event()
        channel.on_event("ChannelDtmfReceived", lambda _: pressed.set())
        for prompt in ("greeting", "key"):
            playback = await self._play(channel, prompt)
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel_after, playback.wait_done, group.cancel_scope)
                group.start_soon(self._cancel_after, pressed.wait, group.cancel_scope)
            if pressed.is_set():
                with mayNotExist:
                    await playback.stop()
                break
        await pressed.wait()
        await (await self._play(channel, "goodbye")).wait_done()
        await channel.hangup()

    async def _play(self, channel: Any, prompt: str) -> Any:
        return await channel.play(media=f"sound:{self._prompts}/{prompt}")

    @staticmethod
    async def _cancel_after(wait: Any, scope: anyio.CancelScope) -> None:
        await wait()
        scope.cancel()


async def _filter(url: str, user: str) -> None:
    """As the bare loop has it. The library's own call wraps the body, which Asterisk takes for no filter at all."""
    login = aiohttp.encode_basic_auth(user, os.environ["ARI_PASSWORD"])
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}, raise_for_status=True) as session,
        session.put(f"{url}/applications/{APP}/eventFilter", json=FILTER),
    ):
        pass


async def run(url: str, user: str, prompts: str, numbers: list[str], rate: float) -> dict[str, Any]:
    """Make the calls; what was counted, and what this process used."""
    base = url.removesuffix("ari")
    async with (
        asyncari.connect(base, APP, user, os.environ["ARI_PASSWORD"]) as client,
        anyio.create_task_group() as group,
    ):
        calls = Calls(client, prompts, len(numbers))
        group.start_soon(calls.listen)
        group.start_soon(calls.count)
        await _filter(url, user)
        before = used()
        async for number in evenly(numbers, rate):
            group.start_soon(calls.originate, number)
        with anyio.move_on_after(TAIL_S):
            await calls.ended.wait()
        group.cancel_scope.cancel()
    return used(before) | {"counts": dict(calls.counts)}


if __name__ == "__main__":
    logging.getLogger("asyncari").setLevel(logging.ERROR)  # it warns of each Dial event
    url, user, prompts, file, rate = sys.argv[1:]
    print(json.dumps(anyio.run(run, url, user, prompts, Path(file).read_text().split(), float(rate))))
