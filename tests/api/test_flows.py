"""The files of flows and campaigns as they are, and calls through a flow that are only thought of."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.cli.project.simulate import _silent_talk
from agi_app.model.actors import Role
from agi_app.operations.project import simulations
from tests.api.site import CAMPAIGN, FLOW, Json, Site

pytestmark = pytest.mark.postgres


async def simulated(http: aiohttp.ClientSession, site: Site, flow: str = FLOW, **body: object) -> tuple[int, Json]:
    path = f"{BASE}/flows/{flow}/simulate"
    async with http.post(path, json={"inputs": []} | body, headers=site.headers(Role.VIEWER)) as answer:
        found: Json = await answer.json()
        return answer.status, found


async def fetched(http: aiohttp.ClientSession, site: Site, path: str) -> tuple[int, str, bytes]:
    async with http.get(BASE + path, headers=site.headers(Role.VIEWER)) as answer:
        return answer.status, answer.content_type, await answer.read()


def rows(site: Site) -> list[int]:
    tables = ("action", "ask", "decision", "attempt", "result", "access_log", "api_answer", "suppression")
    query = " UNION ALL ".join(f"SELECT count(*)::int AS n FROM {table}" for table in tables)

    async def count() -> list[int]:
        return [row["n"] for row in await site.inst.store.records(query)]

    return site.run(lambda _: count())


async def test_a_call_that_is_only_thought_of(http: aiohttp.ClientSession, site: Site) -> None:
    before = rows(site)
    status, found = await simulated(
        http, site, inputs=["1"], language="en", contact={"name": "Ann", "time": "09:30"}, now="2026-03-02 18:30"
    )
    assert (status, found["not_understood"], found["opted_out"]) == (200, False, False)
    first, second = found["turns"][:2]
    assert (first["input"], second["input"], first["flow"]) == (None, "1", FLOW)
    assert first["heard"][0]["text"]
    assert found["disposition"] == "confirmed"
    assert rows(site) == before


async def test_a_key_to_stop_and_an_input_that_is_none(http: aiohttp.ClientSession, site: Site) -> None:
    before = rows(site)
    _, found = await simulated(http, site, inputs=["*9", "silence"])
    assert found["opted_out"] is True
    _, found = await simulated(http, site, inputs=["?!"])
    assert found["not_understood"] is True
    assert rows(site) == before


async def test_it_is_the_same_call_as_on_the_command_line(http: aiohttp.ClientSession, site: Site) -> None:
    inputs = ["listen", "2", "silence"]
    _, found = await simulated(http, site, inputs=inputs, language="en")
    simulation, _ = simulations.begin(site.inst.settings.project, FLOW, language="en")
    told = json.loads(json.dumps(_silent_talk(simulation, inputs)))
    said = [
        line
        for turn in found["turns"]
        for line in (*([] if turn["input"] is None else [f"> {turn['input']}"]), *turn["lines"])
    ]
    assert (said, found["answers"], found["disposition"]) == (told["call"], told["answers"], told["disposition"])
    assert [one["prompt"] for turn in found["turns"] for one in turn["heard"]] == told["heard"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"language": "fr"}, 422),
        ({"now": "2026-02-31 10:00"}, 422),
        ({"now": "noon"}, 400),
        ({"inputs": ["1"] * 201}, 400),
        ({"inputs": ["1\n2"]}, 400),
        ({"inputs": [1]}, 400),
        ({"contact": "contacts.csv:2"}, 400),  # no file of the node is read
    ],
)
async def test_a_call_that_cannot_be_thought_of(
    http: aiohttp.ClientSession, site: Site, body: Json, status: int
) -> None:
    assert (await simulated(http, site, **body))[0] == status


async def test_a_flow_that_is_not_there_or_cannot_be_read(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await simulated(http, site, "no-such"))[0] == 404
    assert (await fetched(http, site, "/flows/no-such"))[0] == 404
    broken = site.inst.settings.project / "flows" / "broken.yaml"
    broken.write_text("flow: broken\nnodes: [\n", encoding="utf-8")
    try:
        status, found = await simulated(http, site, "broken")
        assert (status, found["errors"][0]["pointer"].split(":")[0]) == (422, "flows/broken.yaml")
        assert (await fetched(http, site, "/flows/broken"))[2] == broken.read_bytes()
    finally:
        broken.unlink()


async def test_files_come_as_they_are(http: aiohttp.ClientSession, site: Site) -> None:
    folder: Path = site.inst.settings.project
    written = (folder / "flows" / "checkup.yaml").read_bytes()
    assert await fetched(http, site, f"/flows/{FLOW}") == (200, "application/yaml", written)
    written = (folder / "campaigns" / f"{CAMPAIGN}.yaml").read_bytes()
    assert await fetched(http, site, f"/campaigns/{CAMPAIGN}/text") == (200, "application/yaml", written)
    assert (await fetched(http, site, "/campaigns/no-such/text"))[0] == 404
    assert (await fetched(http, site, "/flows/checkup"))[0] == 404  # the name of a file whose flow is called otherwise
    for away in ("/flows/..%2Fagi-app", "/campaigns/..%2F..%2Fagi-app/text", "/flows/.hidden"):
        assert (await fetched(http, site, away))[0] == 404
