"""Contacts on pages: lists by filters and pages, one contact, its changes as asks, recordings; numbers are masked."""

from __future__ import annotations

import html
import re

import aiohttp
import pytest

from agi_app.installation import Installation
from agi_app.model.actors import Role
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.api.test_recordings import kept
from tests.console.browser import HTML, post, sign_in
from tests.console.planted import FIELDS, PAGES, plant, planted, quoted
from tests.store.world import number

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
WHOLE = re.compile(r"\+99986138\d{5,}")
PLANTED = "<script>alert(1)</script>"
LIST = f"/campaigns/{CAMPAIGN}/contacts"


async def shown(http: aiohttp.ClientSession, path: str, status: int = 200, language: str = "en") -> str:
    async with http.get(path, headers=HTML | {"Accept-Language": language}) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return html.unescape(text)


def counted(site: Site, query: str) -> int:
    async def count(inst: Installation) -> int:
        return await inst.store.value(int, query) or 0

    return site.run(count)


async def first(http: aiohttp.ClientSession) -> str:
    """The id of the first contact."""
    found = await (await http.get(LIST, headers=JSON)).json()
    return str(found["data"][0]["external_id"])


async def test_a_list_shows_masked_numbers_by_filters(operator: aiohttp.ClientSession) -> None:
    text = await shown(operator, LIST)
    assert "+99986…01" in text
    assert not WHOLE.search(text)
    found = await (await operator.get(LIST, headers=JSON)).json()
    assert len(found["data"]) == 8
    refused = await (await operator.get(f"{LIST}?rule=consent_missing&state=&outcome=", headers=JSON)).json()
    assert [one["rules"] for one in refused["data"]] == [["consent_missing"]] * 3
    assert "There are no such contacts." in await shown(operator, f"{LIST}?state=cancelled")
    chinese = await shown(operator, LIST, language="zh")
    assert "联系人，按到来的先后" in chinese
    assert "Contacts" not in chinese
    assert "no campaign" in await shown(operator, "/campaigns/nothing/contacts", 404)
    await shown(operator, f"{LIST}?state=odd", 422)
    assert CAMPAIGN in await shown(operator, "/contacts")
    assert "/campaigns/march-checkup/import" in await shown(operator, "/contacts")  # only a file yet
    assert "/campaigns/march-checkup/contacts" not in await shown(operator, "/contacts")


async def test_one_contact_shows_each_decision_with_its_reason_and_facts(operator: aiohttp.ClientSession) -> None:
    refused = await (await operator.get(f"{LIST}?rule=consent_missing", headers=JSON)).json()
    one = refused["data"][0]
    path = f"/campaigns/{CAMPAIGN}/contact?external_id={one['external_id']}"
    text = await shown(operator, path)
    assert "there is no recorded consent" in text
    assert "This contact was not called yet." in text
    assert not WHOLE.search(text)
    decision = await shown(operator, f"/contacts/decisions/{one['last_decision_id']}")
    assert "consent_missing" in decision
    assert not WHOLE.search(decision)
    story = await (await operator.get(path, headers=JSON)).json()
    assert [len(story[name]) for name in ("decisions", "attempts", "recordings")] == [1, 0, 0]
    await shown(operator, "/contacts/decisions/999999", 404)
    await shown(operator, f"/campaigns/{CAMPAIGN}/contact?external_id={PLANTED}", 404)


async def test_a_search_by_number_is_noted_and_shows_no_number(operator: aiohttp.ClientSession, site: Site) -> None:
    looks = "SELECT count(*) FROM access_log WHERE reason = 'she wrote'"
    answer = await post(operator, "/contacts/search", number=number(3), reason="she wrote")
    text = await answer.text()
    assert (answer.status, counted(site, looks)) == (200, 1)
    assert "+99986…03" in text
    assert not WHOLE.search(text)
    for fields in ({"number": number(3)}, {"number": "12", "reason": "she wrote"}, {"reason": "she wrote"}):
        refused = await post(operator, "/contacts/search", **fields)
        assert refused.status == 422
        assert number(3) not in await refused.text()
    assert counted(site, looks) == 1
    found = await (await operator.get(f"/contacts?external_id={await first(operator)}", headers=JSON)).json()
    assert len(found["found"]) == 1


async def test_a_contact_gets_another_time_and_is_cancelled(operator: aiohttp.ClientSession, site: Site) -> None:
    found = await (await operator.get(f"{LIST}?rule=consent_missing", headers=JSON)).json()
    which = f"?external_id={found['data'][0]['external_id']}"
    at = f"/campaigns/{CAMPAIGN}/contact"
    assert "is ended" in await shown(operator, f"{at}/cancel{which}")
    assert (await post(operator, f"{at}/cancel{which}", reason=" ")).status == 422
    none = await post(operator, f"{at}/reschedule{which}", reason="she asked for it")
    assert (none.status, "give the new time" in await none.text()) == (422, True)
    odd = await post(operator, f"{at}/reschedule{which}", reason="she asked", not_before=PLANTED)
    assert (odd.status, PLANTED in await odd.text()) == (422, False)
    for verb, fields in (("reschedule", {"not_before": "2026-03-04T15:30:00+08:00"}), ("cancel", {})):
        asked = await post(operator, f"{at}/{verb}{which}", reason="she asked for it", **fields)
        assert asked.status == 303, await asked.text()
        site.run(answer_asks)
        assert "Done." in await shown(operator, asked.headers["Location"])
    assert "cancelled" in await shown(operator, f"{at}{which}")
    assert counted(site, "SELECT count(*) FROM contact WHERE state = 'cancelled'") == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COMPLIANCE, Role.ADMIN])
async def test_who_may_not_change_contacts_gets_no_button(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    which = f"?external_id={await first(http)}"
    text = await shown(http, f"/campaigns/{CAMPAIGN}/contact{which}")
    assert ("/cancel" in text, "/reschedule" in text) == (False, False)
    before = counted(site, "SELECT count(*) FROM ask")
    assert (await post(http, f"/campaigns/{CAMPAIGN}/contact/cancel{which}", reason="I want it")).status == 403
    assert counted(site, "SELECT count(*) FROM ask") == before


async def test_a_recording_is_heard_for_a_reason(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-supervisor")).status == 303
    one = kept(site, 21)
    found = await (await http.get("/campaigns/recorded/contacts", headers=JSON)).json()
    text = await shown(http, f"/campaigns/recorded/contact?external_id={found['data'][0]['external_id']}")
    assert f"/recordings/{one}/listen" in text
    assert (await post(http, f"/recordings/{one}/listen", reason="")).status == 422
    asked = await post(http, f"/recordings/{one}/listen", reason="complaint 7")
    assert asked.status == 303
    site.run(answer_asks)
    assert f'src="{asked.headers["Location"]}/sound"' in await shown(http, asked.headers["Location"])
    async with http.get(f"{asked.headers['Location']}/sound") as sound:
        assert (sound.status, sound.content_type, (await sound.read())[:4]) == (200, "audio/wav", b"RIFF")
    assert counted(site, "SELECT count(*) FROM access_log WHERE reason = 'complaint 7'") == 1
    await sign_in(http, "the-compliance")
    await shown(http, asked.headers["Location"], 422)  # of somebody else
    await sign_in(http, "the-operator")
    assert (await post(http, f"/recordings/{one}/listen", reason="I am curious")).status == 403


async def test_what_is_planted_in_any_field_only_shows(operator: aiohttp.ClientSession, site: Site) -> None:
    """The last test: of a contact that was called, and of a flow with its prompt."""
    site.run(plant)
    sources = []
    for path in PAGES:
        async with operator.get(path, headers=HTML) as answer:
            sources.append(await answer.text())
            assert (path, answer.status) == (path, 200)
        assert (path, "<script>window" in sources[-1], "<img src=x" in sources[-1]) == (path, False, False)
    texts = html.unescape("".join(sources))
    assert [one for one in FIELDS if planted(one) not in texts and quoted(one) not in texts] == []
