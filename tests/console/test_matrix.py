"""Every page for every role: a page without a rule does not exist, and a role gets what its scopes say."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from agi_app.api.problems import RequestRefused
from agi_app.console.app import PAGES
from agi_app.console.live import MOST_OF_STREAM, MOST_PARTS, LivePart, LiveParts, Look, ObjectPart
from agi_app.console.pages import DeclaredPage
from agi_app.console.serving import HEADERS
from agi_app.console.today import TodayData
from agi_app.errors import NotThere
from agi_app.model.actors import Role, Scope, scopes_of
from tests.api.site import Site
from tests.console.browser import HTML, post, sign_in

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("role", Role)
async def test_each_page_is_for_who_may(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    """Forms are sent empty, so that they change nothing: who may gets another answer than a refusal."""
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    for page in PAGES:
        answer = await _asked(http, page)
        allowed = page.scope is None or page.scope in scopes_of(frozenset({role}))
        if page.elsewhere and not allowed:
            assert (answer.status, answer.headers["Location"]) == (303, page.elsewhere)
            continue
        assert (answer.status != 403) is allowed, f"{page.method} {page.path}"
        assert answer.status < 500
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_nobody_sees_a_page_before_the_sign_in(http: aiohttp.ClientSession) -> None:
    for page in PAGES:
        answer = await _asked(http, page)
        assert (answer.status, answer.headers.get("Location", "").partition("?")[0]) in ((303, "/sign-in"), (401, ""))


async def _asked(http: aiohttp.ClientSession, page: DeclaredPage) -> aiohttp.ClientResponse:
    path = re.sub(r"\{\w+\}", "none", page.path)
    return await (post(http, path) if page.method == "POST" else http.get(path, headers=HTML, allow_redirects=False))


async def test_however_many_look_one_reads(site: Site) -> None:
    reads = []

    async def read(_inst: object) -> TodayData:
        reads.append(1)
        nothing: dict[str, Any] = {"pause": None, "campaigns": [], "workers": [], "alerts": [], "waiting_starts": []}
        return TodayData(more_campaigns=0, ended_campaigns=len(reads), **nothing)

    live = LiveParts(site.inst, [LivePart("today", Scope.FIGURES_READ, read, "today_part.html")])
    running = live.running(web.Application())
    await anext(running)
    look = Look("today", "en", "UTC")
    with live.looking([look]) as one, live.looking([look]) as other:
        assert await one.get() == await other.get()
        second = await one.get()
        assert second is not None
        assert b"were stopped: 2" in second
        assert len(reads) == 2
    with pytest.raises(StopAsyncIteration):
        await anext(running)


async def test_parts_about_objects_are_read_apart_and_no_more_than_some(site: Site) -> None:
    reads = []

    async def read(_inst: object, about: str) -> TodayData:
        reads.append(about)
        if about.startswith("no-"):
            raise NotThere(about)
        nothing: dict[str, Any] = {"pause": None, "campaigns": [], "workers": [], "alerts": [], "waiting_starts": []}
        return TodayData(more_campaigns=0, ended_campaigns=len(about), **nothing)

    live = LiveParts(site.inst, [ObjectPart("campaign", Scope.FIGURES_READ, read, "today_part.html")])
    assert [live.named(name) for name in ("campaign", "campaign:", "campaign:../x", "today", "today:x")] == [None] * 5
    running = live.running(web.Application())
    await anext(running)
    with live.looking(_looks("spring", "no-such")) as one, live.looking(_looks("a")) as other:
        told = [await one.get(), await other.get()]
        assert [f"were stopped: {n}".encode() in (text or b"") for n, text in zip((6, 1), told, strict=True)] == [
            True
        ] * 2
        assert sorted(reads) == ["a", "no-such", "spring"]
        assert one.empty()
        with pytest.raises(RequestRefused), live.looking(_looks(*(f"c{n}" for n in range(MOST_OF_STREAM + 1)))):
            pass
        with contextlib.ExitStack() as stack:
            for n in range(MOST_PARTS - 3):
                stack.enter_context(live.looking(_looks(f"d{n}")))
            with pytest.raises(RequestRefused), live.looking(_looks("one-too-many")):
                pass
    with pytest.raises(StopAsyncIteration):
        await anext(running)


def _looks(*names: str) -> list[Look]:
    return [Look(f"campaign:{name}", "en", "UTC") for name in names]
