"""Campaigns: the list, one of them with its reasons, figures and files, in both languages and as JSON."""

from __future__ import annotations

import asyncio
import html

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.operations.calling import campaigns
from tests.api.site import CAMPAIGN, Site
from tests.console.browser import HTML, post, sign_in
from tests.console.calling import asked
from tests.console.test_today import JSON, part_of, shown
from tests.store.world import number

pytestmark = pytest.mark.postgres
PAGE = f"/campaigns/{CAMPAIGN}"
PLANTED = "<script>alert(1)</script>\u202e😀 \"'&"


async def test_the_list_has_them_by_name_and_by_state(operator: aiohttp.ClientSession) -> None:
    found = await (await operator.get("/campaigns", headers=JSON)).json()
    (one,) = found["data"]
    assert (one["name"], one["state"], one["contacts"], one["done"], one["waits"]) == (CAMPAIGN, "running", 8, 1, True)
    text = await shown(operator, "/campaigns")
    assert f'<a href="{PAGE}">' in text
    assert "a start waits for a second person" in text
    assert "There is none in this state." in await shown(operator, "/campaigns?state=draft")
    async with operator.get("/campaigns?state=<b>", headers=HTML) as answer:
        assert (answer.status, "<b>" in await answer.text()) == (422, False)


async def test_one_says_first_why_nobody_is_dialled_and_shows_its_figures(operator: aiohttp.ClientSession) -> None:
    text = await shown(operator, PAGE)
    assert text.index("no worker") < text.index("How calls ended")
    assert 'role="img" aria-label="Outcomes. a person answered: 1' in text
    assert "a person answered" in text
    assert "confirmed" in text  # a disposition of the author's
    assert "no consent" in text
    assert "differs from what checkup runs with" in text.replace("differ from", "differs from")
    assert number(1) not in text
    found = await (await operator.get(PAGE, headers=JSON)).json()
    now = found["now"]
    assert (now["figures"]["contacts"], now["figures"]["outcomes"]["human"]) == (8, 1)
    assert now["held_back"]["held_back"][0]["by"] == "no_worker"
    assert (found["campaign"]["name"], found["waiting_start"]["asked_by"]) == (CAMPAIGN, "the-operator")
    assert found["waiting_start"]["may"] == ["the-compliance", "the-supervisor"]


async def test_both_languages_show_the_same(operator: aiohttp.ClientSession) -> None:
    chinese = [await shown(operator, path, **{"Accept-Language": "zh"}) for path in ("/campaigns", PAGE)]
    assert ["活动" in one and "Campaigns" not in one for one in chinese] == [True, True]
    assert "真人接听" in chinese[1]
    assert "预计结束" in chinese[1]


async def test_there_are_no_others(operator: aiohttp.ClientSession) -> None:
    for path in ("/campaigns/no-such", "/campaigns/no-such/asks", f"{PAGE}/asks/999", f"{PAGE}/previews/1"):
        async with operator.get(path, headers=HTML) as answer:
            assert (path, answer.status) == (path, 404)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
async def test_who_may_only_look_gets_no_button(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    async with http.get(PAGE, headers=HTML) as answer:
        text = await answer.text()
        assert answer.status == (403 if role is Role.AGENT else 200)
    assert f"{PAGE}/stop" not in text
    assert f"{PAGE}/preview" not in text.replace(f"{PAGE}/previews", "")


async def test_texts_of_people_only_show(operator: aiohttp.ClientSession, site: Site) -> None:
    change = "UPDATE attempt SET state = 'ended', outcome = 'human', dialled = true, disposition = %(text)s"
    one = " WHERE attempt_id = (SELECT attempt_id FROM attempt WHERE state = 'claimed' LIMIT 1)"
    site.run(lambda inst: inst.store.execute(change + one, {"text": PLANTED}))
    assert (await post(operator, f"{PAGE}/pause", reason=PLANTED.replace("\u202e", ""))).status == 303
    async with operator.get(PAGE, headers=HTML) as answer:
        source = await answer.text()
    assert "<script>alert" not in source
    assert html.unescape(source).count(PLANTED) >= 2  # the bar and the table
    assert PLANTED.replace("\u202e", "") in html.unescape(source)


async def test_who_paused_it_when_and_why_stands_beside_its_state(operator: aiohttp.ClientSession, site: Site) -> None:
    """By a page with its reason; by a command, which asks for none; and no one of both once it goes on."""
    await asked(operator, site, f"{PAGE}/pause", reason="the line crackles")
    found = (await (await operator.get(PAGE, headers=JSON)).json())["now"]["ended_by"]
    assert (found["account"], found["reason"]) == ("the-operator", "the line crackles")
    assert "the-operator: the line crackles" in await shown(operator, PAGE)
    site.run(lambda inst: campaigns.resume(inst, CAMPAIGN))
    assert "the line crackles" not in (await shown(operator, PAGE)).partition("What was asked for")[0]
    site.run(lambda inst: campaigns.pause(inst, CAMPAIGN))
    found = (await (await operator.get(PAGE, headers=JSON)).json())["now"]["ended_by"]
    assert (found["account"] != "the-operator", found["reason"]) == (True, None)
    site.run(lambda inst: campaigns.resume(inst, CAMPAIGN))


async def test_it_is_told_while_one_looks(operator: aiohttp.ClientSession, site: Site) -> None:
    parts = f"/live?parts=campaign:{CAMPAIGN},campaign:no-such,campaign:..%2F,nothing"
    async with operator.get(parts, headers={"Accept": "text/event-stream"}) as stream:
        first = await part_of(stream)
        assert (first["name"], "is stopped" in first["html"]) == (f"campaign:{CAMPAIGN}", False)
        site.run(lambda inst: campaigns.stop(inst, CAMPAIGN))
        async with asyncio.timeout(90):
            while "is stopped" not in (await part_of(stream))["html"]:
                pass
