"""Agents by the API: what workers see of them and the calls for them; no number, and nothing that nobody knows."""

from __future__ import annotations

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.config.destinations import DestinationSettings
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.store.calling import nodes
from agi_app.store.requested_calls import agent_calls
from tests.api.site import CAMPAIGN, Json, Site

pytestmark = pytest.mark.postgres
GIVEN = {
    "desk": {"queue": "front-desk", "wrap_up": 10},
    "doctors": {"agents": ["PJSIP/a", "PJSIP/b"], "shared": False},
    "porter": {"endpoint": "PJSIP/+8613800138000@carrier-a"},
    "room": {"endpoint": "PJSIP/100"},
}


@pytest.fixture(autouse=True)
def destinations(site: Site) -> None:
    site.inst.settings.__dict__["destinations"] = {n: DestinationSettings.model_validate(g) for n, g in GIVEN.items()}


async def shown(http: aiohttp.ClientSession, site: Site, path: str) -> tuple[int, Json]:
    async with http.get(BASE + path, headers=site.headers(Role.VIEWER)) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_without_a_worker_nothing_is_said_about_who_is_free(http: aiohttp.ClientSession, site: Site) -> None:
    status, found = await shown(http, site, "/agents")
    assert status == 200
    told = [(one["name"], one["kind"], one["telephones"], one["wrap_up_s"], one["shared"]) for one in found["data"]]
    assert told == [
        ("desk", "queue", None, 10.0, True),
        ("doctors", "list", 2, 0.0, False),
        ("porter", "by_trunk", 1, 0.0, True),
        ("room", "telephone", 1, 0.0, True),
    ]
    assert all(one["seen"] == [] and set(one["calls"].values()) == {0} for one in found["data"])
    assert "13800138000" not in str(found)
    assert (await shown(http, site, "/agents/nobody"))[0] == 404


async def test_each_worker_that_lives_tells_what_it_sees(http: aiohttp.ClientSession, site: Site) -> None:
    async def beats(inst: Installation) -> None:
        seen = {"desk": {"free": 2, "busy": 1, "wrap_up_s": 10.0}, "doctors": {"unknown": "Asterisk was not asked yet"}}
        for name in ("one", "gone"):
            await nodes.register_node(inst.store, name, name)
            await nodes.beat(inst.store, name, 0, flushed=True, agents=seen)  # type: ignore[arg-type]
        query = "UPDATE node SET seen_at = now() - interval '1 min' WHERE entityid = 'gone'"
        await inst.store.execute(query)

    site.run(beats)
    _, desk = await shown(http, site, "/agents/desk")
    assert [(one["worker"], one["free"], one["busy"], one["unknown"]) for one in desk["seen"]] == [("one", 2, 1, None)]
    _, doctors = await shown(http, site, "/agents/doctors")
    assert [(one["free"], one["unknown"]) for one in doctors["seen"]] == [(None, "Asterisk was not asked yet")]
    assert (await shown(http, site, "/agents/room"))[1]["seen"] == []


async def test_the_calls_for_them_that_are_not_over_are_counted(http: aiohttp.ClientSession, site: Site) -> None:
    async def calls(inst: Installation) -> None:
        query = "SELECT array_agg(attempt_id ORDER BY attempt_id) FROM attempt WHERE state <> 'ended'"
        ids = await inst.store.value(list, query) or []
        assert len(ids) >= 3
        times = ("", ", answered_at = now()", ", answered_at = now(), met_at = now()")
        for attempt, more in zip(ids, times, strict=False):
            await inst.store.execute(f"UPDATE attempt SET agents = 'desk'{more} WHERE attempt_id = '{attempt}'")
        contact = await inst.store.value(int, "SELECT min(contact_id)::integer FROM contact") or 0
        await agent_calls.request(inst.store, CAMPAIGN, contact, "desk", "anna")
        over = await agent_calls.request(inst.store, CAMPAIGN, contact, "desk", "anna")
        await inst.store.execute(
            f"UPDATE agent_call SET state = 'ended', result = 'expired' WHERE agent_call_id = {over}"
        )

    site.run(calls)
    _, desk = await shown(http, site, "/agents/desk")
    assert desk["calls"] == {"under_way": 1, "waiting": 1, "talking": 1, "asked": 1}
    assert set((await shown(http, site, "/agents/room"))[1]["calls"].values()) == {0}
