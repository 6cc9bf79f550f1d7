"""Sign-in: passwords and codes, how often one may try, sessions that end, forms of other sites, links."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import re
from collections.abc import Callable

import aiohttp
import pytest

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.administration import account_asks
from agi_app.operations.service import accounts, second_factor, sessions, token_texts
from agi_app.operations.service.accounts import NewValues
from tests.api.site import PROXY, Site, answer_asks
from tests.console.browser import FROM_HERE, HTML, PASSWORD, post, sign_in

pytestmark = pytest.mark.postgres
WEAK = {"password": "li.na-li.na-1", "again": "li.na-li.na-1"}
CODE = r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>"


async def test_signed_in_one_sees_today_and_signed_out_not(http: aiohttp.ClientSession, site: Site) -> None:
    async with http.get("/", allow_redirects=False, headers=HTML) as before:
        assert (before.status, before.headers["Location"]) == (303, "/sign-in?next=/")
    answer = await sign_in(http, "the-viewer", next="/?said=paused")
    assert (answer.status, answer.headers["Location"]) == (303, "/?said=paused")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    async with http.get("/", headers=HTML) as shown:
        text = await shown.text()
        assert shown.status == 200
        assert "the-viewer" in text
        assert "Not more are dialled:" in text
    old = http.cookie_jar.filter_cookies(http._base_url)["agi_app"].value  # type: ignore[arg-type]
    assert (await post(http, "/sign-out")).headers["Location"] == "/sign-in?said=out"
    async with http.get("/", cookies={"agi_app": old}, headers=HTML, allow_redirects=False) as after:
        assert after.status == 303  # the session is over, not only the cookie gone
    done = site.run(lambda inst: accounts.done(inst, account="the-viewer"))
    assert [(one.verb, one.via) for one in done[:2]] == [("sign out", "console"), ("sign in", "console")]


async def test_a_wrong_name_and_a_wrong_password_look_the_same(http: aiohttp.ClientSession) -> None:
    wrong = [await sign_in(http, "the-admin", "not the password"), await sign_in(http, "nobody", PASSWORD)]
    texts = [(await one.text()).replace("the-admin", "").replace("nobody", "") for one in wrong]
    assert [one.status for one in wrong] == [401, 401]
    assert texts[0] == texts[1]
    assert "not right" in texts[0]


async def test_after_five_wrong_ones_one_waits_even_with_the_right_one(http: aiohttp.ClientSession) -> None:
    at_once = await asyncio.gather(*(sign_in(http, "the-agent", f"wrong {n}") for n in range(9)))
    texts = [await one.text() for one in at_once]
    assert [one.status for one in at_once] == [401] * 9
    assert sum("Too many tries" in text for text in texts) == 4
    assert "Too many tries" in await (await sign_in(http, "the-agent")).text()
    assert (await sign_in(http, "the-viewer")).status == 303  # others may go on


async def test_a_code_is_wanted_and_good_once(http: aiohttp.ClientSession, site: Site) -> None:
    assert (await sign_in(http, "the-supervisor")).status == 303
    async with http.get("/me/second-factor", headers=HTML) as shown:
        (text,) = re.findall(r'<code class="secret">([A-Z2-7]{32})</code>', await shown.text())
    secret, step = base64.b32decode(text), int(site.run(_now) // second_factor.STEP_S)
    first, second = second_factor.code_of(secret, step), second_factor.code_of(secret, step + 1)
    wrong = "000000" if "000000" not in (first, second) else "000001"
    for fields in ({"password": "not it at all", "code": first}, {"password": PASSWORD, "code": wrong}):
        assert (await post(http, "/me/second-factor", secret=text, **fields)).status == 422
    assert (await sign_in(http, "the-supervisor")).status == 303  # nothing has changed
    kept = await post(http, "/me/second-factor", secret=text, password=PASSWORD, code=first)
    codes = re.findall(CODE, await kept.text())
    assert (kept.status, len(set(codes))) == (200, 10)
    assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303  # its sessions have ended
    assert "six digits" in await (await sign_in(http, "the-supervisor")).text()
    assert (await sign_in(http, "the-supervisor", code=wrong)).status == 401
    assert (await sign_in(http, "the-supervisor", code=first)).status == 401  # it was good for setting it up
    assert (await sign_in(http, "the-supervisor", code=second)).status == 303
    assert (await sign_in(http, "the-supervisor", code=second)).status == 401
    given = await sign_in(http, "the-viewer")
    assert given.status == 303


async def _give_factor(site: Site, account: str) -> Callable[[], str]:
    """A second factor of this account; what its app shows now, as often as it is asked."""
    give = "UPDATE account SET totp = %(secret)s, totp_step = 0 WHERE name = %(account)s"
    forget = "UPDATE account SET totp_step = totp_step - 10 WHERE name = %(account)s"
    secret = second_factor.new_secret()
    site.run(lambda inst: inst.store.execute(give, {"secret": secret, "account": account}))

    def code() -> str:
        site.run(lambda inst: inst.store.execute(forget, {"account": account}))
        return second_factor.code_of(secret, int(site.run(_now) // second_factor.STEP_S))

    return code


async def test_the_password_alone_neither_removes_nor_replaces_the_second_factor(
    http: aiohttp.ClientSession, site: Site
) -> None:
    code = await _give_factor(site, "the-compliance")
    assert (await sign_in(http, "the-compliance", code=code())).status == 303
    other = second_factor.new_secret()
    its = second_factor.code_of(other, int(site.run(_now) // second_factor.STEP_S))
    text = base64.b32encode(other).decode()
    for more in ({}, {"code": "12345"}, {"recovery": "AAAA-AAAA-AAAA-AAAA"}):
        refused = await post(http, "/me/second-factor/remove", password=PASSWORD, **more)
        assert refused.status == 422
        assert "code" in await refused.text()
    replaced = await post(http, "/me/second-factor", secret=text, password=PASSWORD, code=its)
    assert (replaced.status, "the authenticator app shows now" in await replaced.text()) == (422, True)
    assert (await post(http, "/me/second-factor/remove", password="wrong", code=code())).status == 422
    assert "six digits" in await (await sign_in(http, "the-compliance")).text()  # nothing has changed
    assert (await post(http, "/me/second-factor/remove", password=PASSWORD, code=code())).status == 303
    assert (await sign_in(http, "the-compliance")).status == 303


async def test_a_recovery_code_is_good_once_and_other_ones_replace_it(http: aiohttp.ClientSession, site: Site) -> None:
    code = await _give_factor(site, "the-agent")
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
    assert (await sign_in(http, "the-agent", code=code())).status == 303
    made = await post(http, "/me/recovery-codes", password=PASSWORD, code=code())
    first, second, third, *_ = re.findall(CODE, await made.text())
    kept = site.run(lambda inst: inst.store.records("SELECT encode(sha256, 'escape') AS kept FROM recovery_code"))
    assert not [row for row in kept if first in row["kept"]]
    typed = first.lower().replace("-", " ")
    given = await sign_in(http, "the-agent", recovery=typed)
    assert (given.status, given.headers["Location"]) == (303, "/me?said=recovery")
    async with http.get("/me", headers=HTML) as shown:
        assert "left: 9." in await shown.text()
    assert (await sign_in(http, "the-agent", recovery=first)).status == 401
    assert (await sign_in(http, "the-agent", "wrong", recovery=second)).status == 401  # which uses nothing up
    made = await post(http, "/me/recovery-codes", password=PASSWORD, recovery=second)
    (new, *_) = re.findall(CODE, await made.text())
    assert (await sign_in(http, "the-agent", recovery=third)).status == 401
    assert (await sign_in(http, "the-viewer", recovery=new)).headers["Location"] == "/me?said=recovery"
    assert (await sign_in(http, "the-agent", recovery=new)).status == 303  # a viewer's sign-in did not use it up
    done = site.run(lambda inst: accounts.done(inst, account="the-agent"))
    assert [one.verb for one in done[:2]] == ["sign in by recovery code", "account recovery codes"]
    site.run(lambda inst: accounts.remove_second_factor(inst, "the-agent", reason="the test is over"))


async def test_an_admin_takes_a_lost_second_factor_off(http: aiohttp.ClientSession, site: Site) -> None:
    code = await _give_factor(site, "the-operator")
    assert (await sign_in(http, "the-operator", code=code())).status == 303
    async with aiohttp.ClientSession(base_url=site.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as admin:
        assert (await sign_in(admin, "the-admin")).status == 303
        path = "/service/accounts/the-operator/remove-factor"
        assert (await post(admin, path, reason=" ")).status == 422
        page = await (await admin.get("/service/accounts/the-operator", headers=HTML)).text()
        assert "agi-app account remove-factor the-operator" in page
        assert (await post(http, path, reason="it is mine")).status == 403
        asked = await post(admin, path, reason="seen in person")
        assert (await http.get("/me", headers=HTML, allow_redirects=False)).status == 200  # until a worker takes it
        site.run(answer_asks)
        assert "Done" in await (await admin.get(asked.headers["Location"], headers=HTML)).text()
    assert (await http.get("/me", headers=HTML, allow_redirects=False)).status == 303  # signed out
    assert (await sign_in(http, "the-operator")).status == 303
    (done,) = site.run(lambda inst: accounts.done(inst, account="the-admin", obj="the-operator", limit=1))
    assert (done.verb, done.reason, done.done) == ("account second factor removed", "seen in person", True)
    as_admin = dataclasses.replace(site.inst, actor=Actor("the-admin", frozenset({Role.ADMIN}), "console"))
    await _give_factor(site, "the-admin")
    with pytest.raises(InputError, match="with a code or a recovery code"):  # of oneself not by a page
        site.run(lambda _: account_asks.ask_remove_factor(as_admin, "the-admin", reason="a stolen cookie"))
    site.run(lambda inst: accounts.remove_second_factor(inst, "the-admin", reason="on the command line"))
    with pytest.raises(InputError, match="has no second factor"):
        site.run(lambda inst: accounts.remove_second_factor(inst, "the-admin", reason="again"))


async def test_one_ends_ones_own_sessions_and_changes_the_password(http: aiohttp.ClientSession, site: Site) -> None:
    async with aiohttp.ClientSession(base_url=site.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
        for browser in (http, other):
            assert (await sign_in(browser, "the-operator")).status == 303
        mine = await (await http.get("/me", headers={"Accept": "application/json"})).json()
        elsewhere = [one["session_id"] for one in mine["sessions"] if not one["this"]][0]  # noqa: RUF015 - the newest
        assert (await post(http, f"/me/sessions/{elsewhere}/end")).status == 303
        assert (await other.get("/", headers=HTML, allow_redirects=False)).status == 303
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 200
        assert (await sign_in(other, "the-viewer")).status == 303
        mine = await (await other.get("/me", headers={"Accept": "application/json"})).json()
        of_viewer = next(one["session_id"] for one in mine["sessions"] if one["this"])
        assert (await post(http, f"/me/sessions/{of_viewer}/end")).status == 422  # of somebody else
        assert (await other.get("/", headers=HTML, allow_redirects=False)).status == 200
    new = PASSWORD + " and more"
    wrong = [await post(http, "/me/password", password=f"wrong {n}", new=new, again=new) for n in range(6)]
    texts = [await one.text() for one in wrong]
    assert [one.status for one in wrong] == [422] * 6
    assert ["The password is not right".lower() in text.lower() for text in texts] == [True] * 5 + [False]
    throttled = await post(http, "/me/password", password=PASSWORD, new=new, again=new)
    assert "Too many tries. Try again in 15 minutes." in await throttled.text()
    assert "Too many tries. Try again in 15 minutes." in await (await sign_in(http, "the-operator")).text()
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
    assert (await sign_in(http, "the-operator")).status == 303
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
    for weak in ("the-operator-2026", " " * 12, "password1234"):
        refused = await post(http, "/me/password", password=PASSWORD, new=weak, again=weak)
        assert (refused.status, "take some words" in await refused.text()) == (422, True)
    assert (await post(http, "/me/password", password=PASSWORD, new=new, again=new)).status == 303
    assert (await sign_in(http, "the-operator")).status == 401
    assert (await sign_in(http, "the-operator", new)).status == 303
    site.run(lambda inst: accounts.set_own_secret(_as(inst, "the-operator"), PASSWORD))


async def _now(inst: Installation) -> float:
    return inst.clock.real_now().timestamp()


@pytest.mark.attack("a form of another site, sent by the browser of somebody who is signed in")
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {}],
    ids=str,
)
async def test_a_form_of_elsewhere_does_nothing(
    operator: aiohttp.ClientSession, site: Site, headers: dict[str, str]
) -> None:
    async with operator.post("/pause", data={"reason": "by a trap"}, headers=headers | HTML) as answer:
        assert answer.status == 403
    assert (await (await operator.get("/", headers={"Accept": "application/json"})).json())["pause"] is None


async def test_the_api_takes_no_session(operator: aiohttp.ClientSession) -> None:
    text = operator.cookie_jar.filter_cookies(operator._base_url)["agi_app"].value  # type: ignore[arg-type]
    async with operator.get("/api/v1/campaigns") as by_cookie:
        assert by_cookie.status == 401
    async with operator.get("/api/v1/campaigns", headers={"Authorization": f"Bearer {text}"}) as by_text:
        assert by_text.status == 401


async def test_a_session_ends_with_the_role_and_the_password(http: aiohttp.ClientSession, site: Site) -> None:
    for change in (
        lambda inst: accounts.change(inst, "the-compliance", NewValues(roles=[Role.COMPLIANCE, Role.VIEWER])),
        lambda inst: accounts.set_own_secret(_as(inst, "the-compliance"), PASSWORD + "!"),
        lambda inst: accounts.change(inst, "the-compliance", NewValues(enabled=False)),
    ):
        password = PASSWORD + ("!" if change.__code__.co_names == ("accounts", "change", "NewValues") else "")
        for one in (PASSWORD, password):
            if (await sign_in(http, "the-compliance", one)).status == 303:
                break
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 200
        site.run(change)
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303
    assert (await sign_in(http, "the-compliance", PASSWORD + "!")).status == 401  # who is disabled


def _as(inst: Installation, account: str) -> Installation:
    return dataclasses.replace(inst, actor=Actor(account, frozenset({Role.VIEWER}), "cli"))


async def test_a_page_that_stands_open_is_no_look(http: aiohttp.ClientSession, site: Site) -> None:
    """Its stream asks whether the session is good; that must not keep who went away signed in."""
    assert (await sign_in(http, "the-admin")).status == 303
    text = http.cookie_jar.filter_cookies(http._base_url)["agi_app"].value  # type: ignore[arg-type]
    away = "UPDATE console_session SET seen_at = clock_timestamp() - make_interval(mins => %(mins)s)"
    site.run(lambda inst: inst.store.execute(away, {"mins": 29}))
    session = token_texts.id_of(text, sessions.PREFIX) or ""
    assert site.run(lambda inst: sessions.still_good(inst, [session])) == {session}
    site.run(lambda inst: inst.store.execute(away.replace("clock_timestamp()", "seen_at"), {"mins": 2}))
    assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303
    assert site.run(lambda inst: sessions.still_good(inst, [session])) == set()


async def test_a_link_sets_a_password_once(http: aiohttp.ClientSession, site: Site) -> None:
    site.run(lambda inst: accounts.add(inst, "li.na", [Role.VIEWER]))
    assert (await sign_in(http, "li.na", "")).status == 401
    text, _ = site.run(lambda inst: sessions.make_link_of(inst, "li.na"))
    async with http.get(f"/link/{text}", headers=HTML) as shown:
        assert "li.na" in await shown.text()
    for fields in ({"password": "short", "again": "short"}, {"password": PASSWORD, "again": PASSWORD + "x"}, WEAK):
        assert (await post(http, f"/link/{text}", **fields)).status == 422
    assert (await post(http, f"/link/{text}", password=PASSWORD, again=PASSWORD)).status == 303
    assert (await sign_in(http, "li.na")).status == 303
    for gone in (text, "agil_00000000_" + "0" * 32 + "_000000", "x"):
        async with http.get(f"/link/{gone}", headers=HTML) as shown:
            assert shown.status == 410
    assert (
        await post(http, f"/link/{text}", password="another " + PASSWORD, again="another " + PASSWORD)
    ).status == 422
    assert (await sign_in(http, "li.na")).status == 303


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "\t//evil", "javascript:x"]
)
async def test_nobody_is_sent_elsewhere(http: aiohttp.ClientSession, onward: str) -> None:
    assert (await sign_in(http, "the-viewer", next=onward)).headers["Location"] == "/"


async def test_an_agent_lands_on_what_an_agent_can_do(http: aiohttp.ClientSession, site: Site) -> None:
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
    given = await sign_in(http, "the-agent")
    assert (given.status, given.headers["Location"]) == (303, "/")
    async with http.get("/", headers=HTML) as shown:
        assert (shown.status, shown.url.path) == (200, "/agent")
        text = await shown.text()
    assert "Calls come to your telephone" in text
    assert 'href="/me"' in text
    assert "Who did what" not in text
    async with http.get("/", headers={"Accept": "application/json"}, allow_redirects=False) as asked:
        assert asked.status == 403  # a program is told
    assert (await http.get("/calls/campaigns", headers=HTML, allow_redirects=False)).status in (403, 404)


@pytest.mark.attack("a forged X-Forwarded-For, to try passwords without end, or to lock others out")
async def test_only_a_trusted_proxy_says_where_somebody_comes_from(http: aiohttp.ClientSession, site: Site) -> None:
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))

    async def tries(client: aiohttp.ClientSession, *named: str, password: str = "wrong") -> str:
        headers = FROM_HERE | HTML | {"X-Forwarded-For": ", ".join(named), "Forwarded": f"for={named[0]}"}
        form = {"account": "the-viewer", "password": password}
        answer = await client.post("/sign-in", data=form, headers=headers, allow_redirects=False)
        return "in" if answer.status == 303 else "wait" if "Too many" in await answer.text() else "wrong"

    of_here = [await tries(http, f"203.0.113.{n}") for n in range(6)]
    assert of_here == ["wrong"] * 5 + ["wait"]  # each name was its own, and none was believed
    behind = aiohttp.TCPConnector(local_addr=(PROXY, 0))
    async with aiohttp.ClientSession(site.url, connector=behind, cookie_jar=aiohttp.CookieJar(unsafe=True)) as proxy:
        assert [await tries(proxy, f"203.0.113.{n}", "198.51.100.7") for n in range(6)] == ["wrong"] * 5 + ["wait"]
        assert await tries(proxy, "198.51.100.8", password=PASSWORD) == "in"  # another one behind the same proxy
    (done,) = site.run(lambda inst: accounts.done(inst, account="the-viewer", limit=1))
    address = "SELECT address FROM action WHERE action_id = %(id)s"
    assert site.run(lambda inst: inst.store.value(str, address, {"id": done.id})) == "198.51.100.8"
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))


async def test_each_page_has_its_policy(http: aiohttp.ClientSession) -> None:
    async with http.get("/sign-in", headers=HTML) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    async with http.get("/sign-in", headers=HTML | {"Host": "evil.example"}) as answer:
        assert answer.status == 421
    async with http.get("/nothing/here", headers=HTML) as answer:
        assert answer.status == 404
        assert "<h1>" in await answer.text()
    async with http.post("/sign-in", headers=FROM_HERE | HTML, json={}) as answer:
        assert answer.status == 415


async def test_refused_sign_ins_and_open_sessions_are_told_to_prometheus(
    http: aiohttp.ClientSession, site: Site
) -> None:
    """A second factor that is still wanted is no failure."""

    def figure(text: str, name: str) -> float:
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"agi_app_{name}"))

    async def scraped() -> str:
        return await (await http.get("/metrics", headers=site.headers(Role.VIEWER))).text()

    assert (await sign_in(http, "the-viewer")).status == 303
    before = figure(await scraped(), "login_failures_total")
    assert (await sign_in(http, "the-viewer", "wrong")).status == 401
    text = await scraped()
    assert figure(text, "login_failures_total") == before + 1
    assert figure(text, "sessions") >= 1


async def test_an_open_stream_ends_with_its_session(http: aiohttp.ClientSession, site: Site) -> None:
    """At once, as the pages do: by a role that changes, an account that is disabled, or somebody who signs out."""
    site.run(lambda inst: accounts.add(inst, "zhang.wei", [Role.VIEWER]))
    mine = _as(site.inst, "zhang.wei")
    site.run(lambda _: accounts.set_own_secret(mine, PASSWORD))
    ends = (
        lambda: site.run(lambda inst: accounts.change(inst, "zhang.wei", NewValues(roles=[Role.OPERATOR]))),
        lambda: site.run(
            lambda inst: inst.store.execute("UPDATE console_session SET ended_at = now() WHERE account = 'zhang.wei'")
        ),
    )
    for end in ends:
        assert (await sign_in(http, "zhang.wei")).status == 303
        async with http.get("/live?parts=today") as stream:
            assert (await anext(stream.content.__aiter__())).startswith(b"retry:")
            await asyncio.to_thread(end)
            async with asyncio.timeout(5):
                text = await stream.text()
        assert text.endswith("event: signed-out\ndata: {}\n\n")


@pytest.mark.parametrize("kind", ["utf-16", "nonsense", "rot13", "base64", "punycode", "\xff"])
async def test_a_form_that_cannot_be_read_is_no_fault_of_ours(http: aiohttp.ClientSession, kind: str) -> None:
    headers = FROM_HERE | HTML | {"Content-Type": f"application/x-www-form-urlencoded; charset={kind}"}
    for path in ("/sign-in", "/link/agil_secret"):
        answer = await http.post(path, data=b"account=a&password=b\xff", headers=headers)
        assert answer.status == 415, await answer.text()
    zipped = FROM_HERE | HTML | {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    assert (await http.post("/sign-in", data=b"a=b", headers=zipped)).status in (400, 415)
