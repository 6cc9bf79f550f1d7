"""What the API shows, on real HTTP: figures, masked people, pages, versions; and how it refuses."""

from __future__ import annotations

import re

import aiohttp
import pytest
from yarl import URL

from agi_app.api.routes import BASE
from agi_app.model.actors import Role
from tests.api.site import CAMPAIGN, Json, Site
from tests.store.world import number

pytestmark = pytest.mark.postgres
PEOPLE = ("/contacts?external_id=row-3", "/decisions", "/attempts", "/stops", "/withdrawals", "/complaints")


async def got(http: aiohttp.ClientSession, site: Site, path: str, role: Role = Role.COMPLIANCE) -> Json:
    async with http.get(BASE + path, headers=site.headers(role)) as answer:
        assert answer.status == 200, await answer.text()
        found: Json = await answer.json()
        return found


async def test_a_campaign_and_its_figures(http: aiohttp.ClientSession, site: Site) -> None:
    (only,) = (await got(http, site, "/campaigns"))["data"]
    assert (only["name"], only["state"], only["purpose"]) == (CAMPAIGN, "running", "transactional")
    figures = await got(http, site, f"/campaigns/{CAMPAIGN}/figures")
    assert (figures["contacts"], figures["done"], figures["outcomes"]) == (8, 1, {"human": 1})
    assert figures["refused"]["consent_missing"] == 3
    assert figures["numbers"] == [{"place": 1, "called": 1, "rang": 0, "answered": 1, "reached": 1}]
    (call,) = (await got(http, site, "/attempts?outcome=human"))["data"]
    assert (call["number_place"], call["number_kind"]) == (1, None)
    held = await got(http, site, f"/campaigns/{CAMPAIGN}/held-back")
    assert "no_worker" in [reason["by"] for reason in held["held_back"]]


async def test_the_contacts_of_a_campaign_are_masked_counted_and_told_why(
    http: aiohttp.ClientSession, site: Site
) -> None:
    found = await got(http, site, f"/campaigns/{CAMPAIGN}/contacts?count=capped&rule=consent_missing&limit=2")
    assert found["count"] == {"number": 3, "more": False}
    assert [row["number"] for row in found["data"]] == ["+99986…06", "+99986…07"]
    rest = await got(http, site, f"/campaigns/{CAMPAIGN}/contacts?rule=consent_missing&limit=2&after={found['next']}")
    assert ([row["external_id"] for row in rest["data"]], rest["next"]) == (["row-8"], None)
    story = await got(http, site, f"/campaigns/{CAMPAIGN}/contact?external_id=row-8")
    assert story["decisions"][0]["reasons"] == ["there is no recorded consent"]


async def test_a_search_by_a_number_has_a_reason_and_is_noted(http: aiohttp.ClientSession, site: Site) -> None:
    path, headers = f"{BASE}/contacts/search", site.headers(Role.VIEWER)
    async with http.post(path, json={"number": number(5)}, headers=headers) as answer:
        assert answer.status == 400
    query = "SELECT count(*) FROM access_log WHERE reason = 'she called back' AND entered_by = 'the-viewer'"
    async with http.post(path, json={"number": number(5), "reason": "she called back"}, headers=headers) as answer:
        found = await answer.json()
        assert [(row["external_id"], row["number"]) for row in found["data"]] == [("row-5", "+99986…05")]
    assert site.run(lambda inst: inst.store.value(int, query)) == 1


async def test_lists_come_in_pages(http: aiohttp.ClientSession, site: Site) -> None:
    seen, path = [], f"{BASE}/audit/actions?limit=4"
    while path:
        async with http.get(URL(path), headers=site.headers(Role.ADMIN)) as answer:
            found = await answer.json()
            seen += [row["id"] for row in found["data"]]
            assert ("next" in answer.links) == (found["next"] is not None)
            path = str(answer.links["next"]["url"]) if "next" in answer.links else ""
    assert len(seen) > 10
    assert seen == sorted(set(seen), reverse=True)


async def test_no_whole_number_of_a_person_is_in_any_list(http: aiohttp.ClientSession, site: Site) -> None:
    for path in (
        "/audit/actions",
        "/wordings",
        "/contacts?external_id=row-3",
        "/decisions",
        "/attempts",
        "/stops",
        f"/campaigns/{CAMPAIGN}/contacts",
    ):
        async with http.get(BASE + path, headers=site.headers(Role.COMPLIANCE)) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            assert not re.search(r"\+99986138\d{5,}", text), path


async def test_what_has_not_changed_is_not_sent_again(http: aiohttp.ClientSession, site: Site) -> None:
    path, headers = f"{BASE}/campaigns/{CAMPAIGN}", site.headers(Role.COMPLIANCE)
    async with http.get(path, headers=headers) as answer:
        version = answer.headers["ETag"]
    async with http.get(path, headers={**headers, "If-None-Match": version}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


@pytest.mark.parametrize("seen", ["W/{}", '"other", W/{}', "*"])
async def test_an_etag_is_compared_weakly(http: aiohttp.ClientSession, site: Site, seen: str) -> None:
    """A proxy that compresses what it sends says W/ before an ETag; what is another version is sent."""
    path, headers = f"{BASE}/campaigns/{CAMPAIGN}", site.headers(Role.COMPLIANCE)
    async with http.get(path, headers=headers) as answer:
        version = answer.headers["ETag"]
    async with http.get(path, headers={**headers, "If-None-Match": seen.format(version)}) as answer:
        assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", version)
    async with http.get(path, headers={**headers, "If-None-Match": 'W/"other"'}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/campaigns/nobody", 404, "not_found"),
        ("/campaigns/a%2Fb", 404, "not_found"),
        ("/nothing", 404, "not_found"),
        ("/campaigns?limit=0", 400, "bad_request"),
        ("/campaigns?limit=2&limit=3", 400, "bad_request"),
        ("/campaigns?page=2", 400, "bad_request"),
        ("/campaigns?after=%00", 400, "bad_request"),
        ("/campaigns?after=abcd", 422, "refused"),
        ("/workers?x=1", 400, "bad_request"),
    ],
)
async def test_a_wrong_request_is_a_problem_that_says_where(
    http: aiohttp.ClientSession, site: Site, path: str, status: int, kind: str
) -> None:
    async with http.get(BASE + path, headers=site.headers(Role.COMPLIANCE)) as answer:
        found = await answer.json(content_type="application/problem+json")
        assert (answer.status, found["type"], found["status"]) == (status, f"urn:agi-app:{kind}", status)
        if status == 400:
            assert all(fault["pointer"].startswith("?") for fault in found["errors"])


async def test_an_unknown_method_is_told_which_there_are(http: aiohttp.ClientSession, site: Site) -> None:
    async with http.delete(f"{BASE}/campaigns", headers=site.headers(Role.ADMIN)) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_problems_are_in_the_language_of_who_asks(http: aiohttp.ClientSession, site: Site) -> None:
    headers = site.headers(Role.COMPLIANCE) | {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
    async with http.get(f"{BASE}/nothing", headers=headers) as answer:
        found = await answer.json(content_type=None)
        assert answer.headers["Content-Language"] == "zh"
        assert re.search("[\u4e00-\u9fff]", found["title"])
        assert found["type"] == "urn:agi-app:not_found"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/stops", b"{"),
        ("POST", "/stops", b""),
        ("POST", "/stops", b"{}{}"),
        ("POST", "/stops", b"\xff"),
        ("POST", "/stops", b'{"a": 1, "a": 2}'),
        ("POST", "/stops", b'{"a": ' + b"1" * 5000 + b"}"),
        ("POST", "/stops", b"[" * 100_000),
        ("GET", "/decisions?since=yesterday", None),
        ("GET", "/decisions?since=2026-02-30T10:00:00Z", None),
        ("GET", "/decisions?limit=many", None),
        ("GET", "/withdrawals?purpose=none", None),
        ("POST", "/exports", b'{"since": "2026-02-30", "until": "2026-02-01"}'),
        ("POST", "/stops", b'{"number": "+999861380000012", "said_at": "2026-02-30T10:00:00Z"}'),
        ("POST", "/stops", b'{"number": "+999861380000012", "said_at": "2026-02-03T10:00:00"}'),
    ],
)
async def test_what_is_wrong_is_told_in_chinese(
    http: aiohttp.ClientSession, site: Site, method: str, path: str, body: bytes | None
) -> None:
    headers = site.headers(Role.COMPLIANCE) | {"Accept-Language": "zh-CN"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    async with http.request(method, BASE + path, data=body, headers=headers) as answer:
        found = await answer.json(content_type=None)
    assert answer.status == 400
    for fault in found["errors"]:
        assert re.search("[\u4e00-\u9fff]", fault["text"]), fault
        assert not re.search("[A-Za-z]{2,} [A-Za-z]{2,}", fault["text"]), fault


async def test_another_host_name_is_not_served(http: aiohttp.ClientSession, site: Site) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:80", ""):
        async with http.get("/health/live", headers={"Host": host}) as answer:
            assert answer.status in (400, 421)


async def test_health_needs_no_token_and_all_else_does(http: aiohttp.ClientSession, site: Site) -> None:
    for path, status in (("/health/live", 200), ("/health/ready", 200), (f"{BASE}/campaigns", 401)):
        async with http.get(path) as answer:
            assert answer.status == status
            assert "Set-Cookie" not in answer.headers
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"


async def test_every_reading_route_shows_something(http: aiohttp.ClientSession, site: Site) -> None:
    paths = ["/self", "/workers", "/caller-ids", "/do-not-call-lists", "/rules/CN", "/wordings", "/accounts", "/flows"]
    paths += [
        "/contacts?external_id=row-1",
        f"/campaigns/{CAMPAIGN}/contact?external_id=row-1",
        "/decisions?allowed=no",
    ]
    paths += ["/attempts?count=capped", "/line-calls", "/guard/calls", "/complaints", "/stops", "/withdrawals"]
    paths += ["/tokens", "/flows/checkup-reminder/check", "/flows/checkup-reminder/diagram", "/schemas/flow"]
    paths += [f"/campaigns/{CAMPAIGN}/status"]
    for path in paths:
        role = Role.ADMIN if path in ("/tokens", "/accounts") else Role.COMPLIANCE
        async with http.get(BASE + path, headers=site.headers(role)) as answer:
            assert answer.status == 200, (path, await answer.text())
