"""Two hundred readers of the stream of events: how much of a core they cost the service while a campaign dials."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp

from bench import usage
from bench.service.served import Service
from sandbox.errors import SandboxError

READERS = 200


@dataclass(slots=True)
class StreamCost:
    """Of the readers together; ``events`` that each got."""

    cores: float = 0.0
    events: int = 0


@contextlib.contextmanager
def read(service: Service) -> Iterator[StreamCost]:
    """They read during the block, in a thread of their own; the cost is there behind it."""
    cost, over, ready = StreamCost(), threading.Event(), threading.Event()
    counts = [0] * READERS
    thread = threading.Thread(target=lambda: asyncio.run(_readers(service, counts, ready, over)))
    thread.start()
    try:
        if not ready.wait(30):
            raise SandboxError("the streams of events did not begin")
        before, began = usage.cpu_seconds(service.pid), time.monotonic()
        yield cost
        cost.cores = round((usage.cpu_seconds(service.pid) - before) / (time.monotonic() - began), 3)
        cost.events = min(counts)
    finally:
        over.set()
        thread.join(30)


async def _readers(service: Service, counts: list[int], ready: threading.Event, over: threading.Event) -> None:
    begun: list[int] = []
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(service.url, connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(_reader(session, service, n, counts, begun, ready)) for n in range(READERS)]
        await asyncio.to_thread(over.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reader(
    session: aiohttp.ClientSession,
    service: Service,
    number: int,
    counts: list[int],
    begun: list[int],
    ready: threading.Event,
) -> None:
    headers = {"Authorization": f"Bearer {service.tokens[number % len(service.tokens)]}"}
    async with session.get("/api/v1/events", headers=headers) as answer:
        answer.raise_for_status()
        begun.append(number)
        if len(begun) == READERS:
            ready.set()
        async for line in answer.content:
            counts[number] += line.startswith(b"id:")
