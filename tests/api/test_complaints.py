"""Complaints and withdrawals by the API: the stop holds at once and waits for no role, the case is a worker's."""

from __future__ import annotations

from functools import partial

import aiohttp
import pytest

from agi_app import asked
from agi_app.api.routes import BASE
from agi_app.clock import Clock
from agi_app.consent.opt_outs import Stops
from agi_app.dialer.worker.asks import Asks
from agi_app.errors import StoreError
from agi_app.installation import Installation
from agi_app.model.actors import Role, Scope
from agi_app.store.database.pool import Store
from agi_app.store.people import stops
from tests.api.site import CAMPAIGN, Json, Site, token_of
from tests.api.test_writing import rows, sent
from tests.store.world import number

pytestmark = pytest.mark.postgres
TEXT = "They called me at night, three times."


async def worker_works(inst: Installation) -> None:
    """All that waits is taken."""
    keep = Stops(inst.store, inst.journal, Clock(), "node-1").keep
    worker = Asks(inst.store, "node-1", keep, partial(asked.prepare, inst), partial(asked.do, inst))
    await worker.keep_stops()
    await worker.take_all()


async def shown(http: aiohttp.ClientSession, site: Site, path: str, role: Role = Role.COMPLIANCE) -> tuple[int, Json]:
    async with http.get(BASE + path, headers=site.headers(role)) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


def stopped(site: Site, n: int) -> bool:
    return site.run(lambda inst: stops.is_suppressed(inst.store, number(n)))


def cases(site: Site) -> int:
    return rows(site, "SELECT count(*) FROM complaint")


async def test_a_complaint_stops_at_once_and_a_worker_opens_the_case(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"number": number(2), "text": TEXT, "source": "letter", "campaign": CAMPAIGN}
    before = cases(site)
    status, made = await sent(http, site, given, Role.COMPLIANCE, "/complaints", Idempotency_Key="letter-7")
    assert status == 202
    assert await sent(http, site, given, Role.COMPLIANCE, "/complaints", Idempotency_Key="letter-7") == (202, made)
    assert (stopped(site, 2), cases(site)) == (True, before)
    how = "SELECT count(*) FROM revocation WHERE reason = 'complained about a call' AND method = 'letter'"
    assert rows(site, how) == 1
    ask = f"/complaints/asks/{made['ask']}"
    assert (await shown(http, site, ask))[1]["state"] == "waiting"
    site.run(worker_works)
    _, found = await shown(http, site, ask)
    assert (found["state"], cases(site)) == ("done", before + 1)
    status, case = await shown(http, site, f"/complaints/{found['case']}")
    assert (status, case["text"], case["number"], case["state"]) == (200, TEXT, "+99986…02", "open")
    assert (case["campaign"], case["source"], case["entered_by"]) == (CAMPAIGN, "letter", "the-compliance")
    assert number(2) not in str(case)
    left = "SELECT count(*) FROM ask k WHERE kind = 'complaint' AND (k::text LIKE '%night%' OR k::text LIKE '%+99986%')"
    assert rows(site, left) == 0  # what stays says nothing about anybody
    assert rows(site, "SELECT count(*) FROM open_ask WHERE private::text LIKE '%night%'") == 0


async def test_a_case_is_answered_and_closed_by_notes(http: aiohttp.ClientSession, site: Site) -> None:
    for text, state in (("We wrote back.", "answered"), ("She is content.", "closed"), ("Filed.", None)):
        path = "/complaints/1/notes"
        status, made = await sent(http, site, {"text": text, "state": state}, Role.COMPLIANCE, path)
        assert status == 202
        site.run(worker_works)
        _, found = await shown(http, site, f"/complaints/asks/{made['ask']}")
        assert (found["state"], found["case"]) == ("done", 1)
    _, case = await shown(http, site, "/complaints/1")
    assert [(note["text"], note["state"], note["entered_by"]) for note in case["notes"]] == [
        ("We wrote back.", "answered", "the-compliance"),
        ("She is content.", "closed", "the-compliance"),
        ("Filed.", "closed", "the-compliance"),
    ]
    assert (case["state"], case["late"]) == ("closed", False)
    assert (await sent(http, site, {"text": "x"}, Role.COMPLIANCE, "/complaints/999/notes"))[0] == 404
    assert (await shown(http, site, "/complaints/999"))[0] == 404


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN])
async def test_who_may_open_no_case_stops_the_calls_all_the_same(
    http: aiohttp.ClientSession, site: Site, role: Role
) -> None:
    n = {Role.OPERATOR: 1, Role.SUPERVISOR: 3, Role.ADMIN: 4}[role]
    before = rows(site, "SELECT count(*) FROM ask")
    for _ in range(2):  # the second time by its key
        given = {"number": number(n), "text": TEXT}
        status, problem = await sent(http, site, given, role, "/complaints", Idempotency_Key=f"c-{n}")
        assert (status, problem["type"]) == (403, "urn:agi-app:forbidden")
        assert "the stop was taken" in problem["detail"]
    assert stopped(site, n)
    assert rows(site, f"SELECT count(*) FROM entered_stop WHERE e164 = '{number(n)}'") == 1
    assert rows(site, "SELECT count(*) FROM ask") == before
    wants = {"number": number(8), "text": TEXT, "take_stop": False}
    status, problem = await sent(http, site, wants, role, "/complaints")
    assert (status, "the stop was taken" in problem["detail"]) == (403, False)
    assert not stopped(site, 8)


async def test_a_viewer_and_an_agent_stop_nobody_by_it(http: aiohttp.ClientSession, site: Site) -> None:
    for role in (Role.VIEWER, Role.AGENT):
        assert (await sent(http, site, {"number": number(8), "text": TEXT}, role, "/complaints"))[0] == 403
        assert (await sent(http, site, {"number": number(8)}, role, "/withdrawals"))[0] == 403
        assert (await shown(http, site, "/complaints/1", role))[0] == 403
    assert not stopped(site, 8)


async def test_a_complaint_without_a_stop_takes_none(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"number": number(8), "text": TEXT, "take_stop": False}
    status, made = await sent(http, site, given, Role.COMPLIANCE, "/complaints")
    assert (status, made["entered_stop"]) == (202, None)
    site.run(worker_works)
    assert (await shown(http, site, f"/complaints/asks/{made['ask']}"))[1]["state"] == "done"
    assert not stopped(site, 8)


async def test_what_a_worker_refuses_leaves_the_stop(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"number": number(80), "text": TEXT, "campaign": "no-such-campaign"}
    before = cases(site)
    status, made = await sent(http, site, given, Role.COMPLIANCE, "/complaints")
    site.run(worker_works)
    _, found = await shown(http, site, f"/complaints/asks/{made['ask']}")
    assert (status, found["state"], found["case"]) == (202, "refused", None)
    assert "no-such-campaign" in found["told"]
    assert (cases(site), stopped(site, 80)) == (before, True)


async def test_a_worker_opens_no_case_for_a_token_that_has_ended(http: aiohttp.ClientSession, site: Site) -> None:
    token = site.run(lambda inst: token_of(inst, Role.COMPLIANCE, Scope.STOPS_ENTER, Scope.COMPLAINTS_CHANGE))
    headers, before = {"Authorization": f"Bearer {token}"}, cases(site)
    async with http.post(f"{BASE}/complaints", json={"number": number(81), "text": TEXT}, headers=headers) as answer:
        made = await answer.json()
        assert answer.status == 202
    end = f"UPDATE api_token SET ended_at = now() WHERE token_id = '{token.split('_')[1]}'"
    site.run(lambda inst: inst.store.execute(end))
    site.run(worker_works)
    assert (await shown(http, site, f"/complaints/asks/{made['ask']}"))[1]["state"] == "refused"
    assert (cases(site), stopped(site, 81)) == (before, True)


async def test_a_case_about_calls_of_others_stops_nobody(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"caller": "021 1234567", "on": number(8), "times": ["2026-01-05T09:00:00+08:00"], "text": "A loan."}
    status, made = await sent(http, site, given, Role.COMPLIANCE, "/complaints/received")
    assert status == 202
    site.run(worker_works)
    _, found = await shown(http, site, f"/complaints/asks/{made['ask']}")
    _, case = await shown(http, site, f"/complaints/{found['case']}")
    assert (case["kind"], case["details"]["caller"]) == ("received", "021 1234567")
    assert not stopped(site, 8)
    assert (await sent(http, site, given, Role.OPERATOR, "/complaints/received"))[0] == 403


async def test_a_withdrawal_holds_at_once_for_its_purpose(http: aiohttp.ClientSession, site: Site) -> None:
    given = {"number": number(5), "purpose": "transactional", "method": "letter", "reason": "no reminders"}
    status, made = await sent(http, site, given, path="/withdrawals")
    assert (status, made["number"], made["purpose"]) == (201, "+99986…05", "transactional")
    query = (
        "SELECT count(*) FROM revocation WHERE purpose = 'transactional' AND method = 'letter' AND entered_by = '{}'"
    )
    assert rows(site, query.format("the-operator")) == 1
    assert not stopped(site, 5)
    assert (await sent(http, site, {"number": number(5)}, path="/withdrawals"))[0] == 201
    assert stopped(site, 5)


async def test_while_the_database_is_away_nothing_is_kept_and_the_command_is_told(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreError("no connection")

    before = rows(site, "SELECT count(*) FROM ask")
    for path, more in (("/withdrawals", {"purpose": "survey"}), ("/complaints", {"text": TEXT})):
        for name in ("the_value", "records", "rows"):
            with monkeypatch.context() as broken:
                broken.setattr(Store, name, away)
                status, problem = await sent(http, site, {"number": number(82), **more}, Role.COMPLIANCE, path)
            assert (status, problem["command"]) == (503, "agi-app stop NUMBER"), path
            assert number(82) not in str(problem)
    assert rows(site, f"SELECT count(*) FROM entered_stop WHERE e164 = '{number(82)}'") == 0
    assert rows(site, "SELECT count(*) FROM ask") == before
