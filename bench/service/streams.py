"""Two hundred readers of a stream, events or a live page: how much of a core they cost the service meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiohttp

from bench import usage
from bench.service.served import Service
from sandbox.errors import SandboxError

READERS = 200
LIVE = "/live?parts=today"


@dataclass(slots=True)
class StreamCost:
    """Of the readers together; ``events`` that each got."""

    cores: float = 0.0
    events: int = 0


def read(service: Service) -> contextlib.AbstractContextManager[StreamCost]:
    """They read the API's events."""
    tokens = [{"Authorization": f"Bearer {token}"} for token in service.tokens]
    return _reading(service, "/api/v1/events", tokens, b"id:")


def look(service: Service) -> contextlib.AbstractContextManager[StreamCost]:
    """They look at the page Today: its live part."""
    cookies = [{"Cookie": f"agi_app={session}"} for session in service.sessions]
    return _reading(service, LIVE, cookies, b"data:")


@contextlib.contextmanager
def _reading(service: Service, path: str, known_by: Sequence[dict[str, str]], sign: bytes) -> Iterator[StreamCost]:
    """During the block, in a thread of their own; the cost is there behind it. ``sign``: how an event's line begins."""
    cost, over, ready = StreamCost(), threading.Event(), threading.Event()
    counts, asked = [0] * READERS, Asked(service.url, path, known_by, sign)
    thread = threading.Thread(target=lambda: asyncio.run(_readers(asked, counts, ready, over)))
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What all readers ask for."""

    url: str
    path: str
    known_by: Sequence[dict[str, str]]
    sign: bytes


async def _readers(asked: Asked, counts: list[int], ready: threading.Event, over: threading.Event) -> None:
    begun: list[int] = []
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(asked.url, connector=connector, timeout=timeout) as session:
        tasks = [asyncio.create_task(_reader(session, asked, n, counts, begun, ready)) for n in range(READERS)]
        await asyncio.to_thread(over.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reader(
    session: aiohttp.ClientSession,
    asked: Asked,
    number: int,
    counts: list[int],
    begun: list[int],
    ready: threading.Event,
) -> None:
    headers = asked.known_by[number % len(asked.known_by)]
    async with session.get(asked.path, headers=headers, allow_redirects=False) as answer:
        answer.raise_for_status()
        begun.append(number)
        if len(begun) == READERS:
            ready.set()
        async for line in answer.content:
            counts[number] += line.startswith(asked.sign)
