"""The same calls by Asterisk alone: the dialplan plays, AMI originates.

    python -m bench.loops.native_loop PORT USER CONTEXT NUMBERS RATE        (the password comes from AMI_PASSWORD)

No program hears of keys or ends: the least that these calls can cost. It is no way to call people: nobody is asked,
nothing is remembered.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench.loops.bare_loop import CALLER_ID, evenly, used
from sandbox.asterisk import TRUNK

LEASH_S = 60
ANSWER_S = 5.0  # for the last of AMI's answers


def dialplan(prompts: str, context: str) -> str:
    """The call: the greeting, the question, on a key stop that, say goodbye, hang up.

    Who presses nothing is not hung up on before the run has been judged, so that such a call is no success.
    """
    return (
        f"[{context}]\n"
        f"exten => s,1,Background({prompts}/greeting&{prompts}/key)\n"
        f" same => n,WaitExten({LEASH_S})\n"
        f"exten => 1,1,Playback({prompts}/goodbye)\n"
        " same => n,Hangup()\n"
    )


class Manager:
    """A connection to AMI that originates and counts the answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.counts: Counter[str] = Counter()
        self._wanted, self._all = sys.maxsize, asyncio.Event()

    async def read(self) -> None:
        """Count until the connection closes."""
        async for line in self._reader:
            if line.startswith(b"Response:"):
                self.counts[line.decode().strip()] += 1
                self._count()

    async def answered(self, number: int) -> None:
        """Wait for so many answers."""
        self._wanted = number
        self._count()
        await self._all.wait()

    def _count(self) -> None:
        if sum(self.counts.values()) >= self._wanted:
            self._all.set()

    async def send(self, action: str, **headers: str) -> None:
        """Send an action."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self._writer.write("\r\n".join(lines).encode())
        await self._writer.drain()

    async def offer(self, context: str, numbers: list[str], rate: float) -> None:
        """Originate at an even rate."""
        call = {"Context": context, "Exten": "s", "Priority": "1", "CallerID": CALLER_ID, "Timeout": "30000"}
        async for number in evenly(numbers, rate):
            await self.send(
                "Originate",
                Channel=f"PJSIP/{number}@{TRUNK}",
                **call,
                Variable=f"TIMEOUT(absolute)={LEASH_S}",
                Async="true",
            )


async def run(port: int, user: str, context: str, numbers: list[str], rate: float) -> dict[str, Any]:
    """Make the calls; what was counted, and what this process used."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    manager = Manager(reader, writer)
    reading = asyncio.get_running_loop().create_task(manager.read())
    await manager.send("Login", Username=user, Secret=os.environ["AMI_PASSWORD"], Events="off")
    before = used()
    await manager.offer(context, numbers, rate)
    try:
        async with asyncio.timeout(ANSWER_S):
            await manager.answered(len(numbers) + 1)  # and the login's
    except TimeoutError:
        print(f"AMI did not answer all: {dict(manager.counts)}", file=sys.stderr)
    reading.cancel()
    return used(before) | {"counts": dict(manager.counts)}


if __name__ == "__main__":
    port, user, context, file, rate = sys.argv[1:]
    print(json.dumps(asyncio.run(run(int(port), user, context, Path(file).read_text().split(), float(rate)))))
