"""Follow-ups by the API: an ask, which a worker does by the same rules as the command, and counts without numbers."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.installation import Installation
from agi_app.model.actors import Role, Scope
from agi_app.model.call import CallResult, Outcome
from agi_app.model.campaign import Purpose
from tests.api.site import CAMPAIGN, Json, Site, answer_asks, token_of
from tests.store.world import World, campaign

pytestmark = pytest.mark.postgres
PATH = f"{BASE}/campaigns/{CAMPAIGN}/follow-ups"
LATER = 'disposition == "later"'


@pytest.fixture(scope="module", autouse=True)
def former(site: Site) -> None:
    """A campaign of the same purpose, and one of another, in which people were called."""

    async def call(inst: Installation) -> None:
        world = World(inst.store)
        wanted = await world.running(campaign("winter"), range(70, 75))
        for claimed in (await world.claim(wanted, 4)).claims:
            n = int(claimed.number[-2:])
            result = CallResult(Outcome.REJECTED) if n == 72 else CallResult(Outcome.HUMAN, disposition="later")
            await world.call(claimed, result)
        await world.running(campaign("adverts", purpose=Purpose.MARKETING), [90])

    site.run(call)


async def posted(http: aiohttp.ClientSession, site: Site, body: Json, query: str = "", **more: str) -> tuple[int, Json]:
    """What a request for a follow-up is answered."""
    headers = site.headers(Role.OPERATOR) | more
    async with http.post(PATH + query, json=body, headers=headers) as answer:
        found: Json = await answer.json()
        return answer.status, found


async def done(http: aiohttp.ClientSession, site: Site, given: tuple[int, Json]) -> Json:
    """The answer of the ask once a worker was there."""
    assert given[0] == 202, given
    site.run(answer_asks)
    headers = site.headers(Role.OPERATOR)
    async with http.get(f"{BASE}/follow-ups/asks/{given[1]['ask']}", headers=headers) as answer:
        found: Json = await answer.json()
    assert "+999861380" not in str(found)
    return found


def contacts(site: Site) -> int:
    """How many contacts the campaign has."""
    query = f"SELECT count(*) FROM contact WHERE campaign = '{CAMPAIGN}'"
    return int(site.run(lambda inst: inst.store.value(int, query)) or 0)


async def test_a_dry_run_says_who_would_be_taken_and_stores_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    before = contacts(site)
    wanted = {"from_campaign": "winter", "where": "attempts > 0 or not attempts"}
    found = await done(http, site, await posted(http, site, wanted, "?dry_run=true"))
    assert (found["state"], found["verb"], found["object"]) == ("done", "follow_up_check", CAMPAIGN)
    counts = {name: found[name] for name in ("contacts", "matched", "there", "chosen", "added", "rejected")}
    assert counts == {"contacts": 5, "matched": 5, "there": 0, "chosen": 3, "added": 0, "rejected": 0}
    assert found["left_out"] == {"declined": 1, "waiting": 1}
    assert contacts(site) == before


async def test_a_worker_adds_them_for_the_account_that_asked(http: aiohttp.ClientSession, site: Site) -> None:
    before = contacts(site)
    wanted = {"from_campaign": "winter", "where": LATER}
    found = await done(http, site, await posted(http, site, wanted))
    assert (found["state"], found["matched"], found["added"], found["errors"]) == ("done", 3, 3, [])
    assert contacts(site) == before + 3
    again = await done(http, site, await posted(http, site, wanted))
    assert (again["there"], again["added"]) == (3, 0)
    by = site.run(
        lambda inst: inst.store.records(
            "SELECT account, from_campaign FROM import_file JOIN follow_up USING (import_id)"
        )
    )
    assert [tuple(row.values()) for row in by] == [("the-operator", "winter")]
    headers = site.headers(Role.COMPLIANCE)
    async with http.get(f"{BASE}/reports/imports", headers=headers) as answer:
        rows: list[Any] = (await answer.json())["data"]
    assert [(row["from_campaign"], row["condition"]) for row in rows if row["from_campaign"]] == [("winter", LATER)]


async def test_what_is_wrong_is_told_at_once(http: aiohttp.ClientSession, site: Site) -> None:
    """Before anything is kept: a faulty condition, another purpose, no such campaign, no body that fits."""
    asks = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM ask"))
    for body, status, told in (
        ({"from_campaign": "winter", "where": "dispositon"}, 422, "at character 1 of the condition"),
        ({"from_campaign": "wintr", "where": LATER}, 404, "did you mean"),
        (
            {"from_campaign": "adverts", "where": LATER},
            422,
            "adverts is for marketing calls and checkup for transactional",
        ),
        ({"from_campaign": CAMPAIGN, "where": LATER}, 422, "cannot follow up itself"),
        ({"from_campaign": "../winter", "where": LATER}, 400, "from_campaign"),
        ({"from_campaign": "winter"}, 400, "where"),
        ({"from_campaign": "winter", "where": LATER, "numbers": ["+8613800138000"]}, 400, "numbers"),
    ):
        answered = await posted(http, site, body)
        assert (answered[0], told in str(answered[1])) == (status, True), answered
    chinese = await posted(http, site, {"from_campaign": "winter", "where": "x"}, **{"Accept-Language": "zh"})
    assert "条件的第 1 个字符" in str(chinese[1])
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM ask")) == asks


async def test_an_import_is_not_shown_as_a_follow_up_nor_the_other_way_round(
    http: aiohttp.ClientSession, site: Site
) -> None:
    status, asked = await posted(http, site, {"from_campaign": "winter", "where": LATER}, "?dry_run=true")
    assert status == 202
    imported = site.run(lambda inst: inst.store.value(int, "SELECT min(ask_id) FROM ask WHERE verb = 'check'"))
    for path, expected in (
        (f"follow-ups/asks/{asked['ask']}", 200),
        (f"contacts/asks/{asked['ask']}", 404),
        (f"follow-ups/asks/{imported}", 404),
        (f"contacts/asks/{imported}", 200),
    ):
        async with http.get(f"{BASE}/{path}", headers=site.headers(Role.OPERATOR)) as answer:
            assert answer.status == expected, path


@pytest.mark.attack("a follow-up is asked for without a token that may import")
async def test_a_worker_wants_a_token_that_may_import(http: aiohttp.ClientSession, site: Site) -> None:
    """The service cannot make one up, and another scope is not enough."""
    narrow = site.run(lambda inst: token_of(inst, Role.OPERATOR, Scope.FIGURES_READ))
    status, _ = await posted(http, site, {"from_campaign": "winter", "where": LATER}, Authorization=f"Bearer {narrow}")
    assert status == 403
    before = contacts(site)
    query = (
        'SELECT add_ask(\'contacts\', \'follow_up\', \'checkup\', \'{"from": "winter", "where": "attempts == 0",'
        " \"language\": \"en\"}', 'the-operator', '{operator}', NULL, 'api', NULL, NULL, 'x', NULL, NULL) AS ask"
    )
    forged = site.run(lambda inst: inst.store.value(int, query))
    site.run(answer_asks)
    state = site.run(lambda inst: inst.store.value(str, f"SELECT state FROM ask_answer WHERE ask_id = {forged}"))
    assert (state, contacts(site)) == ("refused", before)
