"""Tokens of the REST API: whose they are, what they may, when each was used last; a new one is shown once."""

from __future__ import annotations

from collections.abc import Mapping

from agi_app.api.resources import service as resource
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.pages import GoTo, PageCall, Pages, Section, Shown
from agi_app.console.service.accounts import shown_once
from agi_app.errors import InputError
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.administration import account_asks
from agi_app.operations.service import tokens as operations
from agi_app.operations.service.tokens import NewToken

pages = Pages()
DAYS = 90


@pages.get("/service/tokens", Scope.ACCOUNTS_MANAGE, Section.SERVICE, template("API tokens"), proof=True)
async def show(call: PageCall) -> Shown:
    """All of them; with an account, what a token of it may."""
    return await _tokens(call)


async def _tokens(call: PageCall, fault: str = "") -> Shown:
    found = await resource.held_tokens(ApiCall(call.inst, {}, NoQuery(), None))
    accounts = [one for one in (await resource.who(ApiCall(call.inst, {}, NoQuery(), None))).data if one.enabled]
    account = {**call.query, **call.form}.get("account", "")
    may: list[Scope] = []
    if account:
        try:
            may = sorted(await operations.allowed(call.inst, account))
        except InputError as error:
            fault = fault or str(error)
    more = {"fault": fault, "typed": {"days": str(DAYS), **call.form}, "account": account, "may": may}
    more["accounts"] = [one.name for one in accounts]
    return Shown("service/tokens.html", found, "agi-app token list", 422 if fault else 200, more)


@pages.post("/service/tokens", Scope.ACCOUNTS_MANAGE, proof=True)
async def make(call: PageCall) -> Shown:
    """Ask for a token; this page shows its text once."""
    if call.unproved is not None:
        return await _tokens(call, call.unproved)
    account = call.form.get("account", "")
    try:
        new = NewToken(account, call.form.get("name", ""), _scopes(call.form), _days(call.form))
        made = await account_asks.ask_token(call.inst, account, new)
    except InputError as error:
        return await _tokens(call, str(error))
    return await shown_once(call, made, "service/token.html", account=account)


def _scopes(form: Mapping[str, str]) -> list[Scope]:
    return [scope for scope in Scope if form.get(f"scope-{scope.value}")]


def _days(form: Mapping[str, str]) -> int:
    text = form.get("days", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise InputError(t("say for how many days the token is good"))
    return int(text)


@pages.get("/service/tokens/{id}", Scope.ACCOUNTS_MANAGE, proof=True)
async def show_end(call: PageCall) -> Shown:
    """One token, and what ending it does."""
    return await _ending(call)


async def _ending(call: PageCall, fault: str = "") -> Shown:
    held = await resource.held_tokens(ApiCall(call.inst, {}, NoQuery(), None))
    found = next((one for one in held.data if one.token_id == call.path["id"]), None)
    if found is None:
        raise InputError(t("there is no token {token}; `agi-app token list` shows all", token=call.path["id"]))
    command = f"agi-app token end {found.token_id}"
    return Shown("service/end_token.html", found, command, 422 if fault else 200, {"fault": fault})


@pages.post("/service/tokens/{id}", Scope.ACCOUNTS_MANAGE, proof=True)
async def end(call: PageCall) -> Shown | GoTo:
    """Ask to end it for good."""
    if call.unproved is not None:
        return await _ending(call, call.unproved)
    return GoTo(f"/service/asks/{await account_asks.ask_end_token(call.inst, call.path['id'])}")
