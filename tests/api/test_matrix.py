"""Who may ask what: every route × every role × good, narrow, expired, revoked, foreign and no token, from the router.

A route stands in the table below with the roles that may; one that does not stand there fails.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import aiohttp
import pytest

from agi_app.api.all_routes import ROUTES
from agi_app.api.routes import BASE, PATH_PARAMETERS, Kind, Route
from agi_app.installation import Installation
from agi_app.model.actors import ALLOWED, Actor, Role, Scope, scopes_of
from agi_app.operations.reporting import jobs
from agi_app.operations.reporting.calls import CallsRequest
from agi_app.operations.reporting.table_requests import TableFormat
from agi_app.operations.service import accounts, tokens
from agi_app.store.requested_calls import agent_calls, asks
from agi_app.store.requested_calls.asks import NewAsk
from tests.api.site import CAMPAIGN, Site, token_of
from tests.store.world import number

pytestmark = pytest.mark.postgres
ALL = "viewer operator supervisor compliance admin"
ABOVE = "operator supervisor compliance admin"  # above viewer
# Said once more, by hand: what the code allows must be what was meant.
WHO: Mapping[str, str] = {
    "GET /self": ALL,
    "GET /workers": ALL,
    "GET /feeds": ALL,
    "GET /feeds/{feed}": ALL,
    "GET /feeds/{feed}/runs": ALL,
    "POST /feeds/{feed}/runs": "operator supervisor",
    "GET /feeds/{feed}/asks": ALL,
    "POST /feeds/{feed}/asks": ABOVE,  # to pause; start and end are those of who may start campaigns
    "GET /feeds/{feed}/request": "supervisor compliance",
    "POST /feeds/{feed}/approvals": "supervisor compliance",
    "GET /caller-ids": ALL,
    "GET /do-not-call-lists": ALL,
    "GET /rules/{region}": ALL,
    "GET /wordings": ALL,
    "GET /accounts": "compliance admin",
    "GET /audit/actions": "compliance admin",
    "GET /tokens": "admin",
    "GET /campaigns": ALL,
    "GET /campaigns/{campaign}": ALL,
    "GET /campaigns/{campaign}/figures": ALL,
    "GET /campaigns/{campaign}/held-back": ALL,
    "GET /campaigns/{campaign}/status": ALL,
    "GET /campaigns/{campaign}/contacts": ALL,
    "GET /campaigns/{campaign}/contact": ALL,
    "GET /contacts": ALL,
    "POST /campaigns/{campaign}/contacts": "operator supervisor",
    "POST /campaigns/{campaign}/contacts/imports": "operator supervisor",
    "POST /campaigns/{campaign}/contacts/cancel": "operator supervisor",
    "POST /campaigns/{campaign}/contacts/reschedule": "operator supervisor",
    "GET /contacts/asks/{ask}": "operator supervisor",
    "GET /contacts/changes/asks/{ask}": "operator supervisor",
    "POST /campaigns/{campaign}/follow-ups": "operator supervisor",
    "GET /follow-ups/asks/{ask}": "operator supervisor",
    "POST /contacts/search": ALL,
    "POST /people/search": ALL,
    "GET /people/{person}": ALL,
    "POST /people/history": "compliance",
    "POST /people/{person}/history": "compliance",
    "POST /people/{person}/reveal": "compliance",
    "POST /people/{person}/erasure": ABOVE,  # its stop; the erasure is compliance's
    "GET /people/asks/{ask}": "compliance",
    "GET /decisions": ALL,
    "GET /attempts": ALL,
    "POST /attempts/{attempt}/end": ABOVE,
    "GET /line-calls": ALL,
    "GET /recordings": ALL,
    "POST /recordings/{recording}/listen": "supervisor compliance",
    "GET /recordings/asks/{ask}": "supervisor compliance",
    "GET /recordings/asks/{ask}/sound": "supervisor compliance",
    "GET /guard/calls": ALL,
    "GET /complaints": "compliance",
    "POST /complaints": ABOVE,  # its stop; the case is compliance's
    "POST /complaints/received": "compliance",
    "GET /complaints/{case}": "compliance",
    "POST /complaints/{case}/notes": "compliance",
    "GET /complaints/asks/{ask}": "compliance",
    "GET /stops": ALL,
    "GET /withdrawals": ALL,
    "GET /events": ALL,
    "GET /metrics": ALL,
    "POST /campaigns/{campaign}/asks": ABOVE,
    "GET /campaigns/{campaign}/asks": ALL,
    "GET /asks/{ask}": ALL,
    "POST /consents": "compliance",
    "GET /consents/asks/{ask}": "compliance",
    "GET /approvals": ALL,
    "POST /campaigns/{campaign}/approvals": "supervisor compliance",
    "GET /approvals/asks/{ask}": "supervisor compliance",
    "GET /webhooks": "admin",
    "GET /webhooks/{webhook}": "admin",
    "POST /webhooks": "admin",
    "PATCH /webhooks/{webhook}": "admin",
    "DELETE /webhooks/{webhook}": "admin",
    "POST /webhooks/{webhook}/secrets": "admin",
    "POST /webhooks/{webhook}/test": "admin",
    "GET /webhooks/{webhook}/deliveries": "admin",
    "POST /webhooks/redeliveries": "admin",
    "GET /results": ALL,
    "GET /results/{target}/deliveries": ALL,
    "POST /exports": ALL,
    "GET /jobs": ALL,
    "GET /jobs/{job}": ALL,
    "GET /jobs/{job}/file": ALL,
    "DELETE /jobs/{job}": ALL,
    "POST /exports/rows": ALL,
    "POST /exports/handouts": "compliance",
    "GET /reports/imports": ALL,
    "GET /agents": ALL,
    "GET /agents/{agent}": ALL,
    "GET /asks/{ask}/call": ALL,
    "POST /campaigns/{campaign}/contacts/{contact}/ask-call": "supervisor",
    "GET /rehearsals/telephones": "operator supervisor admin",
    "POST /rehearsals/telephones": "operator supervisor admin",
    "POST /rehearsals": "operator supervisor admin",
    "POST /caller-ids/proofs": "admin",
    "GET /pauses": ALL,
    "POST /pauses": ABOVE,
    "DELETE /pauses": "operator supervisor",
    "GET /guard/lists": ALL,
    "GET /guard/lists/{entry}": ALL,
    "POST /guard/lists": "operator supervisor",
    "DELETE /guard/lists/{entry}": "operator supervisor",
    "GET /guard/lines": ALL,
    "GET /guard/lines/{line}": ALL,
    "PATCH /guard/lines/{line}": "operator supervisor",
    "POST /guard/votes": "operator supervisor",
    "GET /audit/checkpoint": "compliance",
    "POST /audit/proof": "compliance",
    "GET /audit/consistency": "compliance",
    "GET /reports/quarter": ALL,
    "POST /withdrawals": ABOVE,
    "POST /stops": ABOVE,
    "POST /stops/lists": ABOVE,
    "GET /flows": ALL,
    "GET /flows/{flow}": ALL,
    "GET /flows/{flow}/draft": "operator supervisor",
    "PUT /flows/{flow}/draft": "operator supervisor",
    "DELETE /flows/{flow}/draft": "operator supervisor",
    "POST /flows/{flow}/publish": "operator supervisor",
    "GET /campaigns/{campaign}/draft": "operator supervisor",
    "PUT /campaigns/{campaign}/draft": "operator supervisor",
    "DELETE /campaigns/{campaign}/draft": "operator supervisor",
    "POST /campaigns/{campaign}/publish": "operator supervisor",
    "GET /drafts/asks/{ask}": "operator supervisor",
    "GET /campaigns/{campaign}/versions": ALL,
    "GET /campaigns/{campaign}/versions/{id}": ALL,
    "GET /flows/{flow}/versions": ALL,
    "GET /flows/{flow}/versions/{ask}": ALL,
    "POST /flows/{flow}/simulate": ALL,
    "GET /campaigns/{campaign}/text": ALL,
    "POST /campaigns/{campaign}/preview": "operator supervisor",
    "GET /previews/{ask}": ALL,
    "GET /flows/{flow}/check": ALL,
    "GET /flows/{flow}/diagram": ALL,
    "GET /schemas/{kind}": ALL,
}
# Whose is what a path names? Of these whoever has the route's scope may see, or change, every one.
SHARED = {
    "GET /feeds/{feed}",
    "GET /feeds/{feed}/runs",
    "POST /feeds/{feed}/runs",
    "GET /feeds/{feed}/asks",
    "POST /feeds/{feed}/asks",
    "GET /feeds/{feed}/request",
    "POST /feeds/{feed}/approvals",
    "GET /agents/{agent}",
    "GET /rules/{region}",
    "GET /campaigns/{campaign}",
    "GET /campaigns/{campaign}/figures",
    "GET /campaigns/{campaign}/held-back",
    "GET /campaigns/{campaign}/status",
    "GET /campaigns/{campaign}/contacts",
    "GET /campaigns/{campaign}/contact",
    "POST /attempts/{attempt}/end",
    "POST /campaigns/{campaign}/asks",
    "GET /campaigns/{campaign}/asks",
    "GET /people/{person}",
    "POST /people/{person}/history",
    "POST /people/{person}/reveal",
    "POST /people/{person}/erasure",
    "GET /people/asks/{ask}",
    "GET /asks/{ask}",
    "GET /consents/asks/{ask}",
    "POST /campaigns/{campaign}/approvals",
    "GET /approvals/asks/{ask}",
    "GET /complaints/{case}",
    "POST /complaints/{case}/notes",
    "GET /complaints/asks/{ask}",
    "GET /webhooks/{webhook}",
    "PATCH /webhooks/{webhook}",
    "DELETE /webhooks/{webhook}",
    "POST /webhooks/{webhook}/secrets",
    "POST /webhooks/{webhook}/test",
    "GET /webhooks/{webhook}/deliveries",
    "GET /results/{target}/deliveries",
    "GET /flows/{flow}/check",
    "GET /flows/{flow}/diagram",
    "GET /schemas/{kind}",
    "POST /recordings/{recording}/listen",
    "DELETE /guard/lists/{entry}",
    "GET /campaigns/{campaign}/text",
    "GET /contacts/asks/{ask}",
    "GET /contacts/changes/asks/{ask}",
    "POST /campaigns/{campaign}/contacts/cancel",
    "POST /campaigns/{campaign}/contacts/reschedule",
    "POST /campaigns/{campaign}/follow-ups",
    "GET /follow-ups/asks/{ask}",
    "GET /flows/{flow}",
    "GET /guard/lines/{line}",
    "GET /guard/lists/{entry}",
    "GET /previews/{ask}",
    "PATCH /guard/lines/{line}",
    "POST /campaigns/{campaign}/contacts",
    "POST /campaigns/{campaign}/contacts/imports",
    "POST /campaigns/{campaign}/contacts/{contact}/ask-call",
    "POST /campaigns/{campaign}/preview",
    "POST /flows/{flow}/simulate",
    "DELETE /campaigns/{campaign}/draft",
    "DELETE /flows/{flow}/draft",
    "GET /campaigns/{campaign}/draft",
    "GET /campaigns/{campaign}/versions",
    "GET /campaigns/{campaign}/versions/{id}",
    "GET /drafts/asks/{ask}",
    "GET /flows/{flow}/draft",
    "GET /flows/{flow}/versions",
    "GET /flows/{flow}/versions/{ask}",
    "POST /campaigns/{campaign}/publish",
    "POST /flows/{flow}/publish",
    "PUT /campaigns/{campaign}/draft",
    "PUT /flows/{flow}/draft",
}


class Owned(NamedTuple):
    """Of these an account may only what is its own, unless its roles have the scope ``sees_all``."""

    make: Callable[[Installation], Awaitable[int]]  # as the owner; returns what stands in the path, or in the list
    sees_all: Scope


async def _make_job(inst: Installation) -> int:
    day = dt.date(2026, 3, 2)
    return await jobs.ask(inst, CallsRequest(day, day), TableFormat.CSV)


async def _make_call(inst: Installation) -> int:
    contact = await inst.store.value(int, "SELECT min(contact_id) FROM contact") or 0
    ask = await asks.add(inst.store, NewAsk("call", "agent", CAMPAIGN, "she called back"), inst.actor)
    request = await agent_calls.request(inst.store, CAMPAIGN, contact, "desk", inst.actor.account)
    await asks.answer(inst.store, ask, "done", {"request": request}, "node-1")
    return ask


async def _make_listening(inst: Installation) -> int:
    return await asks.add(inst.store, NewAsk("recording", "listen", "1", "a complaint"), inst.actor)


OWNED: Mapping[str, Owned] = {
    "GET /jobs": Owned(_make_job, Scope.EXPORTS_WHOLE),
    "GET /jobs/{job}": Owned(_make_job, Scope.EXPORTS_WHOLE),
    "GET /jobs/{job}/file": Owned(_make_job, Scope.EXPORTS_WHOLE),
    "DELETE /jobs/{job}": Owned(_make_job, Scope.EXPORTS_WHOLE),
    "GET /recordings/asks/{ask}": Owned(_make_listening, Scope.AGENT_SELF),
    "GET /recordings/asks/{ask}/sound": Owned(_make_listening, Scope.AGENT_SELF),
    "GET /asks/{ask}/call": Owned(_make_call, Scope.AGENT_SELF),  # nobody else's role has it
}
BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}


def test_every_route_stands_in_the_table() -> None:
    assert set(BY_NAME) == set(WHO)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_scope_of_a_route_is_held_by_those_who_were_meant(name: str) -> None:
    held = {role.value for role, scopes in ALLOWED.items() if BY_NAME[name].scope in scopes}
    assert held == set(WHO[name].split())


def test_no_route_places_a_call_or_makes_a_consent() -> None:
    """What is about a call is an ask: 202, and a worker does it or refuses. That no handler reaches what dials is a
    contract of imports (.importlinter).
    """
    about_calls = {Scope.CALLS_ASK, Scope.CALLS_REHEARSE, Scope.CALLER_IDS_PROVE, Scope.CONSENTS_ENTER}
    changing = [route for route in ROUTES if route.scope in about_calls and route.method != "GET"]
    assert {route.status for route in changing} == {202}
    assert all("ask" in getattr(route.answer, "model_fields", ()) for route in changing)
    assert [name for name in BY_NAME if re.fullmatch(r"POST .*calls", name)] == []
    assert all(route.method in ("GET", "POST") or route.kind is Kind.EDIT for route in ROUTES)


def test_what_shows_whole_numbers_is_asked_by_post_and_kept_by_nobody() -> None:
    whole = {Scope.PEOPLE_REVEAL, Scope.EXPORTS_WHOLE}
    assert all(route.kind is Kind.LOOK for route in ROUTES if route.scope in whole)


def path_of(route: Route) -> str:
    """A path of the route, of something that is not there."""
    names = {
        "campaign": "nobody",
        "feed": "nobody",
        "flow": "nobody",
        "region": "ZZ",
        "line": "9999",
        "target": "nobody",
        "id": "nobody",
        "kind": "flow",
    }
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "999999"), route.whole)


async def asked(http: aiohttp.ClientSession, route: Route, token: str | None) -> int:
    """The status for a request that is wrong in all else, so that whoever may gets no further than that."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    more = {"data": b"{", "skip_auto_headers": ["Content-Type"]} if route.method != "GET" else {}
    query = "?no-such-parameter=1"
    async with http.request(route.method, path_of(route) + query, headers=headers, **more) as answer:  # type: ignore[arg-type]
        return answer.status


@pytest.mark.parametrize("name", BY_NAME)
async def test_who_may_and_who_may_not(http: aiohttp.ClientSession, site: Site, name: str) -> None:
    route = BY_NAME[name]
    meant = set(WHO[name].split())
    for role in Role:
        status = await asked(http, route, site.tokens[role])
        assert (status not in (401, 403)) == (role.value in meant), (role, status)
    assert await asked(http, route, None) == 401


async def test_tokens_that_have_ended_or_are_none_open_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    good = site.run(lambda inst: token_of(inst, Role.ADMIN, *ALLOWED[Role.ADMIN]))
    revoked = site.run(lambda inst: token_of(inst, Role.ADMIN, *ALLOWED[Role.ADMIN]))
    expired = site.run(lambda inst: token_of(inst, Role.ADMIN, *ALLOWED[Role.ADMIN]))
    site.run(lambda inst: tokens.end(inst, revoked.split("_")[1]))
    query = f"UPDATE api_token SET expires_at = now() - interval '1 s' WHERE token_id = '{expired.split('_')[1]}'"
    site.run(lambda inst: inst.store.execute(query))
    mine, other = good.split("_"), site.tokens[Role.VIEWER].split("_")
    mixed = "_".join([mine[0], other[1], *mine[2:]])
    wrong = [revoked, expired, good[:-1], good + "0", mixed, "agia_x", "agia___", "é" * 40, good.upper()]
    for route in ROUTES:
        for token in wrong if route.path in ("/self", "/stops") else (revoked, expired):
            assert await asked(http, route, token) == 401, (route.path, token)
    async with http.get(f"{BASE}/self", headers={"Authorization": f"Basic {good}"}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", BY_NAME)
async def test_a_token_without_the_scope_opens_nothing(http: aiohttp.ClientSession, site: Site, name: str) -> None:
    route = BY_NAME[name]
    role = Role(WHO[name].split()[-1])
    others = sorted(ALLOWED[role] - {route.scope})
    token = site.run(lambda inst: token_of(inst, role, *others))
    assert await asked(http, route, token) == 403


async def test_a_token_may_no_more_than_its_owner_now(http: aiohttp.ClientSession, site: Site) -> None:
    stops = BY_NAME["POST /stops"]
    site.run(lambda inst: accounts.add(inst, "mover", [Role.OPERATOR]))
    made = site.run(lambda inst: tokens.create(inst, "mover", "tests", [Scope.STOPS_ENTER], 1))
    assert await asked(http, stops, made.text) not in (401, 403)
    site.run(lambda inst: accounts.change(inst, "mover", accounts.NewValues(roles=[Role.VIEWER])))
    assert await asked(http, stops, made.text) == 403
    site.run(lambda inst: accounts.change(inst, "mover", accounts.NewValues(enabled=False)))
    assert await asked(http, stops, made.text) == 401


def test_every_parameter_of_a_path_is_known() -> None:
    for route in ROUTES:
        assert set(re.findall(r"\{(\w+)\}", route.path)) <= set(PATH_PARAMETERS)


async def _counted(inst: Installation, query: str) -> int | None:
    return await inst.store.value(int, query)


async def test_only_hashes_of_tokens_are_stored(site: Site) -> None:
    for token in site.tokens.values():
        secret = token.split("_")[2]
        query = f"SELECT count(*) FROM api_token t WHERE t::text LIKE '%{secret}%'"
        assert site.run(functools.partial(_counted, query=query)) == 0


def test_of_what_a_path_names_it_is_said_whose_it_is() -> None:
    named = {name for name in BY_NAME if "{" in name}
    assert named == SHARED | {name for name in OWNED if "{" in name}
    assert not SHARED & set(OWNED)
    assert set(OWNED) <= set(BY_NAME)


async def another(inst: Installation, role: Role) -> str:
    """The token of a second account of the role, with all that the role may."""
    name = f"another-{role.value}"
    if name not in [one.name for one in await accounts.accounts(inst)]:
        await accounts.add(inst, name, [role])
    return (await tokens.create(inst, name, "tests", scopes_of(frozenset({role})), 1)).text


@pytest.mark.parametrize(("name", "role"), [(name, Role(role)) for name in OWNED for role in WHO[name].split()])
async def test_an_account_reaches_only_its_own(http: aiohttp.ClientSession, site: Site, name: str, role: Role) -> None:
    route, owned = BY_NAME[name], OWNED[name]
    owner = Actor(f"the-{role.value}", frozenset({role}), "api")

    async def reaches(token: str) -> bool:
        made = site.run(lambda inst: owned.make(dataclasses.replace(inst, actor=owner)))
        path = re.sub(r"\{\w+\}", str(made), route.whole)
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        async with http.request(route.method, path, headers=headers) as answer:
            if "{" in name:
                assert answer.status in (200, 204, 403, 404, 409)  # 409: there is no file yet
                return answer.status in (200, 204, 409)
            return str(made) in re.findall(r"\d+", await answer.text())

    assert await reaches(site.tokens[role])
    assert await reaches(site.run(lambda inst: another(inst, role))) == (owned.sees_all in ALLOWED[role])


async def test_a_key_of_another_account_is_neither_answered_again_nor_in_the_way(
    http: aiohttp.ClientSession, site: Site
) -> None:
    body, key = {"number": number(90), "reason": "a letter"}, {"Idempotency-Key": "the same for both"}
    theirs = site.run(lambda inst: another(inst, Role.OPERATOR))

    async def stop(token: str, given: Mapping[str, str]) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {token}", **key}
        async with http.post(f"{BASE}/stops", json=given, headers=headers) as answer:
            return answer.status, (await answer.json()).get("entered_stop", 0)

    first = await stop(site.tokens[Role.OPERATOR], body)
    assert first[0] == 201
    assert await stop(site.tokens[Role.OPERATOR], body) == first
    other = await stop(theirs, {**body, "reason": "another one"})
    assert (other[0], other[1] > first[1]) == (201, True)
    assert (await stop(theirs, body))[0] == 422  # it is theirs now, for that other request


async def test_a_cursor_of_another_account_opens_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    async def page(role: Role, path: str, **query: str) -> tuple[int, str | None]:
        async with http.get(f"{BASE}{path}", params=query, headers=site.headers(role)) as answer:
            return answer.status, (await answer.json()).get("next")

    _, actions = await page(Role.COMPLIANCE, "/audit/actions", limit="1")
    assert actions
    for role in (Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR, Role.AGENT):
        assert (await page(role, "/audit/actions", after=actions))[0] == 403
    _, decisions = await page(Role.COMPLIANCE, "/decisions", limit="1")
    assert decisions
    assert (await page(Role.VIEWER, "/attempts", after=decisions))[0] == 422
    assert await page(Role.VIEWER, "/decisions", limit="1", after=decisions) == await page(
        Role.COMPLIANCE, "/decisions", limit="1", after=decisions
    )
