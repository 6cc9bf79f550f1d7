"""Forms as a page gets them: fields and files, and what is refused before anything is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from agi_app.api import slow_bodies
from agi_app.api.problems import RequestRefused
from agi_app.console import asked, forms
from agi_app.console.forms import MOST_FIELDS, MOST_FORM


@asynccontextmanager
async def page(upload: int) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A page that answers with what came."""

    async def take(request: web.Request) -> web.Response:
        async with contextlib.AsyncExitStack() as stack:
            try:
                fields, files = await forms.sent_with(request, stack, upload)
            except RequestRefused as refused:
                return web.json_response(None, status=refused.status)
            told = {name: [one.name, one.size, one.content.read().hex()] for name, one in files.items()}
            return web.json_response({"fields": fields, "files": told})

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession() as client:
            yield client, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def answer(upload: int, data: Any) -> tuple[int, Any]:
    async with page(upload) as (client, url), client.post(url, data=data) as given:
        return given.status, await given.json()


def sent(**parts: Any) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in parts.items():
        content, more = value if isinstance(value, tuple) else (value, {})
        form.add_field(name, content, **more)
    return form


async def test_fields_and_a_file_come_whole() -> None:
    content = bytes(range(256)) * 2000
    status, found = await answer(1_000_000, sent(why="清单 <b>", list=(content, {"filename": "../今天.csv"})))
    assert status == 200
    assert found["fields"] == {"why": "清单 <b>"}
    name, size, text = found["files"]["list"]
    assert (name, size, bytes.fromhex(text)) == ("今天.csv", len(content), content)


async def test_what_is_too_large_or_none_of_ours_is_refused() -> None:
    assert (await answer(1000, sent(list=(b"x" * 1001, {"filename": "a"}))))[0] == 413
    both = sent(one=(b"x" * 600, {"filename": "a"}), two=(b"x" * 600, {"filename": "b"}))
    assert (await answer(1000, both))[0] == 413
    assert (await answer(10**9, sent(why="x" * (MOST_FORM + 1))))[0] == 413
    assert (await answer(0, {"why": "x" * (MOST_FORM + 1)}))[0] == 413
    assert (await answer(1000, {"why": "no file"}))[0] == 415
    assert (await answer(0, sent(list=(b"x", {"filename": "a"}))))[0] == 415
    assert (await answer(1000, sent(**{f"f{number}": "x" for number in range(MOST_FIELDS + 1)})))[0] == 415


async def test_a_file_that_was_not_chosen_is_none() -> None:
    assert await answer(1000, sent(list=(b"", {"filename": ""}))) == (200, {"fields": {}, "files": {}})


async def dripped(form: bytes, pieces: int, pause_s: float) -> bytes:
    """The answer to a form of a file that comes in pieces, of which the first is in time; it never ends by itself."""
    head = (
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n"
    )
    whole = b'--x\r\nContent-Disposition: form-data; name="list"; filename="a"\r\n\r\n' + form + b"\r\n--x--\r\n"
    async with page(10**6) as (_, url):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2].strip("/")))

        async def send() -> None:
            writer.write(head % len(whole))
            for n in range(pieces):
                writer.write(whole[n * len(whole) // pieces : (n + 1) * len(whole) // pieces])
                await writer.drain()
                await asyncio.sleep(pause_s)

        sending = asyncio.ensure_future(send())
        async with asyncio.timeout(60):
            found = await reader.readline()
        sending.cancel()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await sending
        writer.transport.abort()
        await asyncio.sleep(0.1)
    return found


@pytest.mark.attack("a body that never ends, to keep connections until nobody else gets one")
async def test_a_body_that_drips_or_stops_is_cut_off_and_a_slow_line_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_bodies, "GRACE_S", 0.5)
    assert b" 408 " in await dripped(b"x" * 20_000, pieces=20_000, pause_s=0.05)
    assert b" 200 " in await dripped(b"x" * 100_000, pieces=10, pause_s=0.15)  # takes longer than a short one may
    monkeypatch.setattr(slow_bodies, "IDLE_S", 0.5)
    assert b" 408 " in await dripped(b"x" * 100_000, pieces=2, pause_s=600)


@dataclasses.dataclass
class Inst:
    """As much of an installation as waiting needs: its clock, on which each look takes a second."""

    now: float = 0.0

    @property
    def clock(self) -> Inst:
        return self

    def monotonic(self) -> float:
        self.now += 1
        return self.now


async def test_a_page_waits_for_an_ask_a_little_and_shows_what_was_seen_last() -> None:
    seen: list[int] = []

    async def look() -> int:
        seen.append(len(seen))
        return seen[-1]

    inst: Any = Inst()
    assert await asked.ended(inst, look, lambda found: found == 1) == 1
    assert seen == [0, 1]
    assert await asked.ended(inst, look, lambda _: False) == seen[-1]
    assert len(seen) < 10
