"""Requests with an effect: done once, all or nothing, and a stop is in force or refused."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import pytest

from agi_app.api.client import ApiProblem, Client
from agi_app.api.resources.stops import StopGiven
from agi_app.api.routes import BASE
from agi_app.errors import StoreError
from agi_app.model.actors import Role, Scope
from agi_app.store.database.pool import Store
from agi_app.store.people import entered_stops, stops
from agi_app.store.service import api_answers
from tests.api.site import CAMPAIGN, Json, Site, token_of
from tests.store.world import number

pytestmark = pytest.mark.postgres
WRITTEN = {"Content-Type": "application/json"}


async def sent(
    http: aiohttp.ClientSession, site: Site, body: object, role: Role = Role.OPERATOR, path: str = "/stops", **more: str
) -> tuple[int, Json]:
    headers = site.headers(role) | {name.replace("_", "-"): text for name, text in more.items()}
    async with http.post(BASE + path, json=body, headers=headers) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


def rows(site: Site, query: str) -> int:
    async def count() -> int:
        return await site.inst.store.value(int, query) or 0

    return site.run(lambda _: count())


def entered(site: Site, n: int) -> int:
    return rows(site, f"SELECT count(*) FROM entered_stop WHERE e164 = '{number(n)}'")


async def test_a_stop_is_in_force_when_it_is_answered(http: aiohttp.ClientSession, site: Site) -> None:
    open_before = rows(
        site, f"SELECT count(*) FROM attempt a JOIN person p USING (person_id) WHERE e164 = '{number(2)}'"
    )
    assert open_before == 1
    status, found = await sent(http, site, {"number": number(2), "method": "letter"})
    assert (status, found["number"], found["purpose"]) == (201, "+99986…02", None)
    assert site.run(lambda inst: stops.is_suppressed(inst.store, number(2)))
    by = "SELECT count(*) FROM revocation WHERE entered_by = 'the-operator' AND method = 'letter'"
    assert rows(site, by) == 1


async def test_a_stop_is_numbered_as_entered_and_listed_under_its_own_id(
    http: aiohttp.ClientSession, site: Site
) -> None:
    """The two numbers are of two things, and no field says that one is the other."""
    await sent(http, site, {"number": number(63)})  # nobody here has it: entered, and not on the list yet
    status, found = await sent(http, site, {"number": number(8)})
    assert (status, set(found)) == (201, {"entered_stop", "number", "purpose"})
    async with http.get(f"{BASE}/stops?limit=1", headers=site.headers(Role.OPERATOR)) as answer:
        (newest,) = (await answer.json())["data"]
    assert "entered_stop" not in newest
    assert rows(site, f"SELECT person_id FROM person WHERE e164 = '{number(8)}'") == newest["person_id"]


async def test_a_stop_of_one_purpose_leaves_the_rest(http: aiohttp.ClientSession, site: Site) -> None:
    status, found = await sent(http, site, {"number": number(3), "purpose": "survey"})
    assert (status, found["purpose"]) == (201, "survey")
    assert not site.run(lambda inst: stops.is_suppressed(inst.store, number(3)))


async def test_a_list_is_taken_as_a_whole_or_not_at_all(http: aiohttp.ClientSession, site: Site) -> None:
    many = {"numbers": [number(60), number(61), number(60)]}
    assert await sent(http, site, many, path="/stops/lists") == (201, {"stops": 2})
    status, problem = await sent(http, site, {"numbers": [number(62), "+12015550"]}, path="/stops/lists")
    assert (status, problem["type"]) == (422, "urn:agi-app:refused")
    assert "+12015550" not in problem["detail"]
    assert (entered(site, 60), entered(site, 61), entered(site, 62)) == (1, 1, 0)


async def test_a_key_that_comes_again_gets_the_same_answer_and_nothing_twice(
    http: aiohttp.ClientSession, site: Site
) -> None:
    stop = {"number": number(20), "reason": "Too early."}
    first = await sent(http, site, stop, Idempotency_Key="letter-1")
    assert await sent(http, site, stop, Idempotency_Key="letter-1") == first
    assert entered(site, 20) == 1
    status, problem = await sent(http, site, {**stop, "reason": "Other."}, Idempotency_Key="letter-1")
    assert (status, problem["type"]) == (422, "urn:agi-app:key_reused")
    status, other = await sent(http, site, stop, Role.ADMIN, Idempotency_Key="letter-1")
    assert (status, other["entered_stop"] != first[1]["entered_stop"]) == (201, True)  # the key of another account


async def test_an_answer_is_forgotten_after_a_day(http: aiohttp.ClientSession, site: Site) -> None:
    stop = {"number": number(26)}
    first = await sent(http, site, stop, Idempotency_Key="old")
    age = "UPDATE api_answer SET answered_at = answered_at - interval '25 hours' WHERE key = 'old'"
    site.run(lambda inst: inst.store.execute(age))
    assert (await sent(http, site, stop, Idempotency_Key="old"))[1]["entered_stop"] != first[1]["entered_stop"]


async def test_a_key_is_free_again_when_nothing_was_done(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sent(http, site, {"number": "+12015550"}, Idempotency_Key="k2"))[0] == 422
    assert (await sent(http, site, {"number": number(22)}, Idempotency_Key="k2"))[0] == 201


async def test_twenty_at_once_with_one_key_have_one_effect(http: aiohttp.ClientSession, site: Site) -> None:
    stop = {"number": number(23)}
    found = await asyncio.gather(*(sent(http, site, stop, Idempotency_Key="race") for _ in range(20)))
    assert {status for status, _ in found} <= {201, 409}
    assert len({answer["entered_stop"] for status, answer in found if status == 201}) == 1
    assert entered(site, 23) == 1


async def test_the_answer_is_kept_with_the_effect_or_neither_is(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last statement of the transaction fails, as in a crash before the commit."""

    async def crash(*_: object) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(api_answers, "keep", crash)
    assert (await sent(http, site, {"number": number(24)}, Idempotency_Key="crash"))[0] == 503
    assert entered(site, 24) == 0


async def test_a_stop_whose_effect_was_cut_short_takes_effect_when_it_is_sent_again(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise StoreError("gone")

    stop = {"number": number(4)}
    with monkeypatch.context() as broken:
        broken.setattr(entered_stops, "take_effect", crash)
        assert (await sent(http, site, stop, Idempotency_Key="cut"))[0] == 503
    assert (await sent(http, site, stop, Idempotency_Key="cut"))[0] == 201
    assert site.run(lambda inst: stops.is_suppressed(inst.store, number(4)))
    assert entered(site, 4) == 1


async def test_while_the_database_is_away_a_stop_is_refused_with_the_command_that_works(
    http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreError("no connection")

    def kept() -> set[str]:
        return {str(file) for file in site.inst.settings.data.rglob("*") if file.name.startswith("refusals")}

    before = kept()
    for name in ("the_value", "records", "rows"):
        monkeypatch.setattr(Store, name, away)
        status, problem = await sent(http, site, {"number": number(25)})
        assert (status, problem["type"]) == (503, "urn:agi-app:database_away")
        assert problem["command"] == "agi-app stop NUMBER"
        assert number(25) not in str(problem)
    monkeypatch.undo()
    assert (kept(), entered(site, 25)) == (before, 0)  # nothing is queued in silence


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"number": "+999861380000040", "number": "+999861380000041"}', WRITTEN, 400),
        (b'{"number": "+999861380000040", "x": 1}', WRITTEN, 400),
        (b'{"number": 999861380000040}', WRITTEN, 400),
        (b'{"number": "+999861380000040"', WRITTEN, 400),
        (b"[" * 100_000, WRITTEN, 400),
        (b'{"number": "+999861380000040", "reason": "a\\u0000b"}', WRITTEN, 400),
        (b'{"number": "\xff"}', WRITTEN, 400),
        (b"", WRITTEN, 400),
        (b"number=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"reason": "' + b"x" * 3_000_000 + b'"}', WRITTEN, 413),
    ],
)
async def test_a_body_that_is_not_as_the_document_says_is_refused(
    http: aiohttp.ClientSession, site: Site, body: bytes, headers: dict[str, str], status: int
) -> None:
    headers = site.headers(Role.OPERATOR) | headers
    async with http.post(f"{BASE}/stops", data=io.BytesIO(body), headers=headers) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
    assert entered(site, 40) == 0


async def test_who_did_it_is_the_owner_of_the_token(http: aiohttp.ClientSession, site: Site) -> None:
    await sent(http, site, {"number": number(31)}, Role.COMPLIANCE)
    query = "SELECT count(*) FROM action WHERE verb = 'stop entered' AND account = 'the-compliance' AND token = '{}'"
    assert rows(site, query.format(site.ids[Role.COMPLIANCE])) > 0


async def test_the_client_says_what_was_done_and_why_not(site: Site) -> None:
    async with Client(site.url, site.tokens[Role.OPERATOR]) as api:
        assert (await api.me()).account == "the-operator"
        assert CAMPAIGN in [one.name async for one in api.campaigns()]
        assert (await api.figures(CAMPAIGN)).contacts == 8
        assert (await api.stop(StopGiven(number=number(51)), key="client-1")).number == "+99986…51"
    async with Client(site.url, site.tokens[Role.VIEWER]) as api:
        with pytest.raises(ApiProblem) as refused:
            await api.stop(StopGiven(number=number(50)))
        assert refused.value.answer.type == "urn:agi-app:forbidden"


async def test_an_ask_waits_for_a_worker_and_starts_nothing_by_itself(http: aiohttp.ClientSession, site: Site) -> None:
    path = f"/campaigns/{CAMPAIGN}/asks"
    status, made = await sent(http, site, {"verb": "stop", "reason": "wrong list"}, path=path, Idempotency_Key="ask-1")
    assert status == 202
    again = await sent(http, site, {"verb": "stop", "reason": "wrong list"}, path=path, Idempotency_Key="ask-1")
    assert again == (202, made)
    async with http.get(f"{BASE}/asks/{made['ask']}", headers=site.headers(Role.VIEWER)) as answer:
        found = await answer.json()
    assert (found["state"], found["verb"], found["account"]) == ("waiting", "stop", "the-operator")
    assert "no worker runs" in found["note"]
    assert rows(site, "SELECT count(*) FROM campaign WHERE state = 'running'") == 1
    status, problem = await sent(http, site, {"verb": "start", "reason": "go on"}, Role.COMPLIANCE, path=path)
    assert (status, problem["type"]) == (403, "urn:agi-app:forbidden")


async def test_a_token_that_may_pause_and_nothing_else_pauses(http: aiohttp.ClientSession, site: Site) -> None:
    """Pausing and approving take no look at figures."""
    pausing = await asyncio.to_thread(site.run, lambda inst: token_of(inst, Role.OPERATOR, Scope.CAMPAIGNS_PAUSE))
    approving = await asyncio.to_thread(site.run, lambda inst: token_of(inst, Role.SUPERVISOR, Scope.CAMPAIGNS_APPROVE))
    pause, approval = {"verb": "pause", "reason": "wrong prompt"}, {"request": 999, "secret": "correct horse battery"}
    for token, path, body, there in ((pausing, "asks", pause, 202), (approving, "approvals", approval, 422)):
        headers = {"Authorization": f"Bearer {token}"}
        for name, status in ((CAMPAIGN, there), ("no-such", 404)):
            async with http.post(f"{BASE}/campaigns/{name}/{path}", json=body, headers=headers) as answer:
                assert answer.status == status


async def test_an_approval_is_sealed_to_a_worker_and_starts_nothing_by_itself(
    http: aiohttp.ClientSession, site: Site
) -> None:
    """The secret is in no row; an operator approves nothing, and an older request is not approved by a new secret."""
    path, secret = f"/campaigns/{CAMPAIGN}/approvals", "correct horse battery"
    status, made = await sent(http, site, {"request": 1, "secret": secret}, Role.COMPLIANCE, path=path)
    assert status == 202
    async with http.get(f"{BASE}/approvals/asks/{made['ask']}", headers=site.headers(Role.COMPLIANCE)) as answer:
        assert (await answer.json())["state"] == "waiting"
    assert rows(site, "SELECT count(*) FROM approval") == 0
    sealed = "SELECT count(*) FROM open_ask WHERE position(convert_to('horse', 'UTF8') IN sealed) > 0"
    assert rows(site, sealed) == 0
    assert (await sent(http, site, {"request": 1, "secret": secret}, Role.OPERATOR, path=path))[0] == 403
    for request, expected in ((77, 422), (77.0, 422), (1.5, 400), ("1", 400)):  # 77.0 is an integer of JSON
        body = {"request": request, "secret": secret}
        assert (await sent(http, site, body, Role.COMPLIANCE, path=path))[0] == expected
    assert (await sent(http, site, {"request": 1}, Role.COMPLIANCE, path=path))[0] == 400


async def test_a_consent_is_an_ask_until_a_worker_stamps_it(http: aiohttp.ClientSession, site: Site) -> None:
    before = rows(site, "SELECT count(*) FROM consent")
    given = {"number": number(8), "purpose": "survey", "wording": "I agree.", "method": "form", "source": "desk"}
    status, _ = await sent(http, site, given, Role.COMPLIANCE, path="/consents")
    assert (status, rows(site, "SELECT count(*) FROM consent")) == (202, before)
    assert (await sent(http, site, given, Role.OPERATOR, path="/consents"))[0] == 403
    assert (await sent(http, site, {**given, "wording": ""}, Role.COMPLIANCE, path="/consents"))[0] == 400


async def test_a_secret_is_shown_once_and_kept_nowhere_else(http: aiohttp.ClientSession, site: Site) -> None:
    hook = {"url": "https://hooks.example/once", "types": ["person.stopped"]}
    status, first = await sent(http, site, hook, Role.ADMIN, path="/webhooks", Idempotency_Key="hook-1")
    assert (status, first["secret"][:6]) == (201, "whsec_")
    _, again = await sent(http, site, hook, Role.ADMIN, path="/webhooks", Idempotency_Key="hook-1")
    assert (again["webhook"], again["secret"]) == (first["webhook"], "")
    secret = first["secret"].removeprefix("whsec_")
    assert rows(site, f"SELECT count(*) FROM api_answer WHERE convert_from(body, 'UTF8') LIKE '%{secret}%'") == 0


async def test_what_somebody_else_changed_is_not_overwritten(http: aiohttp.ClientSession, site: Site) -> None:
    hook = {"url": "https://hooks.example/edited", "types": ["person.stopped"]}
    _, made = await sent(http, site, hook, Role.ADMIN, path="/webhooks")
    path, headers = f"{BASE}/webhooks/{made['webhook']['endpoint_id']}", site.headers(Role.ADMIN)
    async with http.get(path, headers=headers) as answer:
        seen = answer.headers["ETag"]
    for match, status in ((None, 428), (seen, 200), (seen, 412), ('"0"', 412), ("*", 200)):
        more = {} if match is None else {"If-Match": match}
        async with http.patch(path, json={"enabled": False}, headers=headers | more) as answer:
            assert answer.status == status, match
    for status in (204, 404):
        async with http.delete(path, headers=headers | {"If-Match": "*"}) as answer:
            assert answer.status == status


async def test_a_receiver_inside_is_refused(http: aiohttp.ClientSession, site: Site) -> None:
    for url in ("https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x"):
        status, _ = await sent(http, site, {"url": url, "types": ["*"]}, Role.ADMIN, path="/webhooks")
        assert status == 422, url


async def test_a_report_is_a_job_of_who_asked_and_made_by_a_worker(http: aiohttp.ClientSession, site: Site) -> None:
    wanted = {"since": "2026-03-01", "until": "2026-03-31", "zone": "Asia/Shanghai", "format": "csv"}
    status, made = await sent(http, site, wanted, Role.VIEWER, path="/exports", Idempotency_Key="job-1")
    assert status == 202
    assert await sent(http, site, wanted, Role.VIEWER, path="/exports", Idempotency_Key="job-1") == (202, made)
    for role, jobs in ((Role.VIEWER, [made["job"]]), (Role.OPERATOR, []), (Role.COMPLIANCE, [made["job"]])):
        async with http.get(f"{BASE}/jobs", headers=site.headers(role)) as answer:
            found = (await answer.json())["data"]
            assert [job["job_id"] for job in found if job["asked_by"] != "the-compliance"] == jobs, role


async def test_a_whole_number_may_be_written_with_a_point(http: aiohttp.ClientSession, site: Site) -> None:
    headers = site.headers(Role.COMPLIANCE) | WRITTEN
    for row, status in (("1.0", 200), ("1e0", 200), ("1.5", 400), ("1e999", 400)):
        body = f'{{"kind": "consent", "row": {row}}}'
        async with http.post(f"{BASE}/audit/proof", data=body, headers=headers) as answer:
            assert answer.status == status, row
