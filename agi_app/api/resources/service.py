"""The installation: its workers, numbers, lines, rules, lists of others, accounts, and who did what."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping

from pydantic import Field

from agi_app.api.cursors import page
from agi_app.api.routes import ApiAnswer, ApiCall, NoQuery, PageQuery, Routes
from agi_app.model.actors import Scope
from agi_app.operations.calling import caller_ids
from agi_app.operations.people import consents, do_not_call_lists
from agi_app.operations.project import rules
from agi_app.operations.service import accounts, health, tokens

routes = Routes()


class WorkerAnswer(ApiAnswer):
    """One worker, by its own word."""

    name: str
    alive: bool
    seen_at: dt.datetime
    waiting_reason: str | None = Field(description="why it dials nobody now")


class Workers(ApiAnswer):
    """All workers that were not forgotten."""

    data: list[WorkerAnswer]


class CallerIdAnswer(ApiAnswer):
    """A number that we may show, and how it was proved to be ours."""

    number: str
    kind: str
    label: str
    days_left: int
    warning: str


class CallerIds(ApiAnswer):
    """All proofs, also those that have expired."""

    data: list[CallerIdAnswer]


class ListAnswer(ApiAnswer):
    """One do-not-call list of others, and whether it is recent enough."""

    name: str
    region: str
    state: str
    as_of: dt.date | None
    age_days: int | None
    limit_days: int | None
    entries: int
    purposes: list[str]


class DoNotCallLists(ApiAnswer):
    """Our own list, and those of others."""

    own_entries: int
    own_newest: dt.datetime | None
    data: list[ListAnswer]


class RuleValue(ApiAnswer):
    """One value of a rule, and where it comes from."""

    place: str
    rule: str
    value: str
    basis: str
    source: str
    as_of: dt.date


class RulesAnswer(ApiAnswer):
    """The calling rules of one country, in words."""

    version: str
    region: str
    in_force: Mapping[str, str]
    parts: Mapping[str, Mapping[str, str]]
    values: list[RuleValue]


class WordingAnswer(ApiAnswer):
    """Exact words that people agree to, under a name and a version."""

    name: str
    version: str
    language: str | None
    text: str
    sha256: str
    entered_by: str
    recorded_at: dt.datetime
    consents: int


class Wordings(ApiAnswer):
    """All that are registered."""

    data: list[WordingAnswer]


class AccountAnswer(ApiAnswer):
    """One who may act."""

    name: str
    roles: list[str]
    enabled: bool
    language: str | None
    created_at: dt.datetime


class Accounts(ApiAnswer):
    """All accounts, by name."""

    data: list[AccountAnswer]


class ActionAnswer(ApiAnswer):
    """One thing that somebody did; ``done`` null: it did not come to its end, or goes on."""

    id: int
    at: dt.datetime
    account: str
    roles: list[str]
    via: str | None
    address: str | None
    token: str | None
    verb: str
    object: str
    reason: str | None
    before: str | None
    after: str | None
    done: bool | None
    fault: str | None


class ActionPage(ApiAnswer):
    """The newest first."""

    data: list[ActionAnswer]
    next: str | None


class TokenAnswer(ApiAnswer):
    """A token, without its text, which is kept nowhere."""

    token_id: str
    account: str
    name: str
    scopes: list[str]
    made_at: dt.datetime
    expires_at: dt.datetime
    ended_at: dt.datetime | None
    last_used_at: dt.datetime | None
    expired: bool


class Tokens(ApiAnswer):
    """All tokens, oldest first."""

    data: list[TokenAnswer]


class SelfAnswer(ApiAnswer):
    """Who asks, and what they may."""

    account: str
    roles: list[str]
    token: str | None
    scopes: list[str]


@routes.get("/self", Scope.FIGURES_READ, SelfAnswer)
async def self(call: ApiCall[NoQuery, None]) -> SelfAnswer:
    """Whose token this is, and what may be done with it now."""
    actor = call.inst.actor
    scopes = sorted(scope.value for scope in Scope if actor.may(scope))
    return SelfAnswer(account=actor.account, roles=sorted(actor.roles), token=actor.token, scopes=scopes)


@routes.get("/workers", Scope.FIGURES_READ, Workers)
async def workers(call: ApiCall[NoQuery, None]) -> Workers:
    """The workers, and why each dials nobody, if it does not."""
    return Workers(data=[WorkerAnswer.model_validate(one) for one in await health.workers(call.inst)])


@routes.get("/caller-ids", Scope.FIGURES_READ, CallerIds)
async def numbers(call: ApiCall[NoQuery, None]) -> CallerIds:
    """The numbers that we may show, how each was proved, and for how long that is good."""
    found = await caller_ids.held(call.inst)
    return CallerIds(
        data=[
            CallerIdAnswer(
                number=one.proof.e164,
                kind=one.proof.kind,
                label=one.label,
                days_left=one.days_left,
                warning=one.warning,
            )
            for one in found
        ]
    )


@routes.get("/do-not-call-lists", Scope.FIGURES_READ, DoNotCallLists)
async def lists(call: ApiCall[NoQuery, None]) -> DoNotCallLists:
    """Our own list of stops, and each list of others: its age, and the limit that the rules set."""
    own, found = await do_not_call_lists.status(call.inst)
    return DoNotCallLists(
        own_entries=own.entries, own_newest=own.newest, data=[ListAnswer.model_validate(one) for one in found]
    )


@routes.get("/rules/{region}", Scope.FIGURES_READ, RulesAnswer)
async def calling_rules(call: ApiCall[NoQuery, None]) -> RulesAnswer:
    """The calling rules of a country in words, each value with its source."""
    region = call.path["region"]
    version, found = await asyncio.to_thread(rules.show, call.inst.settings.project, region)
    country = found[region]
    return RulesAnswer(
        version=version,
        region=region,
        in_force=country.in_force,
        parts=country.parts,
        values=[
            RuleValue(
                place=one.place, rule=one.rule, value=one.value, basis=one.basis, source=one.source, as_of=one.as_of
            )
            for one in country.values
        ],
    )


@routes.get("/wordings", Scope.PEOPLE_READ, Wordings)
async def wordings(call: ApiCall[NoQuery, None]) -> Wordings:
    """The registered words that people agree to, and how many consents point to each."""
    found = await consents.wordings(call.inst)
    return Wordings(
        data=[
            WordingAnswer(
                name=one.name,
                version=one.version,
                language=one.language,
                text=one.text,
                sha256=bytes(one.sha256).hex(),
                entered_by=one.entered_by,
                recorded_at=one.recorded_at,
                consents=one.consents,
            )
            for one in found
        ]
    )


@routes.get("/accounts", Scope.ACTIONS_READ, Accounts)
async def who(call: ApiCall[NoQuery, None]) -> Accounts:
    """The accounts, and their roles."""
    found = await accounts.accounts(call.inst)
    return Accounts(
        data=[
            AccountAnswer(
                name=one.name,
                roles=list(one.roles),
                enabled=one.enabled,
                language=one.language,
                created_at=one.created_at,
            )
            for one in found
        ]
    )


class ActionQuery(PageQuery):
    """Whose actions, done to what, and which page."""

    account: str | None = Field(None, pattern=r"^[^\u0000-\u0020\u007f-\u00a0/]{1,64}$")
    object: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\u0000-\u001f\u007f-\u009f]+$",
        description="what it was done to, as an action has it; nothing is found by a number",
    )


@routes.get("/audit/actions", Scope.ACTIONS_READ, ActionPage, query=ActionQuery)
async def actions(call: ApiCall[ActionQuery, None]) -> ActionPage:
    """Who changed, saw or took out what, the newest first."""

    async def fetch(limit: int, after: int | str | None) -> list[accounts.DoneAction]:
        before = accounts.NEWEST if after is None else int(after)
        return await accounts.done(
            call.inst, account=call.query.account, obj=call.query.object, before=before, limit=limit
        )

    rows, following = await page(call.query, int, fetch, lambda row: row.id)
    return ActionPage(
        data=[
            ActionAnswer.model_validate({name: getattr(row, name) for name in ActionAnswer.model_fields})
            for row in rows
        ],
        next=following,
    )


@routes.get("/tokens", Scope.ACCOUNTS_MANAGE, Tokens)
async def held_tokens(call: ApiCall[NoQuery, None]) -> Tokens:
    """The tokens of this API, whose they are, and when each was used last."""
    return Tokens(data=[TokenAnswer.model_validate(one) for one in await tokens.held(call.inst)])
