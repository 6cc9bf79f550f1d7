"""A start by pages: the look ahead, the ask with its numbers, the second person; pause, go on and stop as asks."""

from __future__ import annotations

import html

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.operations.calling import asks, stored_campaigns
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import HTML, PASSWORD, post, sign_in
from tests.console.calling import asked, make_startable
from tests.console.test_today import JSON, shown
from tests.store.world import number

pytestmark = pytest.mark.postgres
PAGE = f"/campaigns/{CAMPAIGN}"


@pytest.fixture(scope="module", autouse=True)
def startable(site: Site) -> None:
    site.run(answer_asks)
    site.run(make_startable)


def state(site: Site) -> str:
    return site.run(lambda inst: stored_campaigns.one(inst, CAMPAIGN)).state.value


def newest_ask(site: Site) -> int:
    return site.run(lambda inst: asks.asks(inst, CAMPAIGN))[0].ask.ask_id


async def test_a_look_ahead_shows_who_not_and_why_with_masked_examples(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    where, ask = await asked(operator, site, f"{PAGE}/preview")
    assert where == f"{PAGE}/previews/{ask}"
    text = await shown(operator, where)
    assert "Nobody was called by this look." in text
    assert "no consent" in text
    assert "+99986…" in text
    assert number(100) not in text
    assert f"{PAGE}/start?preview={ask}" in text
    found = await (await operator.get(where, headers=JSON)).json()
    figures = found["preview"]["preview"]
    assert figures["by_rule"]["consent_missing"] >= 500
    (group,) = [one for one in found["examples"] if one["rule"] == "consent_missing"]
    assert len(group["contacts"]) == 5
    assert all("…" in one["number"] and one["external_id"].startswith("row-") for one in group["contacts"])
    assert "现在会呼叫" in await shown(operator, where, **{"Accept-Language": "zh"})


async def test_a_start_shows_the_numbers_and_wants_a_look_and_a_reason(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    _, ask = await asked(operator, site, f"{PAGE}/preview")
    assert "Look first who would be called" in await shown(operator, f"{PAGE}/start")
    text = await shown(operator, f"{PAGE}/start?preview={ask}")
    assert "It will need a second person" in text
    last = newest_ask(site)
    for fields in ({"reason": "as planned"}, {"preview": str(ask), "reason": " "}, {"preview": "x", "reason": "so"}):
        answer = await post(operator, f"{PAGE}/start", **fields)
        assert (answer.status, 'role="alert"' in await answer.text()) == (422, True)
    assert (await post(operator, f"{PAGE}/start", preview="1", reason="of no preview")).status == 404
    assert newest_ask(site) == last


async def test_two_persons_start_it_and_each_alone_is_refused(
    operator: aiohttp.ClientSession, http: aiohttp.ClientSession, site: Site
) -> None:
    _, look = await asked(operator, site, f"{PAGE}/preview")
    where, _ = await asked(operator, site, f"{PAGE}/start", preview=str(look), reason="as planned <b>")
    text = await shown(operator, where)
    assert "It waits for a second person. Nobody is called before." in text
    assert "the-compliance, the-supervisor" in text
    before = state(site)
    assert (await operator.get(f"{PAGE}/approve", headers=HTML)).status == 403
    assert (await post(operator, f"{PAGE}/approve", secret=PASSWORD, request="2")).status == 403
    await sign_in(http, "the-supervisor")
    page = await shown(http, f"{PAGE}/approve")
    request = (await (await http.get(f"{PAGE}/approve", headers=JSON)).json())["waiting_start"]["request"]
    assert f'name="request" value="{request}"' in page
    assert (await post(http, f"{PAGE}/approve", request=str(request))).status == 422
    assert (await post(http, f"{PAGE}/approve", secret=PASSWORD, request=str(request - 1))).status == 422
    wrong, _ = await asked(http, site, f"{PAGE}/approve", secret="correct horse batterz", request=str(request))
    assert "this is not the secret of the-supervisor" in await shown(http, wrong)
    assert state(site) == before
    right, _ = await asked(http, site, f"{PAGE}/approve", secret=PASSWORD, request=str(request))
    assert "You approved it: the campaign runs." in await shown(http, right)
    assert state(site) == "running"
    assert "No start of checkup waits" in await shown(http, f"{PAGE}/approve")
    assert PASSWORD not in str(site.run(lambda inst: inst.store.records("SELECT * FROM ask")))


async def test_who_asked_does_not_approve_whatever_their_roles(http: aiohttp.ClientSession, site: Site) -> None:
    await sign_in(http, "the-supervisor")
    _, look = await asked(http, site, f"{PAGE}/preview")
    where, _ = await asked(http, site, f"{PAGE}/start", preview=str(look), reason="mine")
    if "waits for a second person" not in await shown(http, where):
        pytest.fail(await shown(http, where))
    found = await (await http.get(f"{PAGE}/approve", headers=JSON)).json()
    assert found["own"] is True
    assert 'name="secret"' not in await shown(http, f"{PAGE}/approve")
    request = str(found["waiting_start"]["request"])
    answer = await post(http, f"{PAGE}/approve", secret=PASSWORD, request=request)
    assert (answer.status, "another person approves it" in await answer.text()) == (422, True)


async def test_pause_go_on_and_stop_are_asks_that_say_how_they_ended(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    await asked(operator, site, f"{PAGE}/pause", reason="a fault of the line")
    assert state(site) == "paused"
    assert "This cannot be done now: it is paused." in await shown(operator, f"{PAGE}/pause")
    assert "make calls again" in (await shown(operator, f"{PAGE}/resume")).replace("makes", "make")
    where, _ = await asked(operator, site, f"{PAGE}/resume", reason="mended")
    assert (state(site), "Done." in await shown(operator, where)) == ("running", True)
    assert "the calls that ring are ended" in await shown(operator, f"{PAGE}/stop")
    await asked(operator, site, f"{PAGE}/stop", reason="over")
    assert state(site) == "stopped"
    where, _ = await asked(operator, site, f"{PAGE}/resume", reason="again")
    assert "not paused" in await shown(operator, where)
    listed = await shown(operator, f"{PAGE}/asks")
    assert "a fault of the line" in listed
    assert "refused" in listed


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMPLIANCE, Role.ADMIN])
async def test_a_role_that_may_not_has_no_effect(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    await sign_in(http, f"the-{role.value}")
    last, before = newest_ask(site), state(site)
    refused = ["preview", "start", "resume"] + (["pause", "stop"] if role is Role.VIEWER else [])
    for verb in refused:
        assert (await post(http, f"{PAGE}/{verb}", reason="I should not", preview="5")).status == 403
    assert (newest_ask(site), state(site)) == (last, before)


async def test_a_page_says_that_a_worker_has_not_answered_yet(
    operator: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi_app.console.asked.WITHIN_S", 0.0)
    where = (await post(operator, f"{PAGE}/preview")).headers["Location"]
    assert "A worker was asked, and has not answered yet." in await shown(operator, where)
    async with operator.get(f"{PAGE}/asks", headers=HTML) as answer:
        assert "waits for a worker" in html.unescape(await answer.text())
