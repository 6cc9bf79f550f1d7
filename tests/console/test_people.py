"""Persons on pages: found by number, masked; history, stop, withdrawal, whole number, proof, erasure, consents."""

from __future__ import annotations

import html
import json
import re

import aiohttp
import pytest

from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.operations.service import audit
from agi_app.store.people import stops
from tests.api.site import CAMPAIGN, Site
from tests.api.test_complaints import worker_works
from tests.console.browser import HTML, PASSWORD, post, sign_in
from tests.store.world import number

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
WHOLE = re.compile(r"\+99986138\d{5,}")
PLANTED = "<script>alert(1)</script>"
AWAY = "UPDATE console_session SET proved_at = proved_at - interval '1 hour'"


@pytest.fixture
async def compliance(site: Site, http: aiohttp.ClientSession) -> aiohttp.ClientSession:
    site.run(lambda inst: inst.store.execute("DELETE FROM number_look"))
    assert (await sign_in(http, "the-compliance")).status == 303
    return http


async def shown(http: aiohttp.ClientSession, path: str, status: int = 200, language: str = "en") -> str:
    async with http.get(path, headers=HTML | {"Accept-Language": language}) as answer:
        text = await answer.text()
        assert answer.status == status, text
        return html.unescape(text)


def counted(site: Site, query: str) -> int:
    async def count(inst: Installation) -> int:
        return await inst.store.value(int, query) or 0

    return site.run(count)


def person(site: Site, n: int) -> int:
    return counted(site, f"SELECT person_id FROM person WHERE e164 = '{number(n)}'")


def stopped(site: Site, n: int) -> bool:
    return site.run(lambda inst: stops.is_suppressed(inst.store, number(n)))


async def test_a_person_is_found_by_number_and_shown_masked(compliance: aiohttp.ClientSession, site: Site) -> None:
    found = await post(compliance, "/people/search", number=number(3), reason="she wrote")
    assert (found.status, found.headers["Location"]) == (303, f"/people/{person(site, 3)}")
    assert counted(site, "SELECT count(*) FROM access_log WHERE reason = 'she wrote'") == 1
    text = await shown(compliance, found.headers["Location"])
    assert "+99986…03" in text
    assert CAMPAIGN in text
    assert not WHOLE.search(text)
    chinese = await shown(compliance, found.headers["Location"], language="zh")
    assert "显示完整号码" in chinese
    nobody = await post(compliance, "/people/search", number=number(90), reason="she wrote")
    assert "Nobody here has this number." in await nobody.text()
    assert (await post(compliance, "/people/search", number=number(3))).status == 422
    assert (await post(compliance, "/people/search", number="x", reason="she wrote")).status == 422
    await shown(compliance, "/people/99999", 404)


async def test_the_history_tells_all_and_is_noted(compliance: aiohttp.ClientSession, site: Site) -> None:
    path = f"/people/{person(site, 1)}/history"
    assert (await post(compliance, path, reason="")).status == 422
    told = await post(compliance, path, reason="complaint 7")
    text = html.unescape(await told.text())
    assert told.status == 200, text
    assert "Consents" in text
    assert CAMPAIGN in text
    assert not WHOLE.search(text)
    assert counted(site, "SELECT count(*) FROM access_log WHERE reason = 'complaint 7'") == 1


async def test_a_stop_holds_at_once_and_a_withdrawal_for_its_purpose(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-operator")).status == 303
    path = f"/people/{person(site, 2)}/stop"
    assert "within a second" in await shown(http, path)
    assert (await post(http, path, reason="")).status == 422
    assert (await post(http, path, reason="she said so", said_at="2999-01-01")).status == 422
    assert not stopped(site, 2)
    one = {"reason": "no reminders", "purpose": "transactional", "method": "letter", "said_at": "2026-01-05"}
    assert (await post(http, path, **one)).headers["Location"].endswith("said=withdrawn")
    kept = "SELECT count(*) FROM revocation WHERE purpose = 'transactional' AND method = 'letter'"
    assert (stopped(site, 2), counted(site, f"{kept} AND entered_by = 'the-operator'")) == (False, 1)
    done = await post(http, path, reason=PLANTED)
    assert done.headers["Location"] == f"/people/{person(site, 2)}?said=stopped"
    assert stopped(site, 2)
    text = await shown(http, done.headers["Location"])
    assert "The stop is in force" in text
    source = await shown(http, "/stops")
    assert "entered by hand" in source
    site.run(worker_works)


async def test_a_number_that_nobody_has_is_stopped(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-operator")).status == 303
    refused = await post(http, "/stops/enter", number="+1", reason="she said so")
    assert refused.status == 422
    done = await post(http, "/stops/enter", number=number(88), reason="she said so", method="telephone")
    assert done.headers["Location"] == "/stops?said=stopped"
    site.run(worker_works)
    assert stopped(site, 88)
    assert "nobody here" in await shown(http, "/stops")
    await sign_in(http, "the-viewer")
    assert (await post(http, "/stops/enter", number=number(89), reason="she said so")).status == 403
    assert not stopped(site, 89)


async def test_a_whole_number_takes_the_password_and_a_reason(compliance: aiohttp.ClientSession, site: Site) -> None:
    path = f"/people/{person(site, 4)}/reveal"
    looks = "SELECT count(*) FROM access_log WHERE reason = 'asks for a call back'"
    site.run(lambda inst: inst.store.execute(AWAY))
    assert "Your password again" in await shown(compliance, path)
    for fields in ({}, {"proof": "wrong"}):
        refused = await post(compliance, path, reason="asks for a call back", **fields)
        assert (refused.status, number(4) in await refused.text(), counted(site, looks)) == (422, False, 0)
    assert (await post(compliance, path, reason="", proof=PASSWORD)).status == 422
    told = await post(compliance, path, reason="asks for a call back", proof=PASSWORD)
    assert (told.status, number(4) in await told.text(), counted(site, looks)) == (200, True, 1)
    for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN):
        await sign_in(compliance, f"the-{role.value}")
        assert (await post(compliance, path, reason="curious", proof=PASSWORD)).status == 403


async def test_the_proof_has_the_rows_and_no_number(compliance: aiohttp.ClientSession, site: Site) -> None:
    site.run(audit.checkpoint)
    path = f"/people/{person(site, 3)}/proof"
    assert (await post(compliance, path, reason="")).status == 422
    answer = await post(compliance, path, reason="the court asks")
    text = await answer.text()
    assert (answer.status, "attachment" in answer.headers["Content-Disposition"]) == (200, True)
    made = json.loads(text)
    assert {one["kind"] for one in made["proofs"]} >= {"person", "wording", "consent"}
    assert (made["not_sealed_yet"], sorted(made["story"])) == ([], ["en", "zh"])
    assert not WHOLE.search(text)
    assert counted(site, "SELECT count(*) FROM access_log WHERE reason = 'the court asks'") == 1


async def test_a_person_is_erased_after_the_check_and_the_password(
    compliance: aiohttp.ClientSession, site: Site
) -> None:
    one = person(site, 8)
    path, contact = f"/people/{one}/erase", f"SELECT external_id FROM contact WHERE person_id = {one}"
    typed = site.run(lambda inst: inst.store.the_value(str, contact, None, "none"))
    assert "keyed hash" in await shown(compliance, path)
    site.run(lambda inst: inst.store.execute(AWAY))
    before = counted(site, "SELECT count(*) FROM ask")
    assert (await post(compliance, path, typed=typed, reason="letter of today")).status == 422
    for wrong in ("c-999", "", number(4)):
        assert (await post(compliance, path, typed=wrong, reason="letter of today", proof=PASSWORD)).status == 422
    assert (counted(site, "SELECT count(*) FROM ask"), stopped(site, 8)) == (before, False)
    asked = await post(compliance, path, typed=typed, reason="letter of today", proof=PASSWORD)
    assert (asked.status, stopped(site, 8)) == (303, True)
    site.run(worker_works)
    text = await shown(compliance, asked.headers["Location"])
    assert "What stays, and until when" in text
    assert counted(site, f"SELECT count(*) FROM person WHERE e164 = '{number(8)}'") == 0
    assert "erased" in await shown(compliance, f"/people/{one}")


async def test_a_consent_is_entered_with_its_exact_words(compliance: aiohttp.ClientSession, site: Site) -> None:
    assert "form/1" in await shown(compliance, "/consents")
    given = {"number": number(7), "purpose": "transactional", "method": "signed form", "source": "desk"}
    words = f"I agree to {PLANTED} reminders."
    for wrong in ({}, {"wording": "x", "number": "12"}, {"wording": words, "method": ""}):
        refused = await post(compliance, "/consents", **(given | wrong))
        assert (refused.status, PLANTED in await refused.text()) == (422, False)
    asked = await post(compliance, "/consents", **given, wording=words)
    assert asked.status == 303, await asked.text()
    site.run(worker_works)
    assert "recorded and stamped" in await shown(compliance, asked.headers["Location"])
    assert counted(site, "SELECT count(*) FROM wording WHERE text LIKE 'I agree to <script>%'") == 1
    told = await post(compliance, f"/people/{person(site, 7)}/history", reason="complaint 7")
    source = await told.text()
    assert (PLANTED in source, words in html.unescape(source)) == (False, True)
    await sign_in(compliance, "the-operator")
    assert (await post(compliance, "/consents", **given, wording=words)).status == 403
