"""One's own passkeys: make one, remove one, and show one in place of the password."""

from __future__ import annotations

import datetime as dt

from agi_app.console.given import second_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.console.passkeys import shown
from agi_app.console.passkeys.shown import CreateOptions, GetOptions
from agi_app.errors import InputError, NotThere
from agi_app.messages import t
from agi_app.operations.administration import passkeys

pages = Pages()
TEMPLATE, PATH = "passkeys/mine.html", "/me/passkeys"


class PasskeyOfMine(PageData):
    """One of my passkeys; ``here``: it is good where this page was opened."""

    passkey_id: int
    name: str
    rp_id: str
    made_at: dt.datetime
    used_at: dt.datetime | None
    here: bool


class MyPasskeysData(PageData):
    """My passkeys; ``create`` and ``get``: what the browser was asked for."""

    account: str
    passkeys: list[PasskeyOfMine]
    create: CreateOptions | None = None
    get: GetOptions | None = None


@pages.get(PATH, None)
async def show(call: PageCall) -> Shown:
    """All of them, and a form for another one."""
    return await _mine(call)


@pages.post(f"{PATH}/begin", None)
async def begin(call: PageCall) -> Shown:
    """What the browser needs to make one, for who has shown password and code, or a passkey."""
    site = shown.site_of(call)
    passkeys.checked_name(call.form.get("name", ""))
    asked = await passkeys.begin(call.inst, call.form.get("password", ""), second_of(call.form))
    return await _mine(call, create=shown.create_options(site, asked, call.inst.actor.account))


@pages.post(PATH, None)
async def add(call: PageCall) -> Shown | GoTo:
    """Keep one that the browser has made."""
    try:
        site = shown.site_of(call)
        data, attestation = (shown.bytes_of(call.form, name) for name in ("client_data", "attestation"))
        await passkeys.add(call.inst, call.form.get("name", ""), site, data, attestation)
    except InputError as error:
        return await _mine(call, str(error))
    return GoTo("/sign-in", "passkeys")


@pages.post(f"{PATH}/{{id}}/remove", None)
async def remove(call: PageCall) -> Shown | GoTo:
    """Take one away."""
    if not call.path["id"].isdecimal():
        raise NotThere(t("your account has no such passkey"))
    number = min(int(call.path["id"]), 2**63 - 1)
    try:
        await passkeys.remove(call.inst, number, call.form.get("password", ""), second_of(call.form))
    except NotThere:
        raise
    except InputError as error:
        return await _mine(call, str(error))
    return GoTo("/sign-in", "passkeys")


@pages.post(f"{PATH}/prove/begin", None)
async def begin_proof(call: PageCall) -> Shown:
    """What the browser needs to show one in place of the password."""
    site = shown.site_of(call)
    return await _mine(call, get=shown.get_options(site, await passkeys.begin_proof(call.inst, site)))


@pages.post(f"{PATH}/prove", None)
async def prove(call: PageCall) -> Shown:
    """It is shown: as good as the password for five minutes, and for one change of passkeys."""
    await passkeys.prove(call.inst, shown.site_of(call), shown.shown_of(call.form))
    return await _mine(call)


async def _mine(
    call: PageCall, fault: str = "", *, create: CreateOptions | None = None, get: GetOptions | None = None
) -> Shown:
    name = None if call.passkeys.site is None else call.passkeys.site.rp_id
    mine = [
        PasskeyOfMine(
            passkey_id=one.passkey_id,
            name=one.name,
            rp_id=one.rp_id,
            made_at=one.made_at,
            used_at=one.used_at,
            here=one.rp_id == name,
        )
        for one in await passkeys.own(call.inst)
    ]
    account = call.inst.actor.account
    data = MyPasskeysData(account=account, passkeys=mine, create=create, get=get)
    more = {"fault": fault, "typed": call.form}
    return Shown(TEMPLATE, data, "", 422 if fault else 200, more)
