"""Today: what it shows to whom, in both languages and as JSON; the pause of everything; what comes while one looks."""

from __future__ import annotations

import asyncio
import html
import json

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.operations.calling import pauses
from agi_app.operations.service import accounts
from agi_app.operations.service.accounts import NewValues
from agi_app.store.service import alerts
from agi_app.store.service.alerts import Condition
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import HTML, post, sign_in

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
PLANTED = "<script>alert(1)</script>😀 \"'&"


async def shown(http: aiohttp.ClientSession, path: str = "/", **headers: str) -> str:
    async with http.get(path, headers=HTML | headers) as answer:
        assert answer.status == 200, await answer.text()
        return html.unescape(await answer.text())


async def test_it_says_first_why_nobody_is_dialled(operator: aiohttp.ClientSession) -> None:
    text = await shown(operator)
    assert CAMPAIGN in text
    assert "no worker" in text
    found = await (await operator.get("/", headers=JSON)).json()
    (campaign,) = found["campaigns"]
    assert (campaign["name"], campaign["contacts"], campaign["done"]) == (CAMPAIGN, 8, 1)
    assert campaign["reason"].split("`")[0] in text


async def test_both_languages_show_the_same(operator: aiohttp.ClientSession) -> None:
    chinese = await shown(operator, **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-CN">' in chinese
    assert "今日" in chinese
    assert "全部暂停" in chinese
    assert "Pause everything" not in chinese
    await operator.get("/language/en?next=/", allow_redirects=False)
    assert "Pause everything" in await shown(operator, **{"Accept-Language": "zh-CN,zh;q=0.9"})  # as chosen
    await operator.get("/language/zh?next=/", allow_redirects=False)
    assert "全部暂停" in await shown(operator, **{"Accept-Language": "en"})


async def test_the_account_has_a_language_and_the_reader_may_choose_another(
    http: aiohttp.ClientSession, site: Site
) -> None:
    site.run(lambda inst: accounts.change(inst, "the-viewer", NewValues(language="zh")))
    assert (await sign_in(http, "the-viewer")).status == 303
    assert "今日" in await shown(http, **{"Accept-Language": "en"})
    await http.get("/language/en?next=/", allow_redirects=False)
    assert "Today" in await shown(http, **{"Accept-Language": "zh"})


async def test_everything_is_paused_and_goes_on(operator: aiohttp.ClientSession, site: Site) -> None:
    assert "Campaigns that run now: 1" in await shown(operator, "/pause")
    no_reason = await post(operator, "/pause", reason="  ")
    assert (no_reason.status, "Say why" in await no_reason.text()) == (422, True)
    assert (await post(operator, "/pause", reason="turned \u202e round")).status == 422
    assert site.run(pauses.current) is None
    assert (await post(operator, "/pause", reason=PLANTED)).headers["Location"] == "/?said=paused"
    pause = site.run(pauses.current)
    assert pause is not None
    assert (pause.entered_by, pause.reason) == ("the-operator", PLANTED)
    async with operator.get("/", headers=HTML) as answer:
        source = await answer.text()
    assert "<script>alert" not in source
    assert PLANTED in html.unescape(source)
    assert (await post(operator, "/resume", reason="it was a test")).headers["Location"] == "/?said=resumed"
    site.run(answer_asks)  # the worker verifies the session, as it does a token
    assert site.run(pauses.current) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMPLIANCE, Role.AGENT])
async def test_nobody_gets_a_button_that_they_may_not_press(
    http: aiohttp.ClientSession, site: Site, role: Role
) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    async with http.get("/", headers=HTML) as answer:
        text = await answer.text()
        assert (answer.status, answer.url.path) == (200, "/agent" if role is Role.AGENT else "/")
    may_pause = role is Role.COMPLIANCE
    assert ('href="/pause"' in text) is may_pause
    if not may_pause:
        assert (await post(http, "/pause", reason="I should not")).status == 403
        assert site.run(pauses.current) is None
    assert (await post(http, "/resume", reason="I should not")).status == 403


async def test_who_may_approve_a_start_is_told_that_it_waits_and_who_asked_is_not(
    operator: aiohttp.ClientSession,
) -> None:
    where = f'href="/campaigns/{CAMPAIGN}/approve"'
    mine = await shown(operator)
    assert "Starts that wait for a second person" in mine
    assert where not in mine
    assert (await sign_in(operator, "the-supervisor")).status == 303
    assert where in await shown(operator)
    found = await (await operator.get("/", headers=JSON)).json()
    assert found["for_you"] == [CAMPAIGN]
    assert found["waiting_starts"][0]["asked_by"] == "the-operator"


async def test_what_is_wrong_stands_there_and_comes_while_one_looks(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    async with operator.get("/live?parts=today", headers={"Accept": "text/event-stream"}) as stream:
        assert "feed" not in (await part_of(stream))["html"]
        failed = [Condition("feed_failed", "appointments", {"reason": "the server does not answer"})]
        assert site.run(lambda inst: alerts.update(inst.store, "often", alerts.LOST * 0, ["feed_failed"], failed, []))
        async with asyncio.timeout(90):
            while "the last run of feed appointments failed" not in (await part_of(stream))["html"]:
                pass
    assert "the last run of feed appointments failed" in await shown(operator)


async def test_the_stream_is_for_who_is_signed_in(http: aiohttp.ClientSession) -> None:
    async with http.get("/live?parts=today") as answer:
        assert answer.status == 401


async def part_of(stream: aiohttp.ClientResponse) -> dict[str, str]:
    """The next part that the stream sends."""
    async with asyncio.timeout(90):
        async for line in stream.content:
            if line.startswith(b"data: "):
                found: dict[str, str] = json.loads(line[6:])
                return found
    raise AssertionError("the stream ended")
