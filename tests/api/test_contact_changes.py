"""One contact is cancelled or gets another time by a request, and a list that is the whole one by the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import aiohttp
import pytest

from agi_app.api.routes import BASE
from agi_app.installation import Installation
from agi_app.model.actors import Role, Scope
from tests.api.site import CAMPAIGN, Json, Site, answer_asks, token_of
from tests.store.world import number

pytestmark = pytest.mark.postgres
VISITS = "visits"
DUE = "due: {before: contact.appointment, at: [48h, 90m]}\nzone: Asia/Shanghai\nstarts: 2020-01-01\n"
QUOTA = "quota: {by: contact.area, completed: {north: 5}, disposition: confirmed}\n"


@pytest.fixture(scope="module", autouse=True)
def visits(site: Site) -> None:
    """A campaign of appointments by its file, with ten contacts."""
    folder = site.inst.settings.project / "campaigns"
    text = (folder / f"{CAMPAIGN}.yaml").read_text("utf-8")
    (folder / f"{VISITS}.yaml").write_text(
        text.replace(f"campaign: {CAMPAIGN}", f"campaign: {VISITS}") + DUE + QUOTA, "utf-8"
    )


async def posted(http: aiohttp.ClientSession, site: Site, path: str, body: object, **more: str) -> tuple[int, Json]:
    headers = site.headers(Role.OPERATOR) | more
    async with http.post(f"{BASE}/campaigns/{path}", json=body, headers=headers) as answer:
        found: Json = await answer.json(content_type=None)
        return answer.status, found


async def got(http: aiohttp.ClientSession, site: Site, path: str) -> Json:
    async with http.get(BASE + path, headers=site.headers(Role.OPERATOR)) as answer:
        assert answer.status == 200, await answer.text()
        found: Json = await answer.json()
        return found


async def done(http: aiohttp.ClientSession, site: Site, given: tuple[int, Json], of: str = "contacts/changes") -> Json:
    """The answer of an ask once a worker was there."""
    assert given[0] == 202, given
    site.run(answer_asks)
    found = await got(http, site, f"/{of}/asks/{given[1]['ask']}")
    assert "+999861380" not in str(found)
    return found


def contact(site: Site, external_id: str, column: str) -> Any:
    async def look(inst: Installation) -> Any:
        query = f"SELECT {column} AS value FROM contact WHERE campaign = '{VISITS}' AND external_id = %(id)s"
        return (await inst.store.records(query, {"id": external_id}))[0]["value"]

    return site.run(look)


def day(days: int) -> str:
    """In so many days."""
    return f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=days):%Y-%m-%d} 10:00"


def row(n: int, days: int = 10) -> Json:
    return {"external_id": f"v-{n}", "number": number(400 + 37 * n), "appointment": day(days), "area": "north"}


async def listed(http: aiohttp.ClientSession, site: Site, people: range, query: str = "") -> Json:
    rows = {"rows": [row(n) for n in people]}
    return await done(http, site, await posted(http, site, f"{VISITS}/contacts{query}", rows), "contacts")


async def test_a_contact_is_cancelled_and_once_more_changes_nothing(http: aiohttp.ClientSession, site: Site) -> None:
    await listed(http, site, range(1, 11))
    before = contact(site, "v-1", "revision")
    asked = {"external_id": "v-1", "reason": "moved away"}
    ask = await posted(http, site, f"{VISITS}/contacts/cancel", asked)
    assert contact(site, "v-1", "state") == "pending", "a worker does it, not the service"
    found = await done(http, site, ask)
    told = {name: found[name] for name in ("verb", "object", "state", "account", "reason", "changed", "cancelled")}
    assert told == {
        "verb": "cancel",
        "object": VISITS,
        "state": "done",
        "account": "the-operator",
        "reason": "moved away",
        "changed": True,
        "cancelled": True,
    }
    assert found["contact"] == contact(site, "v-1", "contact_id")
    assert contact(site, "v-1", "state") == "cancelled"
    assert contact(site, "v-1", "revision") > before, "a call that was claimed on the old facts is not made"
    assert contact(site, "v-2", "state") == "pending"
    again = await done(http, site, await posted(http, site, f"{VISITS}/contacts/cancel", asked))
    assert (again["state"], again["changed"], again["cancelled"]) == ("done", False, True)
    moved = {"external_id": "v-1", "time": day(20), "reason": "another day"}
    found = await done(http, site, await posted(http, site, f"{VISITS}/contacts/reschedule", moved))
    assert (found["changed"], found["cancelled"]) == (False, True), "it stays cancelled"


async def test_a_contact_has_another_time_and_is_due_by_it(http: aiohttp.ClientSession, site: Site) -> None:
    await listed(http, site, range(1, 11))
    before = contact(site, "v-3", "times_revision")
    given = {"external_id": "v-3", "time": day(12), "not_after": day(11), "reason": "another day"}
    found = await done(http, site, await posted(http, site, f"{VISITS}/contacts/reschedule", given))
    assert (found["verb"], found["state"], found["changed"], found["cancelled"]) == ("reschedule", "done", True, False)
    assert contact(site, "v-3", "fields ->> 'appointment'") == day(12)
    assert contact(site, "v-3", "event_at - not_after") == dt.timedelta(days=1)
    assert contact(site, "v-3", "event_at - due_at") >= dt.timedelta(hours=47)
    assert contact(site, "v-3", "times_revision") > before, "who was reached is due again"
    same = await done(http, site, await posted(http, site, f"{VISITS}/contacts/reschedule", given))
    assert same["changed"] is False
    acted = (
        "SELECT count(*) FROM action WHERE verb = 'contacts reschedule' AND account = 'the-operator' AND via = 'api'"
    )
    assert site.run(lambda inst: inst.store.value(int, acted)) >= 2  # type: ignore[operator]
    kept = "SELECT count(*) FROM open_ask WHERE private IS NOT NULL"
    assert site.run(lambda inst: inst.store.value(int, kept)) == 0


async def test_what_is_wrong_with_a_change_is_told_at_once(http: aiohttp.ClientSession, site: Site) -> None:
    await listed(http, site, range(1, 11))
    asks = site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM ask"))
    why = {"reason": "another day"}
    cancel, move = f"{VISITS}/contacts/cancel", f"{VISITS}/contacts/reschedule"
    for path, body, status, told in (
        (cancel, {"external_id": "nobody", **why}, 422, "no contact nobody"),
        ("nobody/contacts/cancel", {"external_id": "v-1", **why}, 422, "no contact v-1"),
        ("nobody/contacts/reschedule", {"external_id": "v-1", "time": day(3), **why}, 404, "nobody"),
        (cancel, {"external_id": "v-2"}, 400, "reason"),
        (cancel, {"external_id": "v-2", "time": day(3), **why}, 400, "time"),
        (move, {"external_id": "v-2", **why}, 422, "give the new time of contact v-2"),
        (move, {"external_id": "v-2", "time": "3/4/2031 14:30", **why}, 422, "may be 2031-03-04 or 2031-04-03"),
        (move, {"external_id": "v-2", "not_after": "soon", **why}, 422, "'pointer': '/not_after'"),
        (move, {"external_id": "v-2", "time": "soon", **why}, 422, "'pointer': '/time', 'rule': 'contacts/time'"),
        (f"{CAMPAIGN}/contacts/reschedule", {"external_id": "row-8", "time": day(3), **why}, 422, "has no due"),
    ):
        answered = await posted(http, site, path, body)
        assert (answered[0], told in str(answered[1])) == (status, True), (path, body, answered)
    chinese = await posted(http, site, move, {"external_id": "v-2", **why}, **{"Accept-Language": "zh"})
    assert "新时间" in str(chinese[1])
    assert site.run(lambda inst: inst.store.value(int, "SELECT count(*) FROM ask")) == asks
    assert contact(site, "v-2", "state") == "pending"


@pytest.mark.attack("a contact is cancelled without a token that may import, and by one that has ended meanwhile")
async def test_a_worker_wants_a_token_that_may_change_lists(http: aiohttp.ClientSession, site: Site) -> None:
    await listed(http, site, range(1, 11))
    narrow = site.run(lambda inst: token_of(inst, Role.OPERATOR, Scope.FIGURES_READ))
    body, path = {"external_id": "v-4", "reason": "moved away"}, f"{VISITS}/contacts/cancel"
    assert (await posted(http, site, path, body, Authorization=f"Bearer {narrow}"))[0] == 403
    brief = site.run(lambda inst: token_of(inst, Role.OPERATOR, Scope.CONTACTS_IMPORT))
    status, asked = await posted(http, site, path, body, Authorization=f"Bearer {brief}")
    assert status == 202
    end = f"UPDATE api_token SET expires_at = now() - interval '1 s' WHERE token_id = '{brief.split('_')[1]}'"
    site.run(lambda inst: inst.store.execute(end))
    found = await done(http, site, (status, asked))
    assert (found["state"], found["changed"]) == ("refused", None)
    assert contact(site, "v-4", "state") == "pending"


async def test_a_contact_that_was_erased_meanwhile_is_not_changed(http: aiohttp.ClientSession, site: Site) -> None:
    await listed(http, site, range(1, 11))
    asked = await posted(http, site, f"{VISITS}/contacts/cancel", {"external_id": "v-5", "reason": "moved away"})
    erased = f"UPDATE contact SET external_id = 'erased:5' WHERE campaign = '{VISITS}' AND external_id = 'v-5'"
    site.run(lambda inst: inst.store.execute(erased))
    found = await done(http, site, asked)
    assert (found["state"], found["told"]) == ("refused", "the contact is not there any longer")
    assert contact(site, "erased:5", "state") == "pending"


async def test_an_import_is_not_shown_as_a_change_nor_the_other_way_round(
    http: aiohttp.ClientSession, site: Site
) -> None:
    await listed(http, site, range(1, 11))
    _, asked = await posted(http, site, f"{VISITS}/contacts/cancel", {"external_id": "v-6", "reason": "moved away"})
    imported = site.run(lambda inst: inst.store.value(int, "SELECT max(ask_id) FROM ask WHERE verb = 'import'"))
    for path, expected in (
        (f"contacts/changes/asks/{asked['ask']}", 200),
        (f"contacts/asks/{asked['ask']}", 404),
        (f"contacts/changes/asks/{imported}", 404),
    ):
        async with http.get(f"{BASE}/{path}", headers=site.headers(Role.OPERATOR)) as answer:
            assert answer.status == expected, path


async def test_a_whole_list_cancels_who_is_missing_and_many_only_when_it_is_confirmed(
    http: aiohttp.ClientSession, site: Site
) -> None:
    await listed(http, site, range(31, 61), "?whole=confirmed")
    usual = await listed(http, site, range(32, 60))
    assert (usual["cancelled"], contact(site, "v-31", "state")) == (0, "pending"), "a part of a list cancels nobody"
    trial = await listed(http, site, range(32, 61), "?whole=true&dry_run=true")
    assert (trial["verb"], trial["cancelled"], contact(site, "v-31", "state")) == ("check", 1, "pending")
    found = await listed(http, site, range(32, 61), "?whole=true")
    assert (found["state"], found["cancelled"], found["unchanged"]) == ("done", 1, 29)
    assert (contact(site, "v-31", "state"), contact(site, "v-60", "state")) == ("cancelled", "pending")
    many = await listed(http, site, range(32, 52), "?whole=true")
    assert (many["state"], many["cancelled"]) == ("refused", None)
    assert "9 contacts of the 29" in many["told"]
    assert "whole=confirmed" in many["told"]
    assert contact(site, "v-60", "state") == "pending"
    found = await listed(http, site, range(32, 52), "?whole=confirmed")
    assert (found["cancelled"], contact(site, "v-60", "state")) == (9, "cancelled")
    for wrong in ("yes", "1", "", "usual"):
        answered = await posted(http, site, f"{VISITS}/contacts?whole={wrong}", {"rows": [row(1)]})
        assert answered[0] == 400


async def test_a_campaign_says_when_its_contacts_are_due_and_what_its_quota_is(
    http: aiohttp.ClientSession, site: Site
) -> None:
    await listed(http, site, range(1, 11))
    found = await got(http, site, f"/campaigns/{VISITS}")
    assert found["due"] == {"by": "contact.appointment", "at": ["48h", "90m"]}
    assert (found["zone"], found["ends"], found["priority"]) == ("Asia/Shanghai", None, 1)
    assert dt.datetime.fromisoformat(found["starts"]) == dt.datetime(2019, 12, 31, 16, tzinfo=dt.UTC)
    assert found["quota"] == {
        "by": "contact.area",
        "completed": None,
        "groups": {"north": 5},
        "dispositions": ["confirmed"],
    }
    plain = await got(http, site, f"/campaigns/{CAMPAIGN}")
    assert (plain["due"], plain["quota"], plain["starts"]) == (None, None, None)
