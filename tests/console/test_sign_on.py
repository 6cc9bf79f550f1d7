"""Single sign-on, by a provider of the tests' own: who gets in and as what, and every way in which nobody does."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import html
import itertools
import json
import shlex
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from joserfc import jwk, jwt

from agi_app import asked
from agi_app.config.console import OidcSettings
from agi_app.config.settings import Settings
from agi_app.dialer.worker.asks import Asks
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.model.actors import Actor, Role
from agi_app.operations.administration import identities
from agi_app.operations.service import accounts, sessions
from agi_app.operations.service.accounts import NewValues
from agi_app.single_sign_on import discovery, doctor_check, exchange
from agi_app.store.service import sign_on as table
from tests.api.site import PROXY, Site, served
from tests.console.browser import FROM_HERE, HTML, PASSWORD, post, sign_in, working
from tests.console.provider import CLIENT, SECRET, Claims, Provider
from tests.store.conftest import TEMPLATE, Cluster, cluster

__all__ = ["cluster"]
pytestmark = pytest.mark.postgres
_addresses = itertools.count(1)
ROLES = {"callers": "operator", "readers": "viewer", "calling-admins": "admin"}


@dataclasses.dataclass
class Office:
    """A site whose people sign in at a provider."""

    site: Site
    provider: Provider


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    at = socket.create_server(("127.0.0.1", 0))
    issuer = f"http://127.0.0.1:{at.getsockname()[1]}"
    oidc = OidcSettings(name="Clinic ID", issuer=issuer, client_id=CLIENT, client_secret=SECRET, roles=ROLES)

    def with_provider(settings: Settings) -> Settings:
        return settings.model_copy(update={"console": settings.console.model_copy(update={"oidc": oidc})})

    cluster.run(f"CREATE DATABASE test_sign_on TEMPLATE {TEMPLATE}")
    cluster.run("ALTER ROLE agi_app_console LOGIN")
    url = cluster.url("test_sign_on")
    with served(tmp_path_factory.mktemp("sign-on") / "clinic", url, with_provider) as site:
        provider = Provider(issuer)

        async def start(_inst: Installation) -> web.AppRunner:
            runner = web.AppRunner(provider.app(), access_log=None)
            await runner.setup()
            await web.SockSite(runner, at).start()
            return runner

        runner = site.run(start)
        yield Office(site, provider)
        site.run(lambda _: runner.cleanup())
    cluster.run("DROP DATABASE test_sign_on WITH (FORCE)")


@pytest.fixture(autouse=True)
async def worker(office: Office) -> AsyncIterator[None]:
    """A worker that takes these asks alone."""

    async def keep(_number: str, _how: str) -> None:
        raise AssertionError("no stop was asked for")

    async def take(inst: Installation) -> None:
        node = Asks(inst.store, "node-1", keep, partial(asked.prepare, inst), partial(asked.do, inst))
        await node.take_all("sign-on")

    office.provider.be_honest()
    async with working(office.site, take):
        yield


@asynccontextmanager
async def browser(office: Office) -> AsyncIterator[aiohttp.ClientSession]:
    """One at an address of its own, behind a proxy."""
    jar, behind = aiohttp.CookieJar(unsafe=True), aiohttp.TCPConnector(local_addr=(PROXY, 0))
    here = {"X-Forwarded-For": f"198.51.100.{next(_addresses)}"}
    async with aiohttp.ClientSession(office.site.url, cookie_jar=jar, connector=behind, headers=here) as session:
        yield session


async def sent(http: aiohttp.ClientSession, path: str = "/sign-in/oidc") -> str:
    """Where the browser is sent by a page of ours."""
    answer = await http.get(path, headers=HTML | FROM_HERE, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def came_back(to_provider: str) -> str:
    """Where the provider sends the browser to, once it has signed its person in."""
    async with aiohttp.ClientSession() as elsewhere, elsewhere.get(to_provider, allow_redirects=False) as answer:
        return answer.headers["Location"]


async def ended(http: aiohttp.ClientSession, back: str) -> aiohttp.ClientResponse:
    return await http.get(back, headers=HTML | {"Sec-Fetch-Site": "cross-site"}, allow_redirects=False)


async def whole(http: aiohttp.ClientSession, path: str = "/sign-in/oidc") -> aiohttp.ClientResponse:
    return await ended(http, await came_back(await sent(http, path)))


async def refused(answer: aiohttp.ClientResponse, why: str) -> None:
    """A page that says why, and no session."""
    text = html.unescape(await answer.text())
    assert answer.status == 403, answer.headers
    assert why in text
    assert "agi_app=" not in answer.headers.get("Set-Cookie", "").replace("agi_app_to_provider=", "")


def who(office: Office, sub: str, name: str, *roles: str, **more: Any) -> None:
    office.provider.person = {"sub": sub, "preferred_username": name, "roles": list(roles), **more}


def done(office: Office, name: str) -> list[str]:
    return [one.verb for one in office.site.run(lambda inst: accounts.done(inst, account=name))][::-1]


def account(office: Office, name: str) -> accounts.Account:
    return office.site.run(lambda inst: accounts.one(inst, name))


def columns_with(office: Office, text: str) -> list[str]:
    """The tables that have a text anywhere."""

    async def look(inst: Installation) -> list[str]:
        names = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        tables = [row["name"] for row in await inst.store.records(names)]
        has = 'SELECT count(*) FROM "{}" t WHERE position(%(text)s IN t::text) > 0'
        return [one for one in tables if await inst.store.value(int, has.format(one), {"text": text})]

    return office.site.run(look)


async def test_the_first_sign_in_makes_an_account_and_later_ones_take_the_roles_of_the_claim(office: Office) -> None:
    who(office, "s-1", "zhang.wei", "callers", "something else")
    async with browser(office) as http:
        page = await (await http.get("/sign-in?next=/campaigns", headers=HTML)).text()
        assert 'href="/sign-in/oidc?next=/campaigns"' in page
        assert "Sign in with Clinic ID" in page
        to = await sent(http, "/sign-in/oidc?next=/campaigns")
        flow = next(one for one in http.cookie_jar if one.key == "agi_app_to_provider")
        assert (flow["samesite"], flow["httponly"], flow["max-age"]) == ("Lax", True, "600")
        answer = await ended(http, back := await came_back(to))
        assert (answer.status, answer.headers["Location"]) == (303, "/campaigns")
        assert [one.key for one in http.cookie_jar] == ["agi_app"]  # that of the flow is gone
        assert "zhang.wei" in await (await http.get("/", headers=HTML)).text()
        await refused(await ended(http, back), "not begun in this browser")  # once
        assert (account(office, "zhang.wei").roles, account(office, "zhang.wei").has_credential) == (
            ["operator"],
            False,
        )
        assert done(office, "zhang.wei") == ["account add", "single sign-on"]
        for text in [*office.provider.given, flow.value, SECRET]:  # codes, tokens, verifiers
            assert columns_with(office, text) == []

        who(office, "s-1", "renamed", "readers")  # the same person
        async with browser(office) as other:
            assert (await whole(other)).status == 303
            assert "zhang.wei" in await (await other.get("/", headers=HTML)).text()
        assert account(office, "zhang.wei").roles == ["viewer"]
        assert done(office, "zhang.wei")[2:] == ["account change", "single sign-on"]
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303  # that of other roles has ended

        office.site.run(lambda inst: accounts.change(inst, "zhang.wei", NewValues(enabled=False)))
        await refused(await whole(http), "the account zhang.wei is disabled")
        assert account(office, "zhang.wei").enabled is False
        (noted, *_) = office.site.run(lambda inst: accounts.done(inst, limit=1))
        assert (noted.verb, noted.object, noted.reason) == (
            "single sign-on refused",
            "s-1",
            "the account zhang.wei is disabled",
        )
        out = await (await http.get("/sign-in?said=out", headers=HTML)).text()
        assert "You may still be signed in at Clinic ID" in out


async def test_nobody_without_a_role_and_nobody_by_the_name_of_another_gets_in(office: Office) -> None:
    async with browser(office) as http:
        for roles in ([], ["staff"], ["admin"], ["CALLERS"]):  # admin is a role of ours, and no value of the claim
            who(office, "s-2", "li.na", *roles)
            await refused(await whole(http), "Clinic ID gives you no role here")
        office.provider.person = {"sub": "s-2", "preferred_username": "li.na", "roles": {"callers": True}}
        await refused(await whole(http), "no role here")
        with pytest.raises(InputError):
            account(office, "li.na")
        who(office, "s-2", "the-admin", "callers", email="the-admin@example.com", email_verified=True)
        await refused(await whole(http), "agi-app account identity the-admin --subject s-2")
        assert account(office, "the-admin").roles == ["admin"]
        for name in ("", "<b>", "../x", "a" * 65):
            who(office, "s-3", name, "callers")
            answer = await whole(http)
            assert "<b>" not in await answer.text()
            await refused(answer, "is to name a new account")
        odd = "x\"; touch $(id) '7"
        who(office, odd, "the-admin", "callers")
        await refused(await whole(http), f"identity the-admin --subject {shlex.quote(odd)}")
        who(office, "-x", "\u0441hen", "callers", email="chen@clinic.example", email_verified=False)
        await refused(await whole(http), "agi-app account identity NAME --subject=-x")
        office.site.run(lambda inst: identities.link(inst, "the-viewer", "s-2"))
        with pytest.raises(InputError, match="linked already"):
            office.site.run(lambda inst: identities.link(inst, "the-operator", "s-2"))
        who(office, "s-2", "whatever", "callers")
        assert (await whole(http)).status == 303
        assert account(office, "the-viewer").roles == ["operator"]  # not what it had before it was linked
        office.site.run(lambda inst: identities.unlink(inst, "the-viewer"))
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303  # signed out by that
        noted = [one.verb for one in office.site.run(lambda inst: accounts.done(inst, obj="the-viewer"))]
        assert {"account identity", "account identity removed", "account change"} <= set(noted)


async def test_a_chinese_name_is_pinyin_and_no_page_shows_what_the_database_says(office: Office) -> None:
    async with browser(office) as http:
        who(office, "s-20", "孙芳", "callers")
        assert (await whole(http)).status == 303
        assert (account(office, "sun.fang").roles, done(office, "sun.fang")[:1]) == (["operator"], ["account add"])
    async with browser(office) as http:
        for sub, name in (("s-21", "孙方"), ("s-22", "ｓun.fang")):  # another person: never the same account
            who(office, sub, name, "callers")
            await refused(await whole(http), f"agi-app account identity sun.fang --subject {sub}")
        who(office, "s-23", "\u0441hen", "callers", email="chen.li@clinic.example", email_verified=True)
        assert (await whole(http)).status == 303
        assert account(office, "chen.li").roles == ["operator"]
    constrain = "ALTER TABLE account ADD CONSTRAINT no_zhou CHECK (name <> 'zhou.zhou') NOT VALID"
    office.site.run(lambda inst: inst.store.execute(constrain))
    async with browser(office) as http:
        who(office, "s-24", "周舟", "callers")
        answer = await whole(http)
        assert "no_zhou" not in await answer.text()
        await refused(answer, "could not be kept, by a fault of the database")
    office.site.run(lambda inst: inst.store.execute("ALTER TABLE account DROP CONSTRAINT no_zhou"))


async def test_who_has_no_role_at_the_issuer_any_longer_is_signed_out_and_shut_out(office: Office) -> None:
    async with browser(office) as http, browser(office) as other:
        who(office, "s-30", "qian.jin", "callers")
        assert (await whole(http)).status == 303
        mine = dataclasses.replace(office.site.inst, actor=Actor("qian.jin", frozenset({Role.OPERATOR}), "cli"))
        office.site.run(lambda _: accounts.set_own_secret(mine, PASSWORD))
        async with browser(office) as third:  # since a new password ends what was open
            assert (await whole(third)).status == 303
            who(office, "s-30", "qian.jin", "staff")
            await refused(await whole(other), "Clinic ID gives you no role here")
            assert (await third.get("/", headers=HTML, allow_redirects=False)).status == 303  # to the sign-in
        assert (await sign_in(other, "qian.jin")).status == 401
        assert account(office, "qian.jin").enabled is False
        noted = office.site.run(lambda inst: accounts.done(inst, obj="qian.jin", limit=1))[0]
        assert (noted.account, noted.verb, noted.reason) == (
            "single sign-on",
            "account change",
            "Clinic ID gives no role any longer (claim 'roles')",
        )
        who(office, "s-30", "qian.jin", "callers")  # given again: an admin here decides
        await refused(await whole(other), "the account qian.jin is disabled")


LIES: dict[str, Callable[[Claims], Claims]] = {
    "another issuer": lambda said: said | {"iss": "http://127.0.0.1:1"},
    "another audience": lambda said: said | {"aud": "another"},
    "several audiences, and it is not for us": lambda said: said | {"aud": [CLIENT, "another"], "azp": "another"},
    "several audiences without azp": lambda said: said | {"aud": [CLIENT, "another"]},
    "another nonce": lambda said: said | {"nonce": "of another sign-in"},
    "no nonce": lambda said: {name: value for name, value in said.items() if name != "nonce"},
    "expired": lambda said: said | {"exp": int(time.time()) - 61},
    "no expiry": lambda said: {name: value for name, value in said.items() if name != "exp"},
    "of tomorrow": lambda said: said | {"iat": int(time.time()) + 86400},
    "nobody": lambda said: said | {"sub": ""},
    "no text as subject": lambda said: said | {"sub": 7},
}


def forged(office: Office) -> dict[str, Callable[[Claims], str]]:
    """Ways to sign that are none."""
    strange = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    public = office.provider.key.as_pem(private=False)
    head = {"alg": "none", "kid": "one"}

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def by_public_key(said: Claims) -> str:
        import hashlib
        import hmac

        text = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(said)}"
        signature = hmac.new(public, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    def tampered(said: Claims) -> str:
        first, _, last = office.provider.signed(said).split(".")
        return f"{first}.{part(said | {'roles': ['calling-admins']})}.{last}"

    return {
        "no signature": lambda said: f"{part(head)}.{part(said)}.",
        "no signature, in capitals": lambda said: f"{part(head | {'alg': 'NONE'})}.{part(said)}.",
        "the public key as a shared secret": by_public_key,
        "the key of a stranger": lambda said: jwt.encode({"alg": "RS256", "kid": "one"}, said, strange),
        "a key that the provider has not": lambda said: jwt.encode({"alg": "RS256", "kid": "two"}, said, strange),
        "another algorithm": lambda said: jwt.encode(
            {"alg": "RS512", "kid": "one"}, said, strange, algorithms=["RS512"]
        ),
        "changed afterwards": tampered,
        "no token at all": lambda said: "x",
    }


async def test_no_token_that_is_not_whole_good_and_ours_signs_in(office: Office) -> None:
    who(office, "s-4", "wang.fang", "callers")
    async with browser(office) as http:
        for what, lie in LIES.items():
            office.provider.lie = lie
            answer = await whole(http)
            assert "the ID token is not good" in await answer.text(), what
            await refused(answer, "the ID token")
        office.provider.be_honest()
        for what, sign in forged(office).items():
            office.provider.sign = sign
            answer = await whole(http)
            assert "the ID token" in await answer.text(), what
            await refused(answer, "the ID token")
        with pytest.raises(InputError):
            account(office, "wang.fang")
        office.provider.be_honest()
        office.provider.key = jwk.ECKey.generate_key("P-256", {"kid": "new", "use": "sig", "alg": "ES256"})
        assert (await whole(http)).status == 303  # a key that came since is asked for


async def test_an_answer_is_good_once_and_in_the_browser_that_began(office: Office) -> None:
    who(office, "s-5", "chen.jing", "callers")
    async with browser(office) as http, browser(office) as victim, browser(office) as nobody:
        back = await came_back(await sent(http))
        await refused(await ended(nobody, back), "not begun in this browser")
        await sent(victim)  # with a sign-in of their own going on
        await refused(await ended(victim, back), "not begun in this browser")
        flow = next(one for one in http.cookie_jar if one.key == "agi_app_to_provider").value
        state = parse_qs(urlsplit(back).query)["state"][0]
        path = urlsplit(back).path
        for query, why in (
            (f"code=x&state={state}x&iss={office.provider.issuer}", "not begun in this browser"),
            ("", "not begun in this browser"),
            (f"code=x&state={state}&iss=https://evil.example", "another issuer"),
            (f"code=x&state={state}", "another issuer"),  # this one says that it names itself
            (f"state={state}&iss={office.provider.issuer}", "has no code"),
        ):
            answer = await nobody.get(
                f"{path}?{query}", headers=HTML, cookies={"agi_app_to_provider": flow}, allow_redirects=False
            )
            await refused(answer, why)
        assert (await ended(http, back)).status == 303
        again = await nobody.get(back, headers=HTML, cookies={"agi_app_to_provider": flow}, allow_redirects=False)
        await refused(again, "this sign-in has ended")
        used = await came_back(await sent(nobody))
        code = parse_qs(urlsplit(back).query)["code"][0]
        own = parse_qs(urlsplit(used).query)["state"][0]
        replayed = f"{path}?code={code}&state={own}&iss={office.provider.issuer}"
        await refused(await ended(nobody, replayed), "the issuer does not take the code: invalid_grant")
        to = await sent(nobody)
        state = parse_qs(urlsplit(to).query)["state"][0]
        mine = await nobody.get(
            f"{path}?state={state}&iss={office.provider.issuer}&error=access_denied&error_description=<b>call+us</b>",
            headers=HTML,
            allow_redirects=False,
        )
        assert "call us" not in await mine.text()
        await refused(mine, "the issuer did not sign you in: access_denied")
        back = await came_back(await sent(nobody))
        office.site.run(
            lambda inst: inst.store.execute("UPDATE sign_on_flow SET begun_at = begun_at - interval '10 minutes'")
        )
        await refused(await ended(nobody, back), "took longer than ten minutes")


async def test_it_leads_to_pages_of_ours_alone_and_no_other_site_begins_it(office: Office) -> None:
    who(office, "s-6", "sun.li", "callers")
    for onward in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        async with browser(office) as http:
            answer = await whole(http, f"/sign-in/oidc?next={onward}")
            assert (answer.status, answer.headers["Location"]) == (303, "/")
    async with browser(office) as http:
        answers = [(await ended(http, "/sign-in/oidc/return?code=x&state=y")).status for _ in range(31)]
        assert (answers[0], answers[-1]) == (403, 429)  # each may be an ask, which is kept for good
        for site in ("cross-site", "same-site"):
            headers = HTML | {"Sec-Fetch-Site": site}
            answer = await http.get("/sign-in/oidc", headers=headers, allow_redirects=False)
            assert (answer.headers["Location"], len(http.cookie_jar)) == ("/sign-in", 0)
        answer = await http.get("/sign-in/oidc/done", headers=HTML, allow_redirects=False)
        assert answer.headers["Location"] == "/sign-in"


async def test_signed_in_again_at_the_provider_what_cannot_be_taken_back_is_done(office: Office) -> None:
    who(office, "s-7", "wu.min", "calling-admins", "readers")
    office.provider.signed_in_at = time.time() - 3600  # this morning, there
    async with browser(office) as http:
        assert (await whole(http)).status == 303
        assert account(office, "wu.min").roles == ["viewer", "admin"]
        fields = {"name": "new.person", "role-viewer": "on", "reason": "new"}
        asks = await (await post(http, "/service/accounts", **fields)).text()
        assert "Or sign in again at Clinic ID" in asks  # the sign-in of this morning is no proof
        own = next(one for one in http.cookie_jar if one.key == "agi_app").value
        proved = partial(_proved, office, own)
        assert not proved()
        again = "/sign-in/oidc?again=1"
        await refused(await whole(http, again), "Clinic ID has not asked you to sign in again")
        query = office.provider.asked[-1]
        assert (query["prompt"], query["max_age"]) == ("login", "0")
        office.provider.lie = lambda said: {name: value for name, value in said.items() if name != "auth_time"}
        await refused(await whole(http, again), "auth_time")
        office.provider.be_honest()
        who(office, "s-1", "somebody else", "calling-admins")
        await refused(await whole(http, again), "another person has signed in at Clinic ID")
        who(office, "s-7", "wu.min", "calling-admins", "readers")
        to = await sent(http, again)
        async with browser(office) as other:  # of the same person, with a session of its own
            assert (await whole(other)).status == 303
            flow = next(one for one in http.cookie_jar if one.key == "agi_app_to_provider").value
            other.cookie_jar.update_cookies({"agi_app_to_provider": flow}, other._base_url)  # type: ignore[arg-type]
            await refused(await ended(other, await came_back(to)), "begun by another session")
        assert not proved()
        answer = await whole(http, again)
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in/oidc/done")
        assert "Close this tab" in await (await http.get("/sign-in/oidc/done", headers=HTML)).text()
        assert proved()
        assert done(office, "wu.min")[-1] == "single sign-on again"
        assert (await post(http, "/service/accounts", **fields)).status == 200  # no proof is wanted any longer
        assert (await post(http, "/sign-out")).headers["Location"] == "/sign-in?said=out"
        assert not proved()


def _proved(office: Office, text: str) -> bool:
    async def look(inst: Installation) -> bool:
        owner = await sessions.owner_of(inst, text)
        return owner is not None and await sessions.is_proved(
            sessions.acting(inst, sessions.actor_of(owner, text, None))
        )

    return office.site.run(look)


async def test_the_only_admin_stays_one_and_a_password_still_signs_in(office: Office) -> None:
    inst = office.site.inst
    (first,) = [one.name for one in office.site.run(accounts.accounts) if one.os_user and "admin" in one.roles]
    mine = dataclasses.replace(inst, actor=Actor(first, frozenset(Role), "cli"))
    office.site.run(lambda _: accounts.set_own_secret(mine, PASSWORD))
    office.site.run(lambda inst: identities.link(inst, first, "s-8"))
    who(office, "s-8", "x", "readers")
    async with browser(office) as http:
        await refused(await whole(http), "is the only admin")
        assert (await sign_in(http, first)).status == 303
        who(office, "s-8", "x")
        async with browser(office) as other:
            await refused(await whole(other), "no role here")
        assert (await http.get("/", headers=HTML, allow_redirects=False)).status == 303  # signed out
        assert (await sign_in(http, first)).status == 303
    office.site.run(lambda inst: identities.unlink(inst, first))


async def test_a_provider_that_is_wrong_or_away_is_told_by_doctor_and_on_the_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, provider = office.site.inst.settings, office.provider

    async def told(**document: Any) -> str:
        provider.document = document
        (found,) = await doctor_check.look(settings)
        return f"{found.text} {found.well}"

    assert await told() == f"Clinic ID: {provider.issuer} answers; admins are who has calling-admins True"
    assert "they must be the same False" in await told(issuer="https://evil.example")
    assert "has no TLS" in await told(token_endpoint="http://evil.example/token")
    assert "no host of the issuer" in await told(jwks_uri="https://evil.example/keys")
    assert "no host of the issuer" in await told(authorization_endpoint="https://127.0.0.1@evil.example/")
    assert "has no S256" in await told(code_challenge_methods_supported=["plain"])
    provider.document = {}
    monkeypatch.setattr(discovery, "GOOD_FOR_S", 0.0)
    provider.document = {"issuer": "https://evil.example"}
    async with browser(office) as http:
        answer = await http.get("/sign-in/oidc", headers=HTML | FROM_HERE, allow_redirects=False)
        assert (answer.status, "they must be the same" in await answer.text()) == (502, True)
        provider.document = {}
        with monkeypatch.context() as few:
            few.setattr(table, "MOST_OPEN", 0)
            answer = await http.get("/sign-in/oidc", headers=HTML | FROM_HERE, allow_redirects=False)
            assert (answer.status, "too many sign-ins" in await answer.text()) == (502, True)
        monkeypatch.setattr(exchange, "LIBRARIES", ("no_such_library",))
        answer = await http.get("/sign-in/oidc", headers=HTML | FROM_HERE, allow_redirects=False)
        assert (answer.status, "agi-app[oidc]" in await answer.text()) == (502, True)
        assert (await sign_in(http, "nobody", "x")).status == 401  # passwords do without it


async def test_without_a_worker_it_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from agi_app.operations.administration import sign_on

    who(office, "s-9", "zhou.yu", "callers")
    monkeypatch.setattr(sign_on, "WITHIN_S", 0.0)
    monkeypatch.setattr(sign_on, "EVERY_S", 0.001)
    async with browser(office) as http:
        await refused(await whole(http), "no worker has answered")
        await asyncio.sleep(0)
