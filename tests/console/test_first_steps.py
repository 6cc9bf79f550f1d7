"""First steps: what of a new project is done, what is missing and how; the click that imports the project's list."""

from __future__ import annotations

import re

import aiohttp
import pytest

from agi_app.model.actors import Role
from agi_app.store.reporting import first_steps as table
from tests.api.site import CAMPAIGN, Site, answer_asks
from tests.console.browser import HTML, post, sign_in
from tests.console.test_today import JSON, shown

pytestmark = pytest.mark.postgres


async def steps(http: aiohttp.ClientSession) -> dict[str, bool]:
    found = await (await http.get("/first-steps", headers=JSON)).json()
    assert found["campaign"] == CAMPAIGN
    return {one["name"]: one["done"] for one in found["steps"]}


async def test_what_is_done_and_what_is_missing(operator: aiohttp.ClientSession, site: Site) -> None:
    found = await steps(operator)
    assert (found["worker"], found["asterisk"]) == (False, False)
    assert (found["consents"], found["contacts"], found["call"]) == (True, True, True)
    assert site.run(lambda inst: table.anybody_agreed(inst.store))
    text = await shown(operator, "/first-steps")
    assert "No worker lives: nobody is called." in text
    assert "agi-app run" in text
    chinese = await shown(operator, "/first-steps", **{"Accept-Language": "zh-CN"})
    assert "没有 worker 在运行" in chinese
    assert "No worker" not in chinese
    assert (await operator.get("/first-steps?campaign=nothing", headers=HTML)).status == 422


async def test_the_projects_list_is_imported_by_a_click(operator: aiohttp.ClientSession, site: Site) -> None:
    """The worker does it, with the rules of every import; nobody is called by it, and no consent is made."""
    consents = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM consent"))
    gone = (await post(operator, "/first-steps/contacts", campaign=CAMPAIGN)).headers["Location"]
    site.run(answer_asks)
    text = await shown(operator, gone)
    rows = re.search(r"(\d+) rows were read", text)
    assert rows is not None
    assert int(rows[1]) == len((site.inst.settings.project / "contacts.csv").read_text("utf-8").splitlines()) - 1
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM consent")) == consents


async def test_a_list_that_is_not_there_or_too_large_asks_nothing(operator: aiohttp.ClientSession, site: Site) -> None:
    asked = "SELECT count(*) FROM ask"
    before = site.run(lambda inst: inst.store.value(int, asked))
    file = site.inst.settings.project / "contacts.csv"
    kept = file.read_bytes()
    try:
        file.write_bytes(b"external_id,number\n" + b"x" * (2 * 1024 * 1024))
        large = await post(operator, "/first-steps/contacts", campaign=CAMPAIGN)
        assert (large.status, "larger than 2 MiB" in await large.text()) == (422, True)
        file.unlink()
        gone = await post(operator, "/first-steps/contacts", campaign=CAMPAIGN)
        assert (gone.status, "cannot be read" in await gone.text()) == (422, True)
        other = await post(operator, "/first-steps/contacts", campaign="nothing")
        assert other.status == 422
    finally:
        file.write_bytes(kept)
    assert site.run(lambda inst: inst.store.value(int, asked)) == before


async def test_a_viewer_sees_the_steps_and_no_button(http: aiohttp.ClientSession) -> None:
    assert (await sign_in(http, f"the-{Role.VIEWER}")).status == 303
    assert "/first-steps/contacts" not in await shown(http, "/first-steps")
    assert (await post(http, "/first-steps/contacts", campaign=CAMPAIGN)).status == 403


async def test_who_may_not_is_told_of_roles_and_not_of_tokens(http: aiohttp.ClientSession) -> None:
    assert (await sign_in(http, "the-agent")).status == 303
    text = await (await http.get("/campaigns", headers=HTML)).text()
    assert "your roles do not allow this" in text
    assert "token" not in text
