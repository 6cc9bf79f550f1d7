"""The installation: its health, its numbers, accounts, tokens and webhooks; secrets are shown once and kept nowhere."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path

import aiohttp
import pytest

from agi_app.installation import Installation
from agi_app.model.actors import Role
from agi_app.operations.administration import full_examination
from agi_app.operations.service import accounts, sessions, tokens, webhooks
from tests.api.site import Site, answer_asks
from tests.console.browser import HTML, PASSWORD, post, sign_in

pytestmark = pytest.mark.postgres
JSON = {"Accept": "application/json"}
PLANTED = "<script>alert(1)</script>😀 \"'&"


@pytest.fixture
async def admin(site: Site, http: aiohttp.ClientSession) -> aiohttp.ClientSession:
    assert (await sign_in(http, "the-admin")).status == 303
    return http


async def shown(http: aiohttp.ClientSession, path: str, **headers: str) -> str:
    async with http.get(path, headers=HTML | headers) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert "<script>alert" not in text
        return html.unescape(text)


async def sent(http: aiohttp.ClientSession, site: Site, path: str, **fields: str) -> tuple[int, str]:
    """Send a form, while a worker answers what it asks."""
    answer, _ = await asyncio.gather(post(http, path, **fields), asyncio.to_thread(_answered, site))
    return answer.status, html.unescape(await answer.text())


def _answered(site: Site) -> None:
    for _ in range(10):
        site.run(_a_little_later)


async def _a_little_later(inst: Installation) -> None:
    await asyncio.sleep(0.1)
    await answer_asks(inst)


def once(text: str) -> str:
    (found,) = re.findall(r'<code id="once">([^<]+)</code>', text)
    return str(found)


async def test_everything_that_doctor_looks_at_is_shown_when_an_admin_asks(
    admin: aiohttp.ClientSession, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own command, in a project whose settings it cannot read; then one that says nothing."""
    (tmp_path / "agi-app.toml").write_text("nonsense = 1\n", encoding="utf-8")
    command = f"exec {' '.join(full_examination.NODE)} {tmp_path}"
    monkeypatch.setattr(full_examination, "NODE", ["sh", "-c", command])
    before = await shown(admin, "/service")
    assert "Nobody has asked for it on a page yet." in before
    where = (await post(admin, "/service/doctor")).headers["Location"]
    assert (await post(admin, "/service/doctor")).headers["Location"] == where  # one at a time
    await asyncio.to_thread(site.run, answer_asks)
    assert (await post(admin, "/service/doctor")).headers["Location"] != where
    async with admin.get(where, headers=HTML, allow_redirects=False) as answer:
        assert answer.headers["Location"].startswith("/service")
    async with admin.get("/service", headers={"Accept": "application/json"}) as answer:
        assert (await answer.json())["all"]["state"] == "waiting"
    await asyncio.to_thread(site.run, answer_asks)
    text = await shown(admin, "/service", **{"Accept-Language": "zh"})
    async with admin.get("/service", headers={"Accept": "application/json"}) as answer:
        whole = (await answer.json())["all"]
    assert whole["account"] == "the-admin"
    assert whole["answered_at"]
    (finding,) = whole["findings"]
    assert finding["check"] == "settings"
    assert "agi-app.toml" in finding["text"]
    assert finding["fix"]
    assert "检查时间" in text
    assert "agi-app.toml" in text
    monkeypatch.setattr(full_examination, "NODE", ["true"])
    where = (await post(admin, "/service/doctor")).headers["Location"]
    await asyncio.to_thread(site.run, answer_asks)
    assert "ended without its lines" in await shown(admin, where)
    assert (await sign_in(admin, "the-viewer")).status == 303
    assert "doctor:" not in (seen := await shown(admin, "/service"))
    assert "Look at everything now" not in seen


async def test_health_says_what_is_wrong_and_how_to_fix_it(admin: aiohttp.ClientSession) -> None:
    text = await shown(admin, "/service")
    assert "no worker is running" in text
    assert "<code>agi-app run</code>" in text
    found = await (await admin.get("/service", headers=JSON)).json()
    assert {"worker", "audit", "backup"} <= {one["check"] for one in found["findings"]}
    assert "没有 worker 在运行" in await shown(admin, "/service", **{"Accept-Language": "zh"})


async def test_numbers_shown_say_how_they_were_proved_and_who_shows_them(admin: aiohttp.ClientSession) -> None:
    found = await (await admin.get("/service/numbers", headers=JSON)).json()
    text = await shown(admin, "/service/numbers")
    assert found["data"] or found["unproved"]
    for number in [one["number"] for one in found["data"]] + list(found["unproved"]):
        assert f"agi-app callerid prove {number}" in text


async def test_a_number_is_proved_by_a_call_whose_code_is_shown_once(admin: aiohttp.ClientSession, site: Site) -> None:
    """The page asks; that a worker has made the request of a call is all that happens here."""
    wrong = await post(admin, "/service/numbers", number="12<script>")
    assert (wrong.status, "<script>" in (await wrong.text()).partition("<main")[2]) == (422, False)
    text = await (await post(admin, "/service/numbers", number="+999862155500077", trunk="sandbox")).text()
    code, page = once(text), re.findall(r"/service/numbers/asks/\d+", text)[0]
    assert re.fullmatch("[0-9]+", code)
    await asyncio.to_thread(site.run, answer_asks)
    later = await shown(admin, page)
    assert "The call is not over yet." in later
    assert (code in later, "+999862155500077" in later) == (False, False)
    assert "通话还没有结束" in await shown(admin, page, **{"Accept-Language": "zh"})
    query = "SELECT count(*) FROM verification_call WHERE state = 'waiting'"
    assert site.run(lambda inst: inst.store.value(int, query)) == 1


async def test_an_account_is_made_with_a_link_that_is_shown_once(admin: aiohttp.ClientSession, site: Site) -> None:
    nothing = await sent(admin, site, "/service/accounts", name="li.na")
    assert (nothing[0], "a role at least" in nothing[1]) == (422, True)
    assert (await sent(admin, site, "/service/accounts", name="<b>", **{"role-viewer": "yes"}))[0] == 422
    assert (await sent(admin, site, "/service/accounts", name="the-viewer", **{"role-viewer": "yes"}))[0] == 422
    status, text = await sent(admin, site, "/service/accounts", name="li.na", **{"role-viewer": "yes"})
    assert status == 200, text
    link = once(text).rpartition("/link/")[2]
    made = site.run(lambda inst: accounts.one(inst, "li.na"))
    assert (list(made.roles), made.has_credential) == (["viewer"], False)
    assert link not in await shown(admin, "/service/accounts/li.na")
    asks = await site_rows(
        site, "SELECT parameters::text || object AS t FROM ask UNION ALL SELECT answer::text FROM ask_answer"
    )
    assert not [row for row in asks if link in row["t"]]
    assert site.run(lambda inst: sessions.link_owner(inst, link)) == "li.na"
    done = [(one.verb, one.via) for one in site.run(lambda inst: accounts.done(inst, account="the-admin"))]
    assert {("account ask", "console"), ("account add", "console"), ("account link", "console")} <= set(done)


async def site_rows(site: Site, query: str) -> list[dict[str, str]]:
    async def read(inst: Installation) -> list[dict[str, str]]:
        return [dict(row) for row in await inst.store.records(query)]

    return site.run(read)


async def test_nothing_about_accounts_is_done_without_the_password(admin: aiohttp.ClientSession, site: Site) -> None:
    site.run(_long_ago)
    status, text = await sent(admin, site, "/service/accounts", name="intruder", **{"role-admin": "yes"})
    assert (status, "password again" in text) == (422, True)
    assert 'name="proof"' in await shown(admin, "/service/accounts")
    for path in ("/service/accounts/the-viewer/change", "/service/accounts/the-viewer/link", "/service/tokens"):
        assert (await sent(admin, site, path, reason="why not", account="the-viewer"))[0] == 422
    names = [one.name for one in site.run(accounts.accounts)]
    assert "intruder" not in names
    wanted = {"name": "after-proof", "role-viewer": "yes", "proof": PASSWORD}
    assert (await sent(admin, site, "/service/accounts", **wanted))[0] == 200


async def test_the_worker_looks_itself_whether_the_password_was_shown(admin: aiohttp.ClientSession, site: Site) -> None:
    """What the page checks, code that runs in the console could leave out."""
    made = await post(admin, "/service/accounts", name="too-late", **{"role-admin": "yes"})
    assert made.status == 200  # asked, and nobody has answered yet
    assert "once a worker has taken it" in html.unescape(await made.text())
    site.run(_long_ago)
    site.run(answer_asks)
    assert "too-late" not in [one.name for one in site.run(accounts.accounts)]
    (told,) = await site_rows(site, "SELECT answer->>'text' AS t FROM ask_answer ORDER BY ask_id DESC LIMIT 1")
    assert "more than five minutes ago" in told["t"]


async def _long_ago(inst: Installation) -> None:
    await inst.store.execute("UPDATE console_session SET proved_at = proved_at - interval '6 minutes'")


async def test_an_account_is_changed_and_its_sessions_ended(admin: aiohttp.ClientSession, site: Site) -> None:
    async with aiohttp.ClientSession(site.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as theirs:
        for _ in range(2):
            assert (await sign_in(theirs, "the-supervisor")).status == 303
        text = await shown(admin, "/service/accounts/the-supervisor")
        (newest, *_) = re.findall(r'action="(/service/accounts/the-supervisor/sessions/\w+/end)"', text)
        assert (await post(admin, newest)).headers["Location"] == "/service/accounts/the-supervisor"
        async with theirs.get("/", headers=HTML, allow_redirects=False) as after:
            assert after.status == 303
        assert (await sign_in(theirs, "the-supervisor")).status == 303
        fields = {"role-supervisor": "yes", "role-operator": "yes", "enabled": "no", "reason": PLANTED}
        asked = await post(admin, "/service/accounts/the-supervisor/change", **fields)
        site.run(answer_asks)
        assert PLANTED in await shown(admin, asked.headers["Location"])
        async with theirs.get("/", headers=HTML, allow_redirects=False) as after:
            assert after.status == 303
    changed = site.run(lambda inst: accounts.one(inst, "the-supervisor"))
    assert (sorted(changed.roles), changed.enabled) == (["operator", "supervisor"], False)
    only = await post(admin, "/service/accounts/the-admin/change", **{"role-viewer": "yes", "enabled": "yes"})
    assert only.status == 422  # without a reason
    assert (await admin.get("/service/accounts/nobody-here", headers=HTML)).status == 404


async def test_a_token_is_shown_once_and_ended(admin: aiohttp.ClientSession, site: Site) -> None:
    assert "figures.read" in await shown(admin, "/service/tokens?account=the-viewer")
    fields = {"account": "the-viewer", "name": PLANTED, "days": "30"}
    beyond = await sent(admin, site, "/service/tokens", **fields, **{"scope-people.reveal": "yes"})
    assert (beyond[0], "only what its owner may" in beyond[1]) == (422, True)
    assert (await sent(admin, site, "/service/tokens", **fields | {"days": "9999"}, **{"scope-figures.read": "yes"}))[
        0
    ] == 422
    status, text = await sent(admin, site, "/service/tokens", **fields, **{"scope-figures.read": "yes"})
    assert status == 200, text
    token = once(text)
    owner = site.run(lambda inst: tokens.owner_of(inst, token))
    assert owner is not None
    assert (owner.account, {scope.value for scope in owner.scopes or ()}) == ("the-viewer", {"figures.read"})
    assert token not in await shown(admin, "/service/tokens")
    assert PLANTED in await shown(admin, "/service/tokens")
    assert "cannot be made good again" in await shown(admin, f"/service/tokens/{owner.token_id}")
    await post(admin, f"/service/tokens/{owner.token_id}")
    site.run(answer_asks)
    assert site.run(lambda inst: tokens.owner_of(inst, token)) is None
    assert (await post(admin, "/service/tokens/nothing1")).status == 422


async def test_a_webhook_is_added_tested_disabled_and_removed(admin: aiohttp.ClientSession, site: Site) -> None:
    assert (await post(admin, "/service/webhooks", url="http://127.0.0.1/x", all="yes")).status == 422
    assert (await post(admin, "/service/webhooks", url="https://hooks.example/new")).status == 422  # no events
    made = await post(admin, "/service/webhooks", url="https://hooks.example/new", **{"event-person.stopped": "yes"})
    secret = once(html.unescape(await made.text()))
    assert secret.startswith("whsec_")
    endpoint = max(site.run(webhooks.endpoints), key=lambda one: one.endpoint_id)
    assert (endpoint.url, list(endpoint.types)) == ("https://hooks.example/new", ["person.stopped"])
    place = f"/service/webhooks/{endpoint.endpoint_id}"
    assert secret not in await shown(admin, place)
    no_sender = await post(admin, f"{place}/test")
    assert (no_sender.status, "agi-app deliver" in await no_sender.text()) == (422, True)
    assert (await post(admin, f"{place}/state", enabled="no")).headers["Location"] == f"{place}?said=off"
    assert "is disabled" in await shown(admin, "/service/webhooks")
    assert once(html.unescape(await (await post(admin, f"{place}/secret")).text())) != secret
    site.run(_long_ago)
    assert (await post(admin, f"{place}/remove")).status == 422
    assert (await post(admin, f"{place}/remove", proof=PASSWORD)).headers[
        "Location"
    ] == "/service/webhooks?said=removed"
    assert endpoint.endpoint_id not in [one.endpoint_id for one in site.run(webhooks.endpoints)]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.COMPLIANCE])
async def test_accounts_are_the_admins_alone(http: aiohttp.ClientSession, site: Site, role: Role) -> None:
    assert (await sign_in(http, f"the-{role.value}")).status == 303
    for path in ("/service/accounts", "/service/tokens", "/service/webhooks", "/service/accounts/the-viewer"):
        assert (await http.get(path, headers=HTML)).status == 403
    fields = {"name": "sneaked-in", "role-admin": "yes", "proof": PASSWORD}
    assert (await post(http, "/service/accounts", **fields)).status == 403
    site.run(answer_asks)
    assert "sneaked-in" not in [one.name for one in site.run(accounts.accounts)]
