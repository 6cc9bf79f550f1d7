"""Accounts: who may act, in which roles; a link for a first password; where somebody is signed in."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

from agi_app.api.resources import service as resource
from agi_app.api.resources.asks import AskAnswer, ask_answer
from agi_app.api.resources.service import AccountAnswer, Accounts
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.asked import ended
from agi_app.console.given import why_of
from agi_app.console.pages import GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import template
from agi_app.model.actors import Role, Scope
from agi_app.operations.administration import account_asks
from agi_app.operations.administration.account_asks import AskedSecret
from agi_app.operations.calling import asks
from agi_app.operations.service import accounts, sessions
from agi_app.operations.service.accounts import NewValues

pages = Pages()
WORDS = {
    Role.VIEWER: template("sees figures, and people with masked numbers"),
    Role.OPERATOR: template("imports, drafts, starts and pauses campaigns, changes the guard's lists"),
    Role.SUPERVISOR: template("as operator, and approves starts, listens to recordings, manages agents"),
    Role.COMPLIANCE: template("consents, complaints, erasures, whole numbers, proof, who did what"),
    Role.ADMIN: template("accounts, tokens, webhooks, numbers shown, the service"),
    Role.AGENT: template("what an agent does for itself: its state, its calls"),
}


class SessionOfAccount(PageData):
    """Where somebody is signed in."""

    session_id: str
    address: str | None
    browser: str | None
    made_at: dt.datetime
    seen_at: dt.datetime


class AccountData(AccountAnswer):
    """An account, whether it has a password, and its sessions."""

    has_password: bool
    has_second_factor: bool
    passkeys: int
    sessions: list[SessionOfAccount]


class SecretOnce(PageData):
    """How an ask for a link or a token goes; its text is shown on the page alone, and is not in this."""

    ask: AskAnswer


@pages.get("/service/accounts", Scope.ACCOUNTS_MANAGE, Section.SERVICE, template("Accounts"), proof=True)
async def show(call: PageCall) -> Shown:
    """All of them, and a form for a new one."""
    return await _accounts(call)


async def _accounts(call: PageCall, fault: str = "") -> Shown:
    found: Accounts = await resource.who(ApiCall(call.inst, {}, NoQuery(), None))
    ticked = [role.value for role in roles_of(call.form)]
    more = {"fault": fault, "typed": call.form, "words": WORDS, "ticked": ticked}
    return Shown("service/accounts.html", found, "agi-app account list", 422 if fault else 200, more)


@pages.post("/service/accounts", Scope.ACCOUNTS_MANAGE, proof=True)
async def add(call: PageCall) -> Shown:
    """Ask for a new account with a link by which it sets its password, which this page shows once."""
    if call.unproved is not None:
        return await _accounts(call, call.unproved)
    form = call.form
    name = form.get("name", "").strip()
    language = form.get("language") if form.get("language") in ("en", "zh") else None
    try:
        made = await account_asks.ask_add(call.inst, name, roles_of(form), language=language)
    except InputError as error:
        return await _accounts(call, str(error))
    return await shown_once(call, made, "service/link.html", account=name)


def roles_of(form: Any) -> list[Role]:
    """The roles that are ticked."""
    return [role for role in Role if form.get(f"role-{role.value}")]


async def asked(call: PageCall, number: int) -> AskAnswer:
    """How an ask about accounts went, once a worker has taken it or a few seconds are over."""

    async def look() -> AskAnswer:
        found = await asks.asked(call.inst, number)
        return ask_answer(found.ask, found.note)

    return await ended(call.inst, look, lambda one: one.state != "waiting")


async def shown_once(call: PageCall, made: AskedSecret, page: str, **more: Any) -> Shown:
    """The text of a link or a token: no page after this one has it."""
    data = SecretOnce(ask=await asked(call, made.ask))
    text = "" if data.ask.state == "refused" else made.text
    more |= {"text": text, "origin": call.inst.settings.console.address}
    return Shown(page, data, status=200 if text else 422, more=more)


@pages.get("/service/accounts/{account}", Scope.ACCOUNTS_MANAGE, proof=True)
async def one(call: PageCall) -> Shown:
    """An account, and what can be changed."""
    return await _one(call)


async def _one(call: PageCall, fault: str = "") -> Shown:
    name = call.path["account"]
    found = await accounts.one(call.inst, name)
    data = AccountData(
        name=found.name,
        roles=list(found.roles),
        enabled=found.enabled,
        language=found.language,
        created_at=found.created_at,
        has_password=found.has_credential,
        has_second_factor=found.has_second_factor,
        passkeys=found.passkeys,
        sessions=[SessionOfAccount.model_validate(one) for one in await sessions.of_account(call.inst, name)],
    )
    more = {"fault": fault, "typed": call.form, "words": WORDS, "address": f"/service/accounts/{quote(name, safe='')}"}
    command = f"agi-app account change {name} --role ROLE"
    return Shown("service/account.html", data, command, 422 if fault else 200, more)


@pages.post("/service/accounts/{account}/change", Scope.ACCOUNTS_MANAGE, proof=True)
async def change(call: PageCall) -> Shown | GoTo:
    """Ask to change roles, or whether it may act; its sessions end then."""
    if call.unproved is not None:
        return await _one(call, call.unproved)
    form, name = call.form, call.path["account"]
    language = form.get("language") if form.get("language") in ("en", "zh") else ""
    try:
        new = NewValues(roles_of(form), None, form.get("enabled") == "yes", language)
        number = await account_asks.ask_change(call.inst, name, new, reason=why_of(form))
    except InputError as error:
        return await _one(call, str(error))
    return GoTo(f"/service/asks/{number}")


@pages.post("/service/accounts/{account}/link", Scope.ACCOUNTS_MANAGE, proof=True)
async def link(call: PageCall) -> Shown:
    """Ask for a link by which it sets its password, which this page shows once."""
    if call.unproved is not None:
        return await _one(call, call.unproved)
    name = call.path["account"]
    return await shown_once(call, await account_asks.ask_link(call.inst, name), "service/link.html", account=name)


@pages.post("/service/accounts/{account}/remove-factor", Scope.ACCOUNTS_MANAGE, proof=True)
async def remove_factor(call: PageCall) -> Shown | GoTo:
    """Ask to take its second factor and passkeys off, which its owner has lost; its sessions end then."""
    if call.unproved is not None:
        return await _one(call, call.unproved)
    try:
        number = await account_asks.ask_remove_factor(call.inst, call.path["account"], reason=why_of(call.form))
    except InputError as error:
        return await _one(call, str(error))
    return GoTo(f"/service/asks/{number}")


@pages.post("/service/accounts/{account}/sessions/{id}/end", Scope.ACCOUNTS_MANAGE)
async def end(call: PageCall) -> GoTo:
    """End one of its sessions, at once and without a worker."""
    name = call.path["account"]
    await sessions.end_of_account(call.inst, name, call.path["id"])
    return GoTo(f"/service/accounts/{quote(name, safe='')}")


@pages.get("/service/asks/{ask}", Scope.ACCOUNTS_MANAGE)
async def ask(call: PageCall) -> Shown:
    """What a worker did with an ask about accounts or tokens."""
    return Shown("service/ask.html", await asked(call, int(call.path["ask"])), "agi-app account list")
