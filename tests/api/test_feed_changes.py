"""A feed by requests: started with a second person, read, paused and ended, by a worker and never by the service."""

from __future__ import annotations

import asyncio
import dataclasses

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.config.feeds import FeedSettings
from agi_app.consent.account_secrets import workers_key
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role, Scope
from agi_app.operations.service import accounts
from agi_app.store.calling import approvals
from agi_app.store.feeds import runs
from tests.api.site import CAMPAIGN, FEED, Json, Site, token_of
from tests.api.test_asked_changes import ended, seen, service, work
from tests.api.test_writing import rows, sent

pytestmark = pytest.mark.postgres
SECRET = "correct horse battery"
ASKS, RUNS = f"/feeds/{FEED}/asks", f"/feeds/{FEED}/runs"
SHRUNK = f"""
WITH made AS (
    INSERT INTO feed_run (feed, state, result, ended_at)
    VALUES ('{FEED}', 'refused', '{{"missing": 5}}', now()) RETURNING run_id
) SELECT count(*)::int FROM made
"""
WHY = "the clinic's list"


@pytest.fixture
def known(site: Site) -> Site:
    """The settings have the feed, `agi-app exchange` reads it, and two people have secrets."""

    async def set_up(inst: Installation) -> None:
        assert inst.key is not None
        (inst.settings.project / "out").mkdir(exist_ok=True)
        feed = FeedSettings.model_validate({"campaign": CAMPAIGN, "folder": "out", "most_a_day": 50})
        inst.settings.__dict__["feeds"] = {FEED: feed}
        await approvals.keep_key(inst.store, workers_key(inst.key).public_key().public_bytes_raw())
        for role in (Role.OPERATOR, Role.COMPLIANCE):
            who = Actor(f"the-{role.value}", frozenset({role}), "cli")
            await accounts.set_own_secret(dataclasses.replace(inst, actor=who), SECRET)
        await inst.store.execute("UPDATE feed SET state = 'ended' WHERE state <> 'new'")
        await runs.looked(inst.store, FEED, "exchange")

    site.run(set_up)
    return site


async def asked(
    http: aiohttp.ClientSession, site: Site, body: Json, role: Role = Role.OPERATOR, path: str = ASKS
) -> int:
    status, made = await sent(http, site, {"reason": WHY} | body, role, path=path)
    assert status == 202, made
    return int(made["ask"])


async def state(http: aiohttp.ClientSession, site: Site) -> str:
    return str((await seen(http, site, f"/feeds/{FEED}"))["state"])


async def started(http: aiohttp.ClientSession, site: Site) -> None:
    assert await ended(http, site, await asked(http, site, {"verb": "start"})) == ("done", None)
    request = (await seen(http, site, f"/feeds/{FEED}"))["request"]
    if request is not None:  # a paused one goes on by what was approved
        body = {"request": request, "secret": SECRET}
        status, made = await sent(http, site, body, Role.COMPLIANCE, path=f"/feeds/{FEED}/approvals")
        assert status == 202
        await asyncio.to_thread(work, site)
        assert (await seen(http, site, f"/approvals/asks/{made['ask']}", Role.COMPLIANCE))["state"] == "done"
    assert await state(http, site) == "started"


async def test_a_start_waits_for_a_worker_and_then_for_a_second_person(
    http: aiohttp.ClientSession, known: Site
) -> None:
    ask = await asked(http, known, {"verb": "start"})
    assert await state(http, known) == "new"
    assert rows(known, "SELECT count(*) FROM feed_request") == 0, "the service starts nothing"
    assert await ended(http, known, ask) == ("done", None)
    found = await seen(http, known, f"/asks/{ask}")
    assert found["note"] == "it waits for a second person, as request 1"
    assert await state(http, known) == "new"
    wanted = await seen(http, known, f"/feeds/{FEED}/request", Role.COMPLIANCE)
    assert (wanted["request"], wanted["asked_by"], wanted["campaign"]) == (1, "the-operator", CAMPAIGN)
    assert (wanted["source"], wanted["most_a_day"]) == ("folder out", 50)
    path = f"/feeds/{FEED}/approvals"
    for request, secret, role, status in (
        (1, SECRET, Role.OPERATOR, 403),
        (7, SECRET, Role.COMPLIANCE, 422),
        (1, SECRET, Role.VIEWER, 403),
    ):
        assert (await sent(http, known, {"request": request, "secret": secret}, role, path=path))[0] == status
    _, wrong = await sent(http, known, {"request": 1, "secret": "wrong horse battery"}, Role.COMPLIANCE, path=path)
    await asyncio.to_thread(work, known)
    assert (await seen(http, known, f"/approvals/asks/{wrong['ask']}", Role.COMPLIANCE))["state"] == "refused"
    assert await state(http, known) == "new"
    await started(http, known)
    assert (await seen(http, known, f"/asks/{ask}"))["note"] == "request 1 for a second person no longer waits"
    listed = await seen(http, known, ASKS)
    assert [(one["verb"], one["account"], one["reason"]) for one in listed["data"]][-1] == (
        "start",
        "the-operator",
        WHY,
    )


async def test_nobody_approves_their_own(http: aiohttp.ClientSession, known: Site) -> None:
    known.inst.settings.feeds[FEED].__dict__["most_a_day"] = 60
    ask = await asked(http, known, {"verb": "start"}, Role.SUPERVISOR)
    assert await ended(http, known, ask) == ("done", None)
    request = (await seen(http, known, f"/feeds/{FEED}"))["request"]
    body = {"request": request, "secret": SECRET}
    status, problem = await sent(http, known, body, Role.SUPERVISOR, path=f"/feeds/{FEED}/approvals")
    assert status == 422
    assert "another person approves it" in problem["detail"]


async def test_it_is_read_at_once_paused_and_ended(http: aiohttp.ClientSession, known: Site) -> None:
    await started(http, known)
    ask = await asked(http, known, {}, path=RUNS)
    assert rows(known, "SELECT count(*) FROM feed_run WHERE what = 'run'") == 0
    assert await ended(http, known, ask) == ("done", None)
    (run,) = (await seen(http, known, RUNS))["data"]
    assert run["state"] == "wanted"
    assert (await seen(http, known, f"/asks/{ask}"))["note"] == f"it is run {run['run']} of the feed"
    assert rows(known, "SELECT count(*) FROM feed_run WHERE what = 'run' AND confirmed") == 0
    twice = await asked(http, known, {}, path=RUNS)
    assert (await ended(http, known, twice))[0] == "refused"
    pause = await asked(http, known, {"verb": "pause"}, Role.COMPLIANCE)
    assert await ended(http, known, pause) == ("done", None)
    assert await state(http, known) == "paused"
    refused, told = await ended(http, known, await asked(http, known, {}, path=RUNS))
    assert (refused, "is paused" in (told or "")) == ("refused", True)
    await started(http, known)
    refused, told = await ended(http, known, await asked(http, known, {"confirmed": True}, path=RUNS))
    assert (refused, "there is nothing to confirm" in (told or "")) == ("refused", True)
    assert rows(known, SHRUNK) == 1
    assert await ended(http, known, await asked(http, known, {"confirmed": True}, path=RUNS)) == ("done", None)
    assert rows(known, "SELECT count(*) FROM feed_run WHERE what = 'run' AND confirmed AND asked_by = 'the-operator'")
    known.run(lambda inst: inst.store.execute(f"UPDATE campaign SET state = 'running' WHERE name = '{CAMPAIGN}'"))
    assert await ended(http, known, await asked(http, known, {"verb": "end"})) == ("done", None)
    assert await state(http, known) == "ended"
    assert rows(known, "SELECT count(*) FROM campaign WHERE state = 'running'") == 0, "somebody decides to go on"


async def test_a_pause_comes_before_a_start_that_waits(http: aiohttp.ClientSession, known: Site) -> None:
    await started(http, known)
    start = await asked(http, known, {"verb": "start"})
    await asked(http, known, {"verb": "pause"})
    refused, told = await ended(http, known, start)
    assert (refused, "asked to pause" in (told or "")) == ("refused", True)
    assert await state(http, known) == "paused"
    assert await ended(http, known, await asked(http, known, {"verb": "end"})) == ("done", None)


async def test_each_verb_takes_its_own_right(http: aiohttp.ClientSession, known: Site) -> None:
    pausing = await asyncio.to_thread(known.run, lambda inst: token_of(inst, Role.OPERATOR, Scope.CAMPAIGNS_PAUSE))
    importing = await asyncio.to_thread(known.run, lambda inst: token_of(inst, Role.OPERATOR, Scope.CONTACTS_IMPORT))
    for token, path, body, status in (
        (pausing, ASKS, {"verb": "pause"}, 202),
        (pausing, ASKS, {"verb": "start"}, 403),
        (pausing, ASKS, {"verb": "end"}, 403),
        (pausing, RUNS, {}, 403),
        (importing, RUNS, {}, 202),
        (importing, ASKS, {"verb": "pause"}, 403),
        (pausing, "/feeds/no-such/asks", {"verb": "pause"}, 404),
        (importing, "/feeds/no-such/runs", {}, 404),
        (importing, RUNS, {"reason": " "}, 400),
        (pausing, ASKS, {"verb": "approve"}, 400),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(BASE + path, json={"reason": WHY} | body, headers=headers) as answer:
            assert answer.status == status, (path, body)
    start = await asked(http, known, {"verb": "start"}, path="/feeds/no-such/asks")
    assert (await ended(http, known, start))[0] == "refused", "the settings have none: a worker says so"


@pytest.mark.attack("a service that was taken over starts a feed, or has one read that would cancel many")
async def test_the_service_alone_starts_no_feed_and_has_none_read(http: aiohttp.ClientSession, known: Site) -> None:
    def forged(verb: str, parameters: str = "{}") -> int:
        service(
            known,
            f"SELECT add_ask('feed', '{verb}', '{FEED}', '{parameters}', 'the-operator', '{{operator}}', NULL, 'api',"
            " NULL, NULL, 'because', NULL, NULL)",
        )
        return rows(known, "SELECT max(ask_id) FROM ask")

    before = rows(known, "SELECT count(*) FROM feed_request"), rows(known, "SELECT count(*) FROM feed_run")
    for verb, parameters in (("start", "{}"), ("run", '{"confirmed": true}'), ("end", "{}"), ("pause", "{}")):
        refused, told = await ended(http, known, forged(verb, parameters))
        assert (refused, "token" in (told or "")) == ("refused", True), verb
    assert (rows(known, "SELECT count(*) FROM feed_request"), rows(known, "SELECT count(*) FROM feed_run")) == before
