"""Passkeys: made and removed by their owner, signed in with, shown in place of the password; and what is none."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from agi_app.operations.administration import webauthn
from agi_app.operations.service import accounts, second_factor
from agi_app.operations.service.accounts import NewValues
from tests.api.site import Site, answer_asks
from tests.console.authenticator import (
    JSON,
    PRESENT,
    VERIFIED,
    Device,
    asked_for,
    b64,
    make_passkey,
    of_b64,
    show_passkey,
)
from tests.console.browser import FROM_HERE, HTML, PASSWORD, post, sign_in

pytestmark = pytest.mark.postgres


@pytest.fixture
def origin(site: Site) -> str:
    return site.url.replace("127.0.0.1", "localhost")


@pytest.fixture
async def browser(origin: str) -> AsyncIterator[aiohttp.ClientSession]:
    """By the name that passkeys have on one's own machine."""
    async with aiohttp.ClientSession(base_url=origin, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def other(origin: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=origin, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture(autouse=True)
def fresh(site: Site) -> None:
    """Nobody waits, and nobody has a passkey."""
    for table in ("sign_in_try", "passkey"):
        site.run(lambda inst, table=table: inst.store.execute(f"DELETE FROM {table}"))  # type: ignore[misc]


async def is_in(http: aiohttp.ClientSession) -> bool:
    return (await http.get("/me", headers=HTML, allow_redirects=False)).status == 200


def verbs(site: Site, account: str, last: int) -> list[str]:
    return [one.verb for one in site.run(lambda inst: accounts.done(inst, account=account, limit=last))]


async def test_one_makes_a_passkey_signs_in_with_it_and_removes_it(
    browser: aiohttp.ClientSession, site: Site, origin: str
) -> None:
    secret, now = second_factor.new_secret(), site.inst.clock.real_now().timestamp()
    give = "UPDATE account SET totp = %(secret)s, totp_step = 0 WHERE name = 'the-operator'"
    site.run(lambda inst: inst.store.execute(give, {"secret": secret}))
    codes = [second_factor.code_of(secret, int(now // second_factor.STEP_S) + n) for n in (-1, 0, 1)]
    assert (await sign_in(browser, "the-operator", code=codes[0])).status == 303
    page = await (await browser.get("/me/passkeys", headers=HTML)).text()
    assert "You have no passkey." in page
    assert "It is good for localhost." in page
    for proof in ({}, {"password": "wrong"}, {"password": PASSWORD}, {"password": PASSWORD, "code": codes[0]}):
        async with browser.post("/me/passkeys/begin", data={"name": "x", **proof}, headers=FROM_HERE | JSON) as refused:
            assert (refused.status, "challenge" in await refused.text()) == (422, False)
    device = await make_passkey(browser, origin, "my telephone", password=PASSWORD, code=codes[1])
    assert not await is_in(browser)  # as when the second factor is changed
    given = await show_passkey(browser, origin, device)
    assert (given.status, given.headers["Location"]) == (303, "/")
    mine = await (await browser.get("/me/passkeys", headers=JSON)).json()
    (one,) = mine["passkeys"]
    assert [mine["account"], *(one[key] for key in ("name", "rp_id", "here"))] == [
        *("the-operator", "my telephone", "localhost", True)
    ]
    assert one["used_at"] > one["made_at"]
    path = f"/me/passkeys/{one['passkey_id']}/remove"
    assert [(await post(browser, path, **proof)).status for proof in ({}, {"password": PASSWORD})] == [422, 422]
    assert (await post(browser, "/me/passkeys/999999/remove", password=PASSWORD, code=codes[2])).status == 404
    await prove(browser, origin, device)
    assert (await post(browser, path)).status == 303
    assert not await is_in(browser)
    assert (await show_passkey(browser, origin, device)).status == 401
    assert verbs(site, "the-operator", 7)[::-1] == [
        *("account passkey add", "sign in by passkey", "account passkey remove", "account passkey remove"),
        *("account passkey remove", "passkey shown", "account passkey remove"),
    ]
    site.run(lambda inst: accounts.remove_second_factor(inst, "the-operator", reason="the test is over"))


async def prove(http: aiohttp.ClientSession, origin: str, device: Device) -> None:
    asked = (await asked_for(http, "/me/passkeys/prove/begin"))["get"]
    assert b64(device.credential_id) in asked["allow"]
    await asked_for(http, "/me/passkeys/prove", **device.shown(asked["challenge"], origin))


async def test_a_passkey_is_as_good_as_the_password_for_five_minutes_and_for_one_change(
    browser: aiohttp.ClientSession, site: Site, origin: str
) -> None:
    assert (await sign_in(browser, "the-admin")).status == 303
    device = await make_passkey(browser, origin)
    assert (await show_passkey(browser, origin, device)).status == 303
    ago = "UPDATE console_session SET {column} = clock_timestamp() - interval '301 seconds'"
    site.run(lambda inst: inst.store.execute(ago.format(column="proved_at")))
    path = "/service/accounts/the-viewer"
    page = await (await browser.get(path, headers=HTML)).text()
    assert "Show a passkey instead" in page
    assert "Type your password again" in await (await post(browser, f"{path}/link")).text()
    await prove(browser, origin, device)
    assert "Your password again" not in await (await browser.get(path, headers=HTML)).text()
    assert (await post(browser, f"{path}/link")).status == 200
    site.run(answer_asks)
    site.run(lambda inst: inst.store.execute(ago.format(column="passkey_proved_at")))
    late = await browser.post("/me/passkeys/begin", data={"name": "late"}, headers=FROM_HERE | JSON)
    assert (late.status, "show a passkey first" in await late.text()) == (422, True)
    await prove(browser, origin, device)
    asked = await asked_for(browser, "/me/passkeys/begin", name="second")
    assert asked["create"]["exclude"] == [b64(device.credential_id)]
    again = await browser.post("/me/passkeys/begin", data={"name": "third"}, headers=FROM_HERE | JSON)
    assert again.status == 422  # it was good for one
    second = Device()
    assert (await post(browser, "/me/passkeys", name="second", **second.made(asked["create"], origin))).status == 303
    assert (await show_passkey(browser, origin, second)).status == 303
    assert len((await (await browser.get("/me/passkeys", headers=JSON)).json())["passkeys"]) == 2


def _unverified(device: Device) -> None:
    device.flags = PRESENT


def _absent(device: Device) -> None:
    device.flags = VERIFIED


def _elsewhere(device: Device) -> None:
    device.rp_id = "evil.example"


def _behind(device: Device) -> None:
    device.counter = 1


def _of_another(device: Device) -> None:
    device.handle = bytes(32)


def _without_handle(device: Device) -> None:
    device.handle = b""


def _unknown(device: Device) -> None:
    device.credential_id = bytes(32)


def _other_key(device: Device) -> None:
    device.key = Device().key


BAD = (_unverified, _absent, _elsewhere, _behind, _of_another, _without_handle, _unknown, _other_key)


@pytest.mark.attack("a passkey of another site, page, person or moment, or a copy of one")
@pytest.mark.parametrize("library", [True, False], ids=["library and database", "the database alone"])
async def test_what_is_no_passkey_signs_nobody_in(
    browser: aiohttp.ClientSession,
    other: aiohttp.ClientSession,
    site: Site,
    origin: str,
    library: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database refuses each also when code that runs in the console says that the library found it good."""
    assert (await sign_in(browser, "the-compliance")).status == 303
    device = await make_passkey(browser, origin)
    assert (await show_passkey(browser, origin, device)).status == 303
    if not library:
        monkeypatch.setattr(webauthn, "is_good", lambda *_: True)
    evil = [origin.replace("localhost", "evil.example"), origin.replace("http:", "https:") + "0", "http://localhost:1"]
    tries: list[tuple[Callable[[Device], None], dict[str, object], str]] = [
        *((change, {}, origin) for change in BAD),
        *((lambda _: None, {}, one) for one in evil),
        (lambda _: None, {"type": "webauthn.create"}, origin),
        (lambda _: None, {"crossOrigin": True}, origin),
    ]
    for change, more, where in tries:
        site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
        made = dataclasses.replace(device)
        change(made)
        refused = await show_passkey(other, where, made, **more)
        assert (refused.status, await is_in(other)) == (401, False), (change, more, where)
        assert "not known here" in await refused.text()
    assert verbs(site, "the-compliance", 1) == ["passkey counter went back"]
    site.run(lambda inst: inst.store.execute("DELETE FROM sign_in_try"))
    challenge = (await asked_for(other, "/sign-in/passkey/begin"))["challenge"]
    shown = device.shown(challenge, origin)
    assert (await post(browser, "/sign-in/passkey", **shown)).status == 401  # of another browser
    bad = shown | {"signature": b64(of_b64(shown["signature"])[:-1] + b"\x00")}
    assert (await post(other, "/sign-in/passkey", **bad)).status == 401
    assert (await post(other, "/sign-in/passkey", **shown)).status == 401  # its challenge was used up
    late = (await asked_for(other, "/sign-in/passkey/begin"))["challenge"]
    site.run(lambda inst: inst.store.execute("UPDATE passkey_challenge SET expires_at = clock_timestamp()"))
    assert "five minutes" in await (await post(other, "/sign-in/passkey", **device.shown(late, origin))).text()
    proof = (await asked_for(browser, "/me/passkeys/prove/begin"))["get"]["challenge"]
    assert (await post(other, "/sign-in/passkey", **device.shown(proof, origin))).status == 401  # for something else
    assert not await is_in(other)
    good = device.shown((await asked_for(other, "/sign-in/passkey/begin"))["challenge"], origin)
    assert (await post(other, "/sign-in/passkey", **good)).status == 303
    assert (await post(other, "/sign-in/passkey", **good)).status == 401  # once more
    site.run(lambda inst: accounts.change(inst, "the-compliance", NewValues(enabled=False)))
    assert (await show_passkey(other, origin, device)).status == 401
    site.run(lambda inst: accounts.change(inst, "the-compliance", NewValues(enabled=True)))


async def test_another_persons_passkey_proves_nothing_and_is_not_removed(
    browser: aiohttp.ClientSession, other: aiohttp.ClientSession, site: Site, origin: str
) -> None:
    for http, account in ((browser, "the-viewer"), (other, "the-supervisor")):
        assert (await sign_in(http, account)).status == 303
    theirs = await make_passkey(other, origin)
    mine = await make_passkey(browser, origin)
    assert (await show_passkey(browser, origin, mine)).status == 303
    number = site.run(lambda inst: inst.store.value(int, "SELECT min(passkey_id) FROM passkey"))
    assert (await post(browser, f"/me/passkeys/{number}/remove", password=PASSWORD)).status == 404
    asked = (await asked_for(browser, "/me/passkeys/prove/begin"))["get"]
    assert asked["allow"] == [b64(mine.credential_id)]
    for handle in (theirs.handle, mine.handle):
        shown = dataclasses.replace(theirs, handle=handle).shown(asked["challenge"], origin)
        refused = await browser.post("/me/passkeys/prove", data=shown, headers=FROM_HERE | JSON)
        assert refused.status == 422
        asked = (await asked_for(browser, "/me/passkeys/prove/begin"))["get"]
    made = await asked_for(browser, "/me/passkeys/begin", name="again", password=PASSWORD)
    taken = dataclasses.replace(theirs, key=mine.key).made(made["create"], origin)
    assert "is kept already" in await (await post(browser, "/me/passkeys", name="again", **taken)).text()
    for where, flags in (("http://evil.example", PRESENT | VERIFIED), (origin, PRESENT)):
        made = await asked_for(browser, "/me/passkeys/begin", name="again", password=PASSWORD)
        wrong = Device(flags=flags).made(made["create"], where)
        assert "was not taken" in await (await post(browser, "/me/passkeys", name="again", **wrong)).text()
        good = Device().made(made["create"], origin)
        assert "done already" in await (await post(browser, "/me/passkeys", name="again", **good)).text()
    assert len((await (await browser.get("/me/passkeys", headers=JSON)).json())["passkeys"]) == 1
    assert (await show_passkey(other, origin, theirs)).status == 303


async def test_wrong_ones_are_counted_as_wrong_passwords_are(
    browser: aiohttp.ClientSession, site: Site, origin: str
) -> None:
    assert (await sign_in(browser, "the-viewer")).status == 303
    device = await make_passkey(browser, origin)
    for n in range(6):
        wrong = dataclasses.replace(device, key=Device().key)
        assert ("Too many tries" in await (await show_passkey(browser, origin, wrong)).text()) is (n == 5)
    assert "Too many tries" in await (await show_passkey(browser, origin, device)).text()
    assert "Too many tries" in await (await sign_in(browser, "the-viewer")).text()
    assert (await sign_in(browser, "the-supervisor")).status == 303


async def test_an_admin_takes_lost_passkeys_off(
    browser: aiohttp.ClientSession, other: aiohttp.ClientSession, site: Site, origin: str
) -> None:
    assert (await sign_in(browser, "the-agent")).status == 303
    device = await make_passkey(browser, origin)
    assert (await show_passkey(browser, origin, device)).status == 303
    assert (await sign_in(other, "the-admin")).status == 303
    page = await (await other.get("/service/accounts/the-agent", headers=HTML)).text()
    assert "Remove second factor and passkeys" in page
    asked = await post(other, "/service/accounts/the-agent/remove-factor", reason="seen in person")
    site.run(answer_asks)
    assert "Done" in await (await other.get(asked.headers["Location"], headers=HTML)).text()
    assert not await is_in(browser)
    assert (await show_passkey(browser, origin, device)).status == 401
    assert (await sign_in(browser, "the-agent")).status == 303
    (found,) = [one for one in site.run(accounts.accounts) if one.name == "the-agent"]
    assert (found.passkeys, found.has_second_factor) == (0, False)


async def test_where_there_can_be_none_the_page_says_why_and_offers_nothing(
    browser: aiohttp.ClientSession, http: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``http`` asks by an address."""

    async def told(client: aiohttp.ClientSession, path: str) -> str:
        text = await (await client.get(path, headers=HTML)).text()
        assert ("data-passkey" in text) is ("/static/passkeys." in text)
        return text

    assert "data-passkey" in await told(browser, "/sign-in")
    assert "127.0.0.1 is an address" in await told(http, "/sign-in")
    for client in (http, browser):
        assert (await sign_in(client, "the-viewer")).status == 303
    page = await told(http, "/me/passkeys")
    assert "127.0.0.1 is an address" in page
    assert "data-passkey" not in page
    refused = await http.post("/sign-in/passkey/begin", headers=FROM_HERE | JSON)
    assert (refused.status, "is an address" in await refused.text()) == (422, True)
    monkeypatch.setattr(webauthn, "is_installed", lambda: False)
    for path in ("/sign-in", "/me", "/me/passkeys"):
        assert "data-passkey" not in await told(browser, path)
    assert "pip install" in await told(browser, "/me/passkeys")
    for path in ("", "/begin", "/prove/begin", "/prove"):
        assert (await post(browser, f"/me/passkeys{path}")).status == 422
    assert (await post(browser, "/sign-in/passkey")).status == 422
    assert (await sign_in(browser, "the-viewer")).status == 303
