"""Previews by a worker, and starts that stand on one."""

from __future__ import annotations

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.model.actors import Role, Scope
from tests.api.site import CAMPAIGN, Json, Site, answer_asks, token_of

pytestmark = pytest.mark.postgres
OPERATOR = Role.OPERATOR
PREVIEW, ASKS = f"/campaigns/{CAMPAIGN}/preview", f"/campaigns/{CAMPAIGN}/asks"


async def post(
    http: aiohttp.ClientSession, site: Site, path: str, body: object = None, **more: str
) -> tuple[int, Json]:
    content = {} if body is None else {"json": body}
    async with http.post(BASE + path, headers=site.headers(OPERATOR) | more, **content) as answer:  # type: ignore[arg-type]
        found: Json = await answer.json()
        return answer.status, found


async def get(http: aiohttp.ClientSession, site: Site, path: str) -> Json:
    async with http.get(BASE + path, headers=site.headers(OPERATOR)) as answer:
        found: Json = await answer.json()
        return found


async def previewed(http: aiohttp.ClientSession, site: Site, **more: str) -> int:
    status, found = await post(http, site, PREVIEW, **more)
    assert status == 202
    site.run(answer_asks)
    return int(found["ask"])


async def start(http: aiohttp.ClientSession, site: Site, preview: int, verb: str = "start") -> Json:
    """A start that stands on a preview, as the worker answered it."""
    status, found = await post(http, site, ASKS, {"verb": verb, "reason": "as planned", "preview": preview})
    if status != 202:
        return found
    site.run(answer_asks)
    return await get(http, site, f"/asks/{found['ask']}")


def execute(site: Site, query: str) -> None:
    site.run(lambda inst: inst.store.execute(query))


async def test_a_preview_has_the_figures_and_nobody_in_it(http: aiohttp.ClientSession, site: Site) -> None:
    before = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM decision"))
    _, asked = await post(http, site, PREVIEW)
    assert (await get(http, site, f"/previews/{asked['ask']}"))["preview"] is None
    site.run(answer_asks)
    found = await get(http, site, f"/previews/{asked['ask']}")
    shown = found["preview"]
    assert (found["state"], shown["campaign"]) == ("done", CAMPAIGN)
    four = shown["allowed"] + shown["later_today"] + shown["later"] + shown["never"]
    assert (four, shown["refused"]) == (shown["waiting"], shown["waiting"] - shown["allowed"])
    assert shown["by_rule"]["consent_missing"] == 3
    assert "judged as campaigns/checkup.yaml is now" in shown["note"]
    assert "row-" not in str(found)
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM decision")) == before


async def test_what_a_preview_says_is_in_the_language_of_who_asks(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await previewed(http, site, **{"Accept-Language": "zh"})
    found = (await get(http, site, f"/previews/{ask}"))["preview"]
    assert "campaigns/checkup.yaml" in found["note"]
    assert not found["note"].startswith("judged")


async def test_a_start_on_a_new_preview_goes_on_to_all_else_that_a_start_needs(
    http: aiohttp.ClientSession, site: Site
) -> None:
    found = await start(http, site, await previewed(http, site))
    assert (found["state"], "has no ownership proof" in found["told"]) == ("refused", True)


async def test_a_start_on_a_preview_that_is_too_old_is_refused(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await previewed(http, site)
    later = "UPDATE ask_answer SET answered_at = answered_at - interval '{}' WHERE ask_id = " + str(ask)
    loose = "ALTER TABLE ask_answer {} TRIGGER ask_answer_append_only"
    execute(site, loose.format("DISABLE"))
    execute(site, later.format("14 minutes"))
    assert "preview" not in (await start(http, site, ask))["told"]
    execute(site, later.format("2 minutes"))
    execute(site, loose.format("ENABLE"))
    assert (await start(http, site, ask))["told"] == (
        "the preview is more than a quarter of an hour old; look again, then start"
    )


async def test_a_start_is_refused_when_the_figures_changed(http: aiohttp.ClientSession, site: Site) -> None:
    ask = await previewed(http, site)
    waiting = (await get(http, site, f"/previews/{ask}"))["preview"]["waiting"]
    execute(site, "UPDATE contact SET state = 'done', due_at = 'infinity' WHERE external_id = 'row-8'")
    found = await start(http, site, ask)
    assert found["state"] == "refused"
    assert f"waiting {waiting} → {waiting - 1}" in found["told"]
    assert found["told"].startswith("it is no longer as the preview showed it")


async def test_a_start_names_a_preview_of_its_campaign_alone(http: aiohttp.ClientSession, site: Site) -> None:
    for other in (1, 4, 999_999):  # a pause, an import, nothing
        found = await start(http, site, other)
        assert found["told"] == f"there is no preview {other} of {CAMPAIGN}"
    assert (await start(http, site, 5, "pause"))["type"] == "urn:agi-app:refused"


async def test_a_preview_takes_a_token_that_the_worker_verifies(http: aiohttp.ClientSession, site: Site) -> None:
    token = site.run(lambda inst: token_of(inst, OPERATOR, Scope.CAMPAIGNS_DRAFT))
    _, asked = await post(http, site, PREVIEW, Authorization=f"Bearer {token}")
    site.run(answer_asks)
    assert (await get(http, site, f"/previews/{asked['ask']}"))["state"] == "done"
    _, late = await post(http, site, PREVIEW, Authorization=f"Bearer {token}")
    execute(site, f"UPDATE api_token SET expires_at = now() - interval '1 s' WHERE token_id = '{token.split('_')[1]}'")
    site.run(answer_asks)
    found = await get(http, site, f"/previews/{late['ask']}")
    assert (found["state"], found["preview"]) == ("refused", None)


async def test_what_is_not_there(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await post(http, site, "/campaigns/no-such/preview"))[0] == 404
    assert (await get(http, site, "/previews/1"))["status"] == 404
