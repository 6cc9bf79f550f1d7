"""The FastAGI server that ``scripts/fuzz agi`` attacks, in a process of its own, with a watch on its event loop.

Says its port, then at each line on its input what it holds and how long its loop stood still, as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path

import uvloop

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.screening import AgiSettings
from agi_app.pbx.agi.server import AgiServer, AgiSession

TOKEN = "0123456789abcdef"
HEADER_S, SESSION_S = 1.0, 2.0  # as by default
NAME, ACTION = "骚扰? ", "mark"
TICK_S = 0.005


async def screen(session: AgiSession) -> None:
    """A hook that tells every call the same."""
    await session.set("AGI_APP_NAME", NAME)
    await session.set("AGI_APP_ACTION", ACTION)


class Watch:
    """How long the loop did not come round: by its own doing, without the time in which the system ran others."""

    def __init__(self) -> None:
        self.worst = 0.0
        self.worst_by_the_clock = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        before, waited = time.monotonic(), _waited()
        while True:
            await asyncio.sleep(TICK_S)
            now, waiting = time.monotonic(), _waited()
            gap = now - before - TICK_S
            self.worst_by_the_clock = max(self.worst_by_the_clock, gap)
            self.worst = max(self.worst, gap - (waiting - waited))
            before, waited = now, waiting


def _waited() -> float:
    """Seconds that this thread was ready and the system ran others."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def _resident() -> int:
    """Bytes of memory that this process has resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def main() -> None:
    """Serve until the input ends."""
    server = AgiServer(
        AgiSettings(port=_free_port(), header_limit=HEADER_S, session_limit=SESSION_S),
        TOKEN,
        {"screen": screen},
        Clock(),
    )
    watch = Watch()
    asked: asyncio.StreamReader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    async with asyncio.TaskGroup() as group:
        works = [group.create_task(server.run(lambda port: print(port, flush=True))), group.create_task(watch.run())]
        while await asked.readline():
            print(
                json.dumps(
                    {
                        "memory": _resident(),
                        "open": server.open,
                        "answered": server.answered,
                        "sent_away": server.sent_away.total(),
                        "stall": watch.worst,
                        "stall_by_the_clock": watch.worst_by_the_clock,
                    }
                ),
                flush=True,
            )
        for work in works:
            work.cancel()


if __name__ == "__main__":
    log.configure()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
