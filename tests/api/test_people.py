"""People by the API: masked, noted before anything is shown, and a history that one request tells."""

from __future__ import annotations

import datetime as dt
import re

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.model.actors import Role
from agi_app.operations.people import erasure, stops
from agi_app.store.people.do_not_call_lists import ListTerms, replace_list
from tests.api.site import CAMPAIGN, Json, Site
from tests.store.world import number

pytestmark = pytest.mark.postgres
WHY = "complaint 7"
WHOLE = re.compile(r"\+99986138\d{5,}")


async def asked(
    http: aiohttp.ClientSession, site: Site, path: str, body: Json, role: Role = Role.COMPLIANCE, language: str = "en"
) -> tuple[int, Json]:
    headers = site.headers(role) | {"Accept-Language": language}
    async with http.post(BASE + path, json=body, headers=headers) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


def counted(site: Site, query: str) -> int:
    async def count() -> int:
        return await site.inst.store.value(int, query) or 0

    return site.run(lambda _: count())


def person(site: Site, n: int) -> int:
    return counted(site, f"SELECT person_id FROM person WHERE e164 = '{number(n)}'")


def looks(site: Site, reason: str) -> int:
    return counted(site, f"SELECT count(*) FROM access_log WHERE reason = '{reason}'")


def look_again(site: Site) -> None:
    """The hour is over."""
    site.run(lambda inst: inst.store.execute("DELETE FROM number_look"))


async def test_a_person_is_found_by_a_number_in_the_body_and_shown_masked(
    http: aiohttp.ClientSession, site: Site
) -> None:
    look_again(site)
    body = {"number": number(3), "reason": "she wrote"}
    status, found = await asked(http, site, "/people/search", body, Role.VIEWER)
    assert (status, [row["number"] for row in found["data"]]) == (200, ["+99986…03"])
    assert looks(site, "she wrote") == 1
    (only,) = found["data"]
    assert only["person_id"] == person(site, 3)
    async with http.get(f"{BASE}/people/{only['person_id']}", headers=site.headers(Role.VIEWER)) as answer:
        assert (answer.status, await answer.json()) == (200, only)
    assert await asked(http, site, "/people/search", body | {"number": number(90)}) == (200, {"data": []})
    async with http.get(f"{BASE}/people/99999", headers=site.headers(Role.VIEWER)) as answer:
        assert answer.status == 404


async def test_one_request_tells_whether_somebody_was_called_after_they_refused(
    http: aiohttp.ClientSession, site: Site
) -> None:
    look_again(site)
    site.run(lambda inst: stops.stop(inst, number(1), "no more", method="letter"))
    status, found = await asked(http, site, "/people/history", {"number": number(1), "reason": WHY})
    assert status == 200, found
    (refusal,) = found["refusals"]
    assert (refusal["calls_after"], refusal["calls_after_recorded"], refusal["purpose"]) == (0, 0, None)
    assert refusal["seconds_to_last_invite"] < 0
    assert [(call["campaign"], call["outcome"]) for call in found["calls"]] == [(CAMPAIGN, "human")]
    assert found["consents"][0]["wording"]
    assert found["consents"][0]["revoked_at"] is not None
    assert found["suppression"]["via"] == "command line"
    assert "        calls after it: 0" in found["told"]
    assert not WHOLE.search(str(found))
    by_id = f"/people/{person(site, 1)}/history"
    assert (await asked(http, site, by_id, {"reason": WHY}))[1]["refusals"] == [refusal]
    _, chinese = await asked(http, site, by_id, {"reason": WHY}, language="zh")
    assert "        此后的呼叫次数：0" in chinese["told"]
    assert looks(site, WHY) == 3


async def test_a_history_has_the_complaints_and_why_nobody_calls(http: aiohttp.ClientSession, site: Site) -> None:
    look_again(site)
    _, found = await asked(http, site, "/people/history", {"number": number(6), "reason": WHY})
    assert [(case["kind"], case["state"], case["source"]) for case in found["complaints"]] == [
        ("ours", "open", "telephone")
    ]
    assert "They called at night." not in str(found)
    assert "COMPLAINTS" in found["told"]
    _, found = await asked(http, site, "/people/history", {"number": number(8), "reason": WHY})
    assert found["contacts"][0]["reasons"] == ["there is no recorded consent"]
    status, problem = await asked(http, site, "/people/history", {"number": number(91), "reason": WHY})
    assert (status, problem["type"]) == (404, "urn:agi-app:not_found")
    assert number(91) not in str(problem)


async def test_a_list_of_others_that_the_number_is_on_is_told(http: aiohttp.ClientSession, site: Site) -> None:
    look_again(site)
    terms = ListTerms("national", "CN", dt.date(2026, 1, 1), "wang")
    hashes = [site.inst.store.hash_number(number(n)) for n in (5, 95)]
    site.run(lambda inst: replace_list(inst.store, terms, "", hashes, inst.clock.now()))
    _, found = await asked(http, site, "/people/history", {"number": number(5), "reason": WHY})
    assert found["lists"] == [{"name": "national", "region": "CN", "as_of": "2026-01-01"}]


async def test_a_whole_number_is_shown_to_compliance_after_the_look_is_noted(
    http: aiohttp.ClientSession, site: Site
) -> None:
    look_again(site)
    path = f"/people/{person(site, 4)}/reveal"
    for role in Role:
        if role is not Role.COMPLIANCE:
            assert (await asked(http, site, path, {"reason": "curious"}, role))[0] == 403
    assert (await asked(http, site, path, {}))[0] == 400
    assert (await asked(http, site, path, {"reason": " "}))[0] == 400
    assert looks(site, "curious") == 0
    status, found = await asked(http, site, path, {"reason": "asks for a call back"})
    assert (status, found) == (200, {"person_id": person(site, 4), "number": number(4)})
    assert looks(site, "asks for a call back") == 1
    verb = "SELECT count(*) FROM action WHERE verb = 'person reveal' AND account = 'the-compliance'"
    assert counted(site, verb) == 1
    assert (await asked(http, site, "/people/99999/reveal", {"reason": WHY}))[0] == 404


async def test_over_thirty_looks_an_hour_nothing_is_shown_and_the_log_says_so(
    http: aiohttp.ClientSession, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    look_again(site)
    note = "INSERT INTO number_look (person_id, actor) SELECT 1, 'the-compliance' FROM generate_series(1, 30)"
    site.run(lambda inst: inst.store.execute(note))
    before = looks(site, "one more")
    one = person(site, 4)
    for path in (f"/people/{one}/reveal", f"/people/{one}/history", "/people/history", "/people/search"):
        body = {"reason": "one more"} | ({} if str(one) in path else {"number": number(4)})
        status, problem = await asked(http, site, path, body)
        assert (status, problem["type"]) == (429, "urn:agi-app:rate"), path
        assert not WHOLE.search(str(problem))
    assert looks(site, "one more") == before
    assert "the-compliance was refused a look at a number" in caplog.text
    look_again(site)


async def test_the_number_of_an_erased_person_is_nowhere(http: aiohttp.ClientSession, site: Site) -> None:
    look_again(site)
    gone = person(site, 7)
    site.run(lambda inst: erasure.erase(inst, number(7), reason="letter of 2026-01-05"))
    status, found = await asked(http, site, f"/people/{gone}/history", {"reason": WHY})
    assert (status, found["number"], found["consents"]) == (200, f"erased:{gone}", [])
    assert (await asked(http, site, f"/people/{gone}/reveal", {"reason": WHY}))[0] == 422
    assert (await asked(http, site, "/people/search", {"number": number(7), "reason": WHY}))[1] == {"data": []}
