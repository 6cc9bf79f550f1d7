"""Who did what, reports as files, calling rules and proof: what they show to whom, and what they must not."""

from __future__ import annotations

import html

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.operations.calling import pauses
from agi_app.operations.reporting import jobs
from agi_app.operations.service import accounts
from tests.api.site import CAMPAIGN, Site
from tests.console.browser import HTML, PASSWORD, post, sign_in
from tests.store.world import number

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
PLANTED = "<script>alert(1)</script>\u0627\u0644😀 \"'&"
PEOPLE = [number(n) for n in range(1, 10)]
DAYS = {"since": "2020-01-01", "until": "2099-12-31", "zone": "Asia/Shanghai"}


@pytest.fixture
async def compliance(site: Site, http: aiohttp.ClientSession) -> aiohttp.ClientSession:
    assert (await sign_in(http, "the-compliance")).status == 303
    return http


async def shown(http: aiohttp.ClientSession, path: str, language: str = "en") -> str:
    async with http.get(path, headers=HTML | {"Accept-Language": language}) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert "<script>alert" not in text
        return html.unescape(text)


async def test_who_did_what_has_each_action_with_its_words(compliance: aiohttp.ClientSession, site: Site) -> None:
    site.run(lambda inst: pauses.pause_all(inst, PLANTED))
    site.run(lambda inst: pauses.resume_all(inst, "mended"))
    text = await shown(compliance, "/records/actions")
    assert PLANTED in text
    assert "resume everything" in text
    assert "全部暂停" in await shown(compliance, "/records/actions", "zh-CN")
    assert not [one for one in PEOPLE if one in text]
    found = await (await compliance.get("/records/actions?limit=2", headers=JSON)).json()
    assert [one["verb"] for one in found["data"]] == ["resume everything", "pause everything"] or found["next"]
    older = await (await compliance.get(f"/records/actions?limit=2&after={found['next']}", headers=JSON)).json()
    assert older["data"][0]["id"] < found["data"][-1]["id"]
    assert f"after={found['next']}" in await shown(compliance, "/records/actions?limit=2")


async def test_who_did_what_of_one_account_and_of_one_object(compliance: aiohttp.ClientSession, site: Site) -> None:
    mine = await (await compliance.get("/records/actions?account=the-compliance", headers=JSON)).json()
    assert {one["account"] for one in mine["data"]} == {"the-compliance"}
    of = await (await compliance.get("/records/actions?object=the-agent", headers=JSON)).json()
    assert {one["object"] for one in of["data"]} == {"the-agent"}
    assert "Nothing of that was ever done." in await shown(compliance, "/records/actions?account=nobody-here")
    assert (await compliance.get("/records/actions?account=a%20b", headers=HTML)).status == 400
    assert (await compliance.get("/records/actions?after=nonsense", headers=HTML)).status == 422


async def test_a_report_is_asked_for_made_and_taken(operator: aiohttp.ClientSession, site: Site) -> None:
    wrong = await post(operator, "/reports", **DAYS | {"until": "not a day"})
    assert (wrong.status, "until" in await wrong.text()) == (422, True)
    assert (await post(operator, "/reports", **DAYS | {"campaign": "nothing-such"})).status == 422
    place = (await post(operator, "/reports", **DAYS, format="csv", campaign=CAMPAIGN)).headers["Location"]
    assert "waits to be made" in await shown(operator, place)
    site.run(jobs.run_next)
    text = await shown(operator, place)
    found = await (await operator.get(place, headers=JSON)).json()
    assert (found["state"], found["sha256"] in text) == ("done", True)
    async with operator.get(f"{place}/file") as file:
        content = await file.text()
        assert (file.status, "attachment" in file.headers["Content-Disposition"]) == (200, True)
    assert CAMPAIGN in content
    assert not [one for one in PEOPLE if one in content]
    assert "job fetch" in [one.verb for one in site.run(lambda inst: accounts.done(inst, account="the-operator"))]
    assert (await post(operator, f"{place}/delete")).headers["Location"] == "/reports?said=deleted"
    assert "is deleted" in await shown(operator, "/reports?said=deleted")
    assert (await operator.get(place, headers=HTML)).status == 422


async def test_a_day_is_exported_by_one_button_that_says_what_it_will_do(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    day = (await (await operator.get("/", headers=JSON)).json())["day"]
    assert (day["calls"], day["more"], day["zone"]) == (1, False, "UTC")
    text = await shown(operator, "/")
    for said in (f"made on {day['day']} (UTC) until now: 1.", "masked", f"report calls --since {day['day']}"):
        assert said in text
    assert "今日呼叫" in await shown(operator, "/", "zh")
    place = (await post(operator, "/reports/day", day=day["day"], zone="UTC", format="csv")).headers["Location"]
    site.run(jobs.run_next)
    assert "Take the file (csv)" in await shown(operator, place)
    async with operator.get(f"{place}/file") as file:
        content = await file.text()
    assert len(content.strip().splitlines()) == 1 + day["calls"]
    assert not [one for one in PEOPLE if one in content]
    asked = [
        one.object
        for one in site.run(lambda inst: accounts.done(inst, account="the-operator"))
        if one.verb == "job ask"
    ]
    assert f"{day['day']} to {day['day']}, UTC" in asked
    assert (await post(operator, f"{place}/delete")).status == 303


async def test_another_day_says_how_many_it_had_and_a_wrong_one_makes_nothing(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    before = len(site.run(jobs.jobs))
    text = await shown(operator, "/reports/day?day=2021-02-03&zone=Asia/Shanghai")
    assert "made on 2021-02-03 (Asia/Shanghai) until now: 0." in text
    assert (await operator.get("/reports/day?day=yesterday", headers=HTML)).status == 400
    assert (await operator.get("/reports/day?zone=Mars/Here", headers=HTML)).status == 422
    for wrong in ({"day": "x", "zone": "UTC"}, {"day": "2026-01-01", "zone": "Mars/Here"}, {}):
        assert (await post(operator, "/reports/day", **wrong)).status == 422
    assert len(site.run(jobs.jobs)) == before


async def test_the_jobs_of_others_are_for_who_may_have_whole_numbers(
    operator: aiohttp.ClientSession, site: Site
) -> None:
    (last, *_) = site.run(jobs.jobs)
    assert last.asked_by == "the-compliance"
    assert "No report was asked for" in await shown(operator, "/reports")
    for path in ("", "/file"):
        assert (await operator.get(f"/reports/jobs/{last.job_id}{path}", headers=HTML)).status == 403
    assert (await post(operator, f"/reports/jobs/{last.job_id}/delete")).status == 403
    assert (await operator.get("/reports/whole", headers=HTML)).status == 403


async def test_whole_numbers_take_a_reason_and_the_password(compliance: aiohttp.ClientSession, site: Site) -> None:
    before = len(site.run(jobs.jobs))
    assert (await post(compliance, "/reports/whole", **DAYS, reason="")).status == 422
    site.run(_long_ago)
    unproved = await post(compliance, "/reports/whole", **DAYS, reason="the regulator asked")
    assert (unproved.status, "password again" in await unproved.text()) == (422, True)
    wrong = await post(compliance, "/reports/whole", **DAYS, reason="the regulator asked", proof="not it at all")
    assert wrong.status == 422
    assert len(site.run(jobs.jobs)) == before
    made = await post(compliance, "/reports/whole", **DAYS, reason="the regulator asked", proof=PASSWORD)
    place = made.headers["Location"]
    site.run(jobs.run_next)
    async with compliance.get(f"{place}/file", headers=HTML) as file:
        assert file.status == 409  # it lies with the worker alone
        assert "agi-app report job" in await file.text()


async def _long_ago(inst: object) -> None:
    await inst.store.execute("UPDATE console_session SET proved_at = proved_at - interval '6 minutes'")  # type: ignore[attr-defined]


async def test_a_quarter_has_figures_and_a_picture(operator: aiohttp.ClientSession) -> None:
    empty = await shown(operator, "/reports/quarter?quarter=2021Q1")
    assert "Nothing happened" in empty
    found = await (await operator.get("/reports/quarter", headers=JSON)).json()
    text = await shown(operator, "/reports/quarter")
    assert found["data"][0]["what"] in ("call", "refused", "stop")
    assert '<svg class="chart"' in text
    assert (await operator.get("/reports/quarter?quarter=2026Q9", headers=HTML)).status == 400
    asked = await post(operator, "/reports/quarter", quarter="2026Q1", zone="UTC", format="xlsx")
    assert asked.headers["Location"].startswith("/reports/jobs/")
    assert "No file was imported." in await shown(operator, "/reports/imports?kind=guard")


async def test_rules_say_what_is_law_and_what_a_moment_would_be(operator: aiohttp.ClientSession) -> None:
    text = await shown(operator, "/records/rules?region=US")
    assert "US-FL" in text
    assert "only our default" in text
    night = await shown(operator, "/records/rules?region=CN&at=2026-03-10T03:00&zone=Asia/Shanghai")
    assert "outside the calling hours" in night
    assert "2026-03-10 01:00" in night  # the next opening, 09:00 there, in UTC
    day = await (
        await operator.get("/records/rules?region=CN&at=2026-03-10T10:00&zone=Asia/Shanghai", headers=JSON)
    ).json()
    assert [(one["place"], one["why"]) for one in day["tried"]] == [("CN", "")]
    assert "仅为我方默认" in await shown(operator, "/records/rules?region=CN", "zh-CN")
    assert (await operator.get("/records/rules?region=QQ", headers=HTML)).status == 422
    assert (await operator.get("/records/rules?region=<x>", headers=HTML)).status == 400


async def test_a_row_is_proved_and_the_verifier_taken(compliance: aiohttp.ClientSession, site: Site) -> None:
    found = await (await compliance.get("/records/proof?kind=consent&row=1", headers=JSON)).json()
    assert found["row"]["leaf"] < found["checkpoint"]["size"]
    text = await shown(compliance, "/records/proof?kind=consent&row=1&since=1")
    assert f"leaf {found['row']['leaf']} of the signed tree" in text
    assert found["checkpoint"]["root"] in text
    for query in ("kind=consent&row=99999", "kind=nothing&row=1", "since=999999999"):
        assert (await compliance.get(f"/records/proof?{query}", headers=HTML)).status == 422
    async with compliance.get("/records/proof/verifier") as file:
        assert (await file.text()).startswith(('"""', "#"))
        assert 'filename="verify.py"' in file.headers["Content-Disposition"]
    asked = await post(compliance, "/records/proof/export", since="2020-01-01", campaign=CAMPAIGN)
    assert asked.headers["Location"].startswith("/reports/jobs/")
    assert (await post(compliance, "/records/proof/export", campaign="nothing-such")).status == 422


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
async def test_proof_and_whole_numbers_are_not_for_all(http: aiohttp.ClientSession, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    for path in ("/records/proof", "/records/proof/verifier", "/records/proof/export", "/reports/whole"):
        assert (await http.get(path, headers=HTML)).status == 403
    assert (await http.get("/records/actions", headers=HTML)).status == (200 if role is Role.ADMIN else 403)
