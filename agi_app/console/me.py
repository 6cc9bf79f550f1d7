"""One's own account: where it is signed in, its password, and the second factor."""

from __future__ import annotations

import base64
import binascii
import datetime as dt

from markupsafe import Markup

from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Shown
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service import second_factor, sessions

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
    sessions: list[SessionOfMine]


class FactorData(PageData):
    """A new secret of a second factor, which is kept when its first code is shown."""

    account: str


@pages.get("/me", None)
async def show(call: PageCall) -> Shown:
    """Roles and sessions."""
    return await _me(call)


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
    return _factor(call, second_factor.new_secret())


@pages.post("/me/second-factor", None)
async def take_second(call: PageCall) -> Shown | GoTo:
    """Keep the secret, or have none any longer."""
    if call.form.get("remove"):
        try:
            await sessions.remove_second_factor(call.inst, call.form.get("password", ""))
        except InputError as error:
            return await _me(call, str(error))
        return GoTo("/sign-in", "factor")
    secret = secret_of(call.form.get("secret", ""))
    try:
        await sessions.set_second_factor(call.inst, call.form.get("password", ""), secret, call.form.get("code", ""))
    except InputError as error:
        return _factor(call, secret, str(error))
    return GoTo("/sign-in", "factor")


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
    data = MeData(account=actor.account, roles=sorted(actor.roles), sessions=mine)
    return Shown("me.html", data, "agi-app account secret", 422 if fault else 200, {"fault": fault})


def _factor(call: PageCall, secret: bytes, fault: str = "") -> Shown:
    import segno  # who does not set one up needs none of it

    account = call.inst.actor.account
    text = base64.b32encode(secret).decode().rstrip("=")
    address = second_factor.address_of(secret, account, ISSUER)
    picture = segno.make(address, error="m").svg_inline(omitsize=True, svgclass="code", lineclass="dots")
    more = {"secret": text, "picture": Markup(picture), "fault": fault}
    return Shown("second_factor.html", FactorData(account=account), "", 422 if fault else 200, more)


def secret_of(text: str) -> bytes:
    """The secret in its letters; InputError for anything else."""
    try:
        found = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != second_factor.SECRET_BYTES:
        raise InputError(t("this form is not whole; open the page again"))
    return found
