"""What is asked for by requests and done by a worker: the guard's lists, the pause, calls for agents and rehearsals."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import aiohttp
import psycopg
import pytest

from agi_app import asked
from agi_app.api.routes import BASE
from agi_app.config.destinations import DestinationSettings
from agi_app.dialer.worker.asks import Asks
from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.store.calling import pauses
from agi_app.store.database import service_rights
from tests.api.generated_seed import agents_campaign, own_phone, screened_call
from tests.api.site import Json, Site
from tests.api.test_writing import rows, sent
from tests.store.world import World, campaign, number

pytestmark = pytest.mark.postgres
BLOCKED = "+999861390000077"


async def nothing(*_: Any) -> None:
    """No stop is kept here."""


def work(site: Site, inst: Installation | None = None) -> None:
    """A worker answers every ask that waits."""

    async def go(served: Installation) -> None:
        acting = inst or served
        await Asks(
            served.store, "node-1", nothing, partial(asked.prepare, acting), partial(asked.do, acting)
        ).take_all()

    site.run(go)


async def changed(
    http: aiohttp.ClientSession, site: Site, method: str, path: str, role: Role, body: object = None, **more: str
) -> tuple[int, Json]:
    headers = site.headers(role) | {"If-Match": "*"} | more
    async with http.request(method, BASE + path, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def seen(http: aiohttp.ClientSession, site: Site, path: str, role: Role = Role.OPERATOR) -> Json:
    async with http.get(BASE + path, headers=site.headers(role)) as answer:
        found: Json = await answer.json()
        return found


async def ended(
    http: aiohttp.ClientSession, site: Site, ask: int, role: Role = Role.OPERATOR
) -> tuple[str, str | None]:
    """How an ask ended once a worker has looked at it."""
    await asyncio.to_thread(work, site)
    found = await seen(http, site, f"/asks/{ask}", role)
    return found["state"], found["told"]


def service(site: Site, statement: str) -> None:
    """As somebody does who runs code in the service."""
    url = psycopg.conninfo.make_conninfo(site.inst.settings.database_url, user=service_rights.CONSOLE.name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


async def test_a_number_is_blocked_and_taken_off_again(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"pattern": BLOCKED, "reason": "it rings at night"}
    status, asked_for = await sent(http, site, given, path="/guard/lists")
    assert status == 202
    assert rows(site, "SELECT count(*) FROM guard_list WHERE pattern LIKE '%77'") == 0  # only asked for
    assert await ended(http, site, asked_for["ask"]) == ("done", None)
    (entry,) = [one for one in (await seen(http, site, "/guard/lists"))["data"] if one["reason"] == given["reason"]]
    assert (entry["pattern"], entry["allow"], entry["entered_by"]) == ("+99986…77", False, "the-operator")
    left = "SELECT count(*) FROM guard_list WHERE expires_at - entered_at = interval '90 days' AND pattern LIKE '%77'"
    assert rows(site, left) == 1
    assert rows(site, f"SELECT count(*) FROM ask k WHERE k::text LIKE '%{BLOCKED}%'") == 0
    path = f"/guard/lists/{entry['entry_id']}"
    status, removed = await changed(http, site, "DELETE", path + "?reason=a+mistake", Role.OPERATOR)
    assert status == 202
    assert await ended(http, site, removed["ask"]) == ("done", None)
    async with http.get(BASE + path, headers=site.headers(Role.OPERATOR)) as answer:
        assert answer.status == 404
    told = "SELECT count(*) FROM guard_change WHERE what = 'unlisted' AND entered_by = 'the-operator'"
    assert rows(site, told) == 1


async def test_what_is_no_number_is_refused_at_once(http: aiohttp.ClientSession, site: Site) -> None:
    for pattern in ("+9998", "abc", "--"):
        status, _ = await sent(http, site, {"pattern": pattern, "reason": "it rings"}, path="/guard/lists")
        assert status == 422, pattern
    assert (await sent(http, site, {"pattern": BLOCKED, "reason": "why"}, Role.VIEWER, path="/guard/lists"))[0] == 403


async def test_a_line_is_set_and_an_appeal_is_noted(http: aiohttp.ClientSession, site: Site) -> None:
    change = {"level": "low", "reason": "the shop wants it"}
    status, made = await changed(http, site, "PATCH", "/guard/lines/100", Role.OPERATOR, change)
    assert status == 202
    assert (await seen(http, site, "/guard/lines/100"))["level"] == "strict"
    assert await ended(http, site, made["ask"]) == ("done", None)
    assert (await seen(http, site, "/guard/lines/100"))["level"] == "low"
    assert (await changed(http, site, "PATCH", "/guard/lines/100", Role.OPERATOR, {"reason": "none"}))[0] == 422
    status, _ = await sent(http, site, {"call": "none", "nuisance": False, "reason": "mine"}, path="/guard/votes")
    assert status == 422
    await asyncio.to_thread(site.run, screened_call)
    vote = {"call": "c-1.7", "nuisance": False, "reason": "my doctor"}
    status, made = await sent(http, site, vote, path="/guard/votes")
    assert status == 202
    assert await ended(http, site, made["ask"]) == ("done", None)
    assert rows(site, "SELECT count(*) FROM guard_call WHERE appealed_at IS NOT NULL") == 1


@pytest.mark.attack("an entry of the guard's list by a taken-over service, in the name of somebody who is away")
def test_without_the_token_the_guard_does_nothing(site: Site) -> None:
    before = rows(site, "SELECT count(*) FROM guard_list")
    service(
        site,
        """SELECT add_ask('guard', 'list', '', '{"allow": true, "line": "", "days": null}', 'the-operator',
        '{operator}', NULL, 'api', NULL, NULL, 'x', '{"pattern": "+999861390000099"}', NULL)""",
    )
    work(site)
    assert rows(site, "SELECT count(*) FROM guard_list") == before
    assert rows(site, "SELECT count(*) FROM ask_answer WHERE state = 'refused' AND answer->>'text' LIKE '%token%'") > 0


async def test_everything_pauses_at_once_and_goes_on_with_a_worker(http: aiohttp.ClientSession, site: Site) -> None:
    why = {"reason": "wrong prompt everywhere"}
    assert (await sent(http, site, why, Role.VIEWER, path="/pauses"))[0] == 403
    status, found = await sent(http, site, why, Role.COMPLIANCE, path="/pauses")
    assert (status, found["paused"], found["entered_by"]) == (201, True, "the-compliance")
    assert site.run(lambda inst: pauses.in_force(inst.store)) is not None  # no worker has done anything
    assert (await changed(http, site, "DELETE", "/pauses?reason=x+y+z", Role.COMPLIANCE))[0] == 403
    status, made = await changed(http, site, "DELETE", "/pauses?reason=it+is+right+now", Role.OPERATOR)
    assert status == 202
    assert (await seen(http, site, "/pauses"))["paused"]
    assert await ended(http, site, made["ask"]) == ("done", None)
    assert not (await seen(http, site, "/pauses"))["paused"]
    assert (await changed(http, site, "DELETE", "/pauses?reason=once+more", Role.OPERATOR))[0] == 422
    noted = "SELECT count(*) FROM action WHERE account = 'the-operator' AND verb = 'resume everything'"
    assert rows(site, noted) == 1


@pytest.mark.attack("the end of a pause by a taken-over service")
async def test_a_pause_ends_only_with_a_token(http: aiohttp.ClientSession, site: Site) -> None:
    await sent(http, site, {"reason": "all is wrong"}, path="/pauses")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service(site, "INSERT INTO calling_pause (at, paused, reason, entered_by) VALUES (now(), false, 'x', 'x')")
    service(
        site,
        """SELECT add_ask('calling', 'resume', '', '{}', 'the-operator', '{operator}', NULL, 'api', NULL, NULL, 'x',
        NULL, NULL)""",
    )
    work(site)
    assert site.run(lambda inst: pauses.in_force(inst.store)) is not None
    _, made = await changed(http, site, "DELETE", "/pauses?reason=go+on", Role.OPERATOR)
    assert await ended(http, site, made["ask"]) == ("done", None)


async def dialled_campaign(inst: Installation) -> int:
    """A running campaign that the dialer calls; its one contact."""
    await World(inst.store).running(campaign("dialled"), [302], consenting=[302])
    return await inst.store.value(int, "SELECT contact_id FROM contact WHERE campaign = 'dialled'") or 0


DESK = DestinationSettings.model_validate({"endpoint": "PJSIP/100"})


async def test_a_contact_is_asked_for_in_campaigns_of_agents_only(http: aiohttp.ClientSession, site: Site) -> None:
    site.inst.settings.__dict__["destinations"] = {"desk": DESK}
    contact = await asyncio.to_thread(site.run, agents_campaign)
    dialled = await asyncio.to_thread(site.run, dialled_campaign)
    attempts = rows(site, "SELECT count(*) FROM attempt")
    body = {"agent": "desk", "reason": "she called back"}
    for name, agent, other in (
        ("dialled", "desk", dialled),  # the dialer's
        ("by-agents", "nobody", contact),
        ("by-agents", "desk", 999_999),
    ):
        path = f"/campaigns/{name}/contacts/{other}/ask-call"
        assert (await sent(http, site, {**body, "agent": agent}, Role.SUPERVISOR, path=path))[0] == 422, (name, agent)
    path = f"/campaigns/by-agents/contacts/{contact}/ask-call"
    assert (await sent(http, site, body, path=path))[0] == 403  # an operator
    status, made = await sent(http, site, body, Role.SUPERVISOR, path=path)
    assert status == 202
    assert rows(site, "SELECT count(*) FROM agent_call") == 0
    assert await ended(http, site, made["ask"], Role.SUPERVISOR) == ("done", None)
    assert rows(site, "SELECT count(*) FROM agent_call WHERE state = 'waiting' AND entered_by = 'the-supervisor'") == 1
    call = await seen(http, site, f"/asks/{made['ask']}/call", Role.SUPERVISOR)
    assert call == {"state": "waiting", "result": None, "note": None, "progress": []}
    async with http.get(f"{BASE}/asks/{made['ask']}/call", headers=site.headers(Role.ADMIN)) as answer:
        assert answer.status == 403
    assert rows(site, "SELECT count(*) FROM attempt") == attempts  # the gate decides later


@pytest.mark.attack("a call asked for by a taken-over service without a token, and in a campaign that the dialer calls")
def test_without_the_token_nobody_is_called_for_an_agent(site: Site) -> None:
    site.inst.settings.__dict__["destinations"] = {"desk": DESK}
    contact = rows(site, "SELECT contact_id FROM contact WHERE campaign = 'dialled'") or site.run(dialled_campaign)
    before = rows(site, "SELECT count(*) FROM agent_call")
    token = site.tokens[Role.SUPERVISOR].encode().hex()
    for verb, parameters, private, sealed in (
        ("agent", {"contact": contact, "agent": "desk"}, {}, "NULL"),
        ("agent", {"contact": contact, "agent": "desk"}, {}, f"'\\x{token}'"),
        ("rehearsal", {"phone": 1, "language": None, "trunk": None}, {"fields": {}}, f"'\\x{token}'"),
        ("phone", {"trunk": None}, {"number": number(1), "code": "123456"}, "NULL"),
        ("caller_id", {"trunk": None}, {"number": number(1), "code": "123456"}, f"'\\x{token}'"),
    ):
        service(
            site,
            f"""SELECT add_ask('call', '{verb}', 'dialled', '{json.dumps(parameters)}', 'the-supervisor',
            '{{supervisor}}', NULL, 'api', NULL, NULL, 'x', '{json.dumps(private)}', {sealed})""",
        )
    work(site)
    assert rows(site, "SELECT count(*) FROM agent_call") == before
    assert rows(site, "SELECT count(*) FROM verification_call") + rows(site, "SELECT count(*) FROM rehearsal_call") == 0
    assert (
        rows(site, "SELECT count(*) FROM ask_answer JOIN ask USING (ask_id) WHERE kind = 'call' AND state = 'done'")
        <= 1
    )


async def test_a_telephone_is_proved_by_a_code_that_is_kept_nowhere(http: aiohttp.ClientSession, site: Site) -> None:
    mine = {"number": number(400)}
    status, made = await sent(http, site, mine, path="/rehearsals/telephones")
    assert (status, len(made["code"])) == (202, 6)
    assert (await ended(http, site, made["ask"]))[0] == "done"
    (kept,) = site.run(lambda inst: inst.store.records("SELECT * FROM verification_call"))
    assert (kept["state"], kept["proves"], kept["entered_by"]) == ("waiting", "rehearsal", "the-operator")
    left = f"SELECT count(*) FROM ask k, open_ask o WHERE k::text || o::text LIKE '%{made['code']}\"%'"
    assert rows(site, left) == 0
    status, made = await sent(http, site, mine, Role.ADMIN, path="/caller-ids/proofs")
    assert status == 202
    assert (await ended(http, site, made["ask"]))[0] == "done"
    assert (await sent(http, site, {"number": "+999861"}, path="/rehearsals/telephones"))[0] in (400, 422)


async def test_a_flow_is_heard_on_ones_own_telephone_only(http: aiohttp.ClientSession, site: Site) -> None:
    own = await asyncio.to_thread(site.run, own_phone)
    other = await asyncio.to_thread(site.run, partial(own_phone, account="the-admin", n=2))
    listed = await seen(http, site, "/rehearsals/telephones")
    assert [(one["phone"], one["number"]) for one in listed["data"]] == [(own, "+99986…01")]
    asked_for = {"flow": "checkup-reminder", "phone": own, "fields": {"name": "Li Na"}}
    status, _ = await sent(http, site, {**asked_for, "phone": other}, path="/rehearsals")
    assert status == 422
    status, made = await sent(http, site, asked_for, path="/rehearsals")
    assert status == 202
    state, told = await ended(http, site, made["ask"])
    assert (state, rows(site, "SELECT count(*) FROM rehearsal_call")) in (("done", 1), ("refused", 0)), told
