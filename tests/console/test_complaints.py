"""Complaints on pages: both ways, with deadlines and notes; the export with whole numbers, which stays on the node."""

from __future__ import annotations

import html
import re

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.operations.reporting import jobs
from tests.api.site import Site
from tests.api.test_complaints import cases, stopped, worker_works
from tests.console.browser import PASSWORD, post, sign_in
from tests.console.test_people import AWAY, JSON, compliance, counted, shown
from tests.store.world import number

__all__ = ["compliance"]
pytestmark = pytest.mark.postgres
WHOLE = re.compile(r"\+99986138\d{5,}")


async def test_a_complaint_stops_at_once_and_a_worker_opens_the_case(
    compliance: aiohttp.ClientSession, site: Site
) -> None:
    before = cases(site)
    assert (await post(compliance, "/complaints/new", number=number(2), text="")).status == 422
    assert not stopped(site, 2)
    given = {"number": number(2), "text": "<b>They called</b> at night.", "source": "letter", "said_at": "2026-01-05"}
    asked = await post(compliance, "/complaints/new", **given)
    assert (asked.status, stopped(site, 2), cases(site)) == (303, True, before)
    site.run(worker_works)
    assert cases(site) == before + 1
    assert "Done." in await shown(compliance, asked.headers["Location"])
    found = (await (await compliance.get("/complaints?kind=ours", headers=JSON)).json())["data"]
    case = await (await compliance.get(f"/complaints/{found[0]['complaint_id']}")).text()
    assert "<b>They" not in case
    assert "&lt;b&gt;They called" in case
    assert not WHOLE.search(case)
    await sign_in(compliance, "the-operator")
    await shown(compliance, "/complaints", 403)


async def test_a_complaint_without_a_stop_takes_none(compliance: aiohttp.ClientSession, site: Site) -> None:
    given = {"number": number(8), "text": "Please at another time.", "take_stop": "no"}
    assert (await post(compliance, "/complaints/new", **given)).status == 303
    site.run(worker_works)
    assert not stopped(site, 8)


async def test_notes_answer_and_close_a_case(compliance: aiohttp.ClientSession, site: Site) -> None:
    assert (await post(compliance, "/complaints/1/notes", text="turned \u202e round")).status == 422
    assert (await post(compliance, "/complaints/1/notes", text="")).status == 422
    asked = await post(compliance, "/complaints/1/notes", text="We wrote back.", state="closed")
    site.run(worker_works)
    assert "Done." in await shown(compliance, asked.headers["Location"])
    text = await shown(compliance, "/complaints/1", language="zh")
    assert "We wrote back." in text
    assert "已结案" in text
    assert (await (await compliance.get("/complaints?state=closed", headers=JSON)).json())["data"][0][
        "state"
    ] == "closed"
    await shown(compliance, "/complaints/999", 404)


async def test_a_case_about_calls_of_others_stops_nobody(compliance: aiohttp.ClientSession, site: Site) -> None:
    given = {"caller": "021 1234567", "on": number(8), "text": "A loan.", "times": "2026-01-05T09:00:00+08:00\r\n"}
    for wrong in ({"times": ""}, {"times": "yesterday"}, {"caller": "<b>"}, {"on": ""}):
        assert (await post(compliance, "/complaints/received", **(given | wrong))).status == 422
    asked = await post(compliance, "/complaints/received", **given)
    site.run(worker_works)
    ended = await (await compliance.get(asked.headers["Location"], headers=JSON)).json()
    text = await shown(compliance, f"/complaints/{ended['case']}")
    assert "021 1234567" in text
    assert not stopped(site, 8)


async def test_an_export_takes_the_password_and_stays_on_the_node(
    compliance: aiohttp.ClientSession, site: Site
) -> None:
    site.run(lambda inst: inst.store.execute(AWAY))
    before = counted(site, "SELECT count(*) FROM job")
    assert (await post(compliance, "/complaints/1/export", reason="authority 12")).status == 422
    assert (await post(compliance, "/complaints/1/export", reason="", proof=PASSWORD)).status == 422
    assert counted(site, "SELECT count(*) FROM job") == before
    asked = await post(compliance, "/complaints/1/export", reason="authority 12", proof=PASSWORD)
    assert asked.status == 303, await asked.text()
    assert "run-jobs" in await shown(compliance, asked.headers["Location"])
    made = site.run(jobs.run_next)
    assert made is not None
    assert (made.state, made.error) == ("done", None)
    text = await shown(compliance, asked.headers["Location"])
    assert f"agi-app report job {made.job_id} --output complaint-1.zip" in html.unescape(text)
    assert not WHOLE.search(text)
    assert counted(site, "SELECT count(*) FROM access_log WHERE reason = 'authority 12'") == 1
    async with compliance.get(f"/api/v1/jobs/{made.job_id}/file", headers=site.headers(Role.COMPLIANCE)) as file:
        assert file.status == 409  # it does not leave the node
    await sign_in(compliance, "the-supervisor")
    assert (await post(compliance, "/complaints/1/export", reason="I want it", proof=PASSWORD)).status == 403
