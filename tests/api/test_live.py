"""The stream of events and the metrics: nothing is missed, nobody hears what is not theirs, and many cost little."""

from __future__ import annotations

import asyncio
import json
import re
import resource
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agi_app.api.routes import BASE
from agi_app.model.actors import Role
from agi_app.operations.people import consents
from agi_app.operations.service import audit
from agi_app.store.service import events as sealed
from agi_app.store.service import figures
from tests.api.site import CAMPAIGN, Site

pytestmark = pytest.mark.postgres
READERS = 200
_labels = iter(range(1000))


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, str, dict[str, Any]]]:
    """Each event of a stream: its id, its kind and its data."""
    fields: dict[str, str] = {}
    async for raw in answer.content:
        line = raw.decode().rstrip("\n")
        if not line and "data" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


async def seal_one(site: Site) -> None:
    """Register a wording and seal it."""
    label = f"stream/{next(_labels)}"
    await asyncio.to_thread(site.run, lambda inst: consents.add_wording(inst, label, f"I agree, {label}."))
    await asyncio.to_thread(site.run, audit.checkpoint)


async def test_a_reader_hears_what_happens_and_goes_on_behind_its_last_event(
    http: aiohttp.ClientSession, site: Site
) -> None:
    path, headers = f"{BASE}/events?kinds=wording", site.headers(Role.VIEWER)
    async with asyncio.timeout(90):
        async with http.get(path, headers=headers) as answer:
            assert answer.headers["X-Accel-Buffering"] == "no"
            assert answer.content_type == "text/event-stream"
            await answer.content.readline()  # it is in the stream from here on
            await seal_one(site)
            last, kind, data = await anext(events(answer))
            assert last <= await asyncio.to_thread(site.run, lambda inst: sealed.newest(inst.store))
            assert (kind, data["leaf"], set(data)) == ("wording", last, {"leaf", "id"})
        await seal_one(site)
        await seal_one(site)
        async with http.get(path, headers=headers | {"Last-Event-ID": str(last)}) as answer:
            stream = events(answer)
            missed = [await anext(stream), await anext(stream)]
            assert [kind for _, kind, _ in missed] == ["wording", "wording"]
            await seal_one(site)
            after = await anext(stream)
            ids = [one for one, _, _ in (*missed, after)]
            assert ids == sorted(set(ids))
            assert ids[0] > last


async def test_nobody_hears_of_what_their_token_does_not_show(http: aiohttp.ClientSession, site: Site) -> None:
    heard: dict[Role, set[str]] = {}
    for role in (Role.VIEWER, Role.COMPLIANCE):
        async with http.get(f"{BASE}/events", headers=site.headers(role) | {"Last-Event-ID": "0"}) as answer:
            async with asyncio.timeout(90):
                stream = events(answer)
                heard[role] = {(await anext(stream))[1] for _ in range(20)}
    assert "action" in heard[Role.COMPLIANCE]
    assert not heard[Role.VIEWER] & {"action", "action_end", "access", "complaint"}
    async with http.get(f"{BASE}/events?kinds=nothing", headers=site.headers(Role.VIEWER)) as answer:
        assert answer.status == 422


async def test_an_event_that_there_is_not_yet_is_no_place_to_go_on_from(
    http: aiohttp.ClientSession, site: Site
) -> None:
    """Of another database, or from before a backup was restored: it would be silent for good. The newest is one."""
    newest = await asyncio.to_thread(site.run, lambda inst: sealed.newest(inst.store))
    for last, status in ((newest + 1, 400), (10**12, 400), (newest, 200), (0, 200)):
        headers = site.headers(Role.COMPLIANCE) | {"Last-Event-ID": str(last)}
        async with http.get(f"{BASE}/events", headers=headers) as answer:
            assert answer.status == status, last
            if status == 400:
                (fault,) = (await answer.json(content_type=None))["errors"]
                assert (fault["pointer"], str(newest) in fault["text"]) == ("Last-Event-ID", True)


async def test_many_readers_cost_little(http: aiohttp.ClientSession, site: Site) -> None:
    """Processor time of server and readers together, so that a busy machine does not matter."""
    token = site.headers(Role.SUPERVISOR)
    async with aiohttp.ClientSession(base_url=site.url, connector=aiohttp.TCPConnector(limit=0)) as many:
        readers = [await many.get(f"{BASE}/events?kinds=wording", headers=token) for _ in range(READERS)]
        for reader in readers:
            await reader.content.readline()
        await seal_one(site)
        streams = [events(reader) for reader in readers]
        async with asyncio.timeout(90):
            first = {(await anext(stream))[0] for stream in streams}
        assert len(first) == 1
        before = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.sleep(3)
        after = resource.getrusage(resource.RUSAGE_SELF)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        for reader in readers:
            reader.close()
    assert used < 1.5  # a third of a core idle would show that readers are served one by one


async def test_metrics_are_what_prometheus_reads_and_name_no_person(http: aiohttp.ClientSession, site: Site) -> None:
    async with http.get("/metrics") as answer:
        assert answer.status == 401
    async with http.get("/metrics", headers=site.headers(Role.VIEWER)) as answer:
        text = await answer.text()
    assert not re.search(r"\d{7,}\"", text)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    (kept,) = [one for one in site.run(lambda inst: figures.campaigns(inst.store)) if one.name == CAMPAIGN]
    assert found["agi_app_contacts", CAMPAIGN, "done"] == kept.contacts["done"] == 1
    assert found["agi_app_campaign_state", CAMPAIGN, "running"] == 1
    assert found["agi_app_contacts_refused", CAMPAIGN, "consent_missing"] == 3
    assert found["agi_app_audit_leaves",] > 10
    assert found["agi_app_webhook_queue", "1"] == found["agi_app_webhook_oldest_seconds", "1"] == 0
    assert found["agi_app_webhook_deliveries", "delivered"] == found["agi_app_webhook_deliveries", "no_answer"] == 0
    async with http.get("/metrics", headers=site.headers(Role.VIEWER)) as answer:
        again = await answer.text()
    assert 'agi_app_http_requests_total{code="401",method="GET",route="/metrics"}' in again
