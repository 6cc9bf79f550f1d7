"""One's own account: where it is signed in, its password, and the second factor."""

from __future__ import annotations

import base64
import binascii
import datetime as dt

from markupsafe import Markup

from agi_app.console.given import second_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service import second_factor, sessions
from agi_app.operations.service.sessions import SecondShown

pages = Pages()
ISSUER = "agi-app"


class SessionOfMine(PageData):
    """One of my sessions."""

    session_id: str
    address: str | None
    browser: str | None
    made_at: dt.datetime
    seen_at: dt.datetime
    this: bool


class MeData(PageData):
    """My account."""

    account: str
    roles: list[str]
    second_factor: bool
    recovery_codes_left: int
    sessions: list[SessionOfMine]


class AgentData(PageData):
    """Who reads what an agent does."""

    account: str


class FactorData(PageData):
    """A new secret of a second factor, which is kept when its first code is shown."""

    account: str
    second_factor: bool  # whether there is one, which it replaces


class CodesData(PageData):
    """New recovery codes: the page alone shows them, once, and they are not in this."""

    account: str
    signed_out: bool


@pages.get("/me", None)
async def show(call: PageCall) -> Shown:
    """Roles and sessions."""
    return await _me(call)


@pages.get("/agent", None)
async def agent(call: PageCall) -> Shown:
    """What an agent does, and where: who has no other role begins here."""
    return Shown("agent.html", AgentData(account=call.inst.actor.account))


@pages.post("/me/sessions/{id}/end", None)
async def end(call: PageCall) -> GoTo:
    """End one of my sessions."""
    await sessions.end_own(call.inst, call.path["id"])
    return GoTo("/me")


@pages.post("/me/password", None)
async def password(call: PageCall) -> Shown | GoTo:
    """Another password; everybody who is signed in as this account signs in again."""
    new = call.form.get("new", "")
    if new != call.form.get("again"):
        return await _me(call, t("the two passwords differ"))
    try:
        await sessions.change_own_password(call.inst, call.form.get("password", ""), new)
    except InputError as error:
        return await _me(call, str(error))
    return GoTo("/sign-in", "set")


@pages.get("/me/second-factor", None)
async def second(call: PageCall) -> Shown:
    """A new secret, as a picture and as letters."""
    return await _factor(call, second_factor.new_secret())


@pages.post("/me/second-factor", None)
async def take_second(call: PageCall) -> Shown:
    """Keep the secret, and show its recovery codes."""
    form = call.form
    secret = secret_of(form.get("secret", ""))
    until_now = SecondShown(form.get("code-now", ""), form.get("recovery", ""))
    try:
        codes = await sessions.set_second_factor(
            call.inst, form.get("password", ""), secret, form.get("code", ""), until_now
        )
    except InputError as error:
        return await _factor(call, secret, str(error))
    return _codes(call, codes, signed_out=True)


@pages.post("/me/second-factor/remove", None)
async def remove_second(call: PageCall) -> Shown | GoTo:
    """Have none any longer."""
    try:
        await sessions.remove_second_factor(call.inst, call.form.get("password", ""), second_of(call.form))
    except InputError as error:
        return await _me(call, str(error))
    return GoTo("/sign-in", "factor")


@pages.post("/me/recovery-codes", None)
async def recovery_codes(call: PageCall) -> Shown:
    """Other recovery codes in place of those until now."""
    try:
        codes = await sessions.renew_recovery_codes(call.inst, call.form.get("password", ""), second_of(call.form))
    except InputError as error:
        return await _me(call, str(error))
    return _codes(call, codes, signed_out=False)


def _codes(call: PageCall, codes: list[str], *, signed_out: bool) -> Shown:
    data = CodesData(account=call.inst.actor.account, signed_out=signed_out)
    return Shown("recovery_codes.html", data, more={"codes": codes})


async def _me(call: PageCall, fault: str = "") -> Shown:
    actor = call.inst.actor
    mine = [
        SessionOfMine(
            session_id=one.session_id,
            address=one.address,
            browser=one.browser,
            made_at=one.made_at,
            seen_at=one.seen_at,
            this=one.session_id == actor.token,
        )
        for one in await sessions.own_sessions(call.inst)
    ]
    factor = await sessions.own_second_factor(call.inst)
    data = MeData(
        account=actor.account,
        roles=sorted(actor.roles),
        second_factor=factor.there,
        recovery_codes_left=factor.codes_left,
        sessions=mine,
    )
    more = {"fault": fault, "by_recovery": call.query.get("said") == "recovery"}
    return Shown("me.html", data, "agi-app account secret", 422 if fault else 200, more)


async def _factor(call: PageCall, secret: bytes, fault: str = "") -> Shown:
    import segno  # who does not set one up needs none of it

    account = call.inst.actor.account
    text = base64.b32encode(secret).decode().rstrip("=")
    address = second_factor.address_of(secret, account, ISSUER)
    picture = segno.make(address, error="m").svg_inline(omitsize=True, svgclass="code", lineclass="dots")
    more = {"secret": text, "picture": Markup(picture), "fault": fault}
    there = (await sessions.own_second_factor(call.inst)).there
    return Shown(
        "second_factor.html", FactorData(account=account, second_factor=there), "", 422 if fault else 200, more
    )


def secret_of(text: str) -> bytes:
    """The secret in its letters; InputError for anything else."""
    try:
        found = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != second_factor.SECRET_BYTES:
        raise InputError(t("this form is not whole; open the page again"))
    return found
