"""What a worker does with an ask of the service: the same operation as on the command line, as the account that asked.

Pausing and stopping harm nobody: there the roles of the account count, as the database has them. For all else the
worker must see the token itself. A service that was taken over cannot make one up.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Actor, Scope, Via
from agi_app.operations.administration import account_asks, full_examination, sign_on_asks
from agi_app.operations.calling import (
    approvals,
    call_asks,
    calls_now,
    campaigns,
    feed_asks,
    feeds,
    listening,
    pauses,
    previews,
)
from agi_app.operations.calling.asks import came_of_it
from agi_app.operations.guard import guard_asks
from agi_app.operations.people import (
    complaint_asks,
    consents,
    contact_change_asks,
    contacts,
    erasure_asks,
    feed_runs,
    follow_ups,
    stop_links,
)
from agi_app.operations.people.contacts import WrittenCampaign
from agi_app.operations.project import drafts, project_files, prompt_sounds, templates
from agi_app.operations.project.project_files import Project
from agi_app.operations.service import sessions
from agi_app.store.feeds.runs import RunOutcome, TakenRun
from agi_app.store.ledger import accounts
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import LeftAsk, OpenAsk, Unfinished

GOOD_FOR = dt.timedelta(minutes=15)  # a start that a worker finds later is not what anybody expects any more
PROMPT = dt.timedelta(minutes=1)  # for a call: nobody sits at the telephone any longer
CHANGES = {"resume": campaigns.resume, "pause": campaigns.pause, "stop": campaigns.stop}
BY_KIND: Mapping[str, Callable[[Installation, OpenAsk], Awaitable[Mapping[str, Any] | Unfinished]]] = {
    guard_asks.KIND: guard_asks.do,
    complaint_asks.KIND: complaint_asks.do,
    erasure_asks.KIND: erasure_asks.do,
    account_asks.KIND: account_asks.do,
}
WITH_PROJECT: Mapping[str, Callable[[Installation, OpenAsk, Project | None], Awaitable[Mapping[str, Any]]]] = {
    call_asks.KIND: call_asks.do,
    contact_change_asks.KIND: contact_change_asks.do,
    feed_asks.KIND: feed_asks.do,
    prompt_sounds.KIND: prompt_sounds.do,
}
OF_CONTACTS: Mapping[str, Callable[[Installation, WrittenCampaign, OpenAsk], Awaitable[Mapping[str, Any]]]] = {
    contacts.IMPORT: contacts.take,
    contacts.CHECK: contacts.take,
    follow_ups.MAKE: follow_ups.take,
    follow_ups.LOOK: follow_ups.take,
}
MADE_BEFORE = {  # by prepare
    "campaign",
    full_examination.KIND,
    listening.KIND,
    prompt_sounds.KIND,
    sign_on_asks.KIND,
    templates.KIND,
}
HARMLESS = {("campaign", "pause"), ("campaign", "stop")}
ENDING = HARMLESS | {(feed_asks.KIND, feed_asks.PAUSE), (feed_asks.KIND, feed_asks.END)}
OVERTAKEN = {  # by one of those of the same kind, which waits for nothing
    ("campaign", "start"),
    ("campaign", "resume"),
    (feed_asks.KIND, feed_asks.START),
}
TIMELY = {
    ("campaign", "start"),
    ("campaign", "resume"),
    (pauses.ASK_KIND, pauses.ASK_VERB),
    (listening.KIND, listening.VERB),
    (feed_asks.KIND, feed_asks.START),
    (feed_asks.KIND, feed_asks.RUN),
}


async def prepare(inst: Installation, ask: OpenAsk) -> Project | Mapping[str, Any] | None:
    """What takes long: the project's files, their prompts for a start, the figures of a preview, a sound."""
    acting = await _as_asked(inst, ask)
    match ask.kind, ask.verb:
        case "campaign", "start":
            ready = await asyncio.to_thread(project_files.read_ready, inst.settings.project)
            if (shown := ask.parameters.get("preview")) is not None:
                await previews.still_holds(acting, ready, ask.object, int(shown))
            return ready
        case "campaign", previews.VERB:
            project = await asyncio.to_thread(project_files.read, inst.settings.project)
            return await previews.take(acting, project, ask)
        case (
            ((contacts.KIND | drafts.KIND), _)
            | (feed_asks.KIND, feed_asks.START)
            | (contact_change_asks.KIND, contact_change_asks.RESCHEDULE)
        ):
            return await asyncio.to_thread(project_files.read, inst.settings.project)
        case listening.KIND, listening.VERB:
            return await listening.prepare(acting, ask)
        case templates.KIND, templates.LAY:
            return await templates.take(acting, ask)
        case full_examination.KIND, full_examination.VERB:
            return await full_examination.take(acting)
        case sign_on_asks.KIND, _:
            return await sign_on_asks.prepare(acting, ask)
        case prompt_sounds.KIND, _:
            project = await asyncio.to_thread(project_files.read, inst.settings.project)
            slow = ask.verb in (prompt_sounds.OFFER, prompt_sounds.PREPARE)
            return await prompt_sounds.prepared(acting, project, ask) if slow else project
        case call_asks.KIND, call_asks.REHEARSAL:
            return await asyncio.to_thread(project_files.read_ready, inst.settings.project)
    return None


async def do(
    inst: Installation, ask: OpenAsk, prepared: Project | Mapping[str, Any] | None
) -> Mapping[str, Any] | Unfinished:
    """Do it, by the database alone. Raises AgiAppError: it is refused."""
    acting = await _as_asked(inst, ask)
    match ask.kind, ask.verb:
        case "campaign", "start" if isinstance(prepared, Project):
            return came_of_it(await campaigns.start(acting, prepared, ask.object))
        case kind, _ if kind in MADE_BEFORE and isinstance(prepared, Mapping):
            return await _end(acting, ask, prepared)
        case "campaign", "resume" | "pause" | "stop":
            await CHANGES[ask.verb](acting, ask.object)
            return {}
        case "approval", "approve" | feeds.APPROVE:
            return await _approve(acting, ask)
        case stop_links.ASK_KIND, stop_links.ASK_VERB:
            return came_of_it(await stop_links.stop_by_link(acting, str((ask.private or {}).get("link"))))
        case drafts.KIND, drafts.SAVE | drafts.DISCARD | drafts.PUBLISH if isinstance(prepared, Project):
            return await drafts.take(acting, prepared, ask)
        case contacts.KIND, verb if verb in OF_CONTACTS and isinstance(prepared, Project):
            return await OF_CONTACTS[verb](acting, contacts.campaign_of(prepared, ask.object), ask)
        case "consent", "add":
            return came_of_it(await consents.add(acting, dict(ask.private or {})))
        case pauses.ASK_KIND, pauses.ASK_VERB:
            return {"ended": await pauses.resume_all(acting, ask.reason)}
        case ((guard_asks.KIND | complaint_asks.KIND | erasure_asks.KIND | account_asks.KIND), _):
            return await BY_KIND[ask.kind](acting, ask)
        case ((contact_change_asks.KIND | call_asks.KIND | feed_asks.KIND | prompt_sounds.KIND), _):
            return await WITH_PROJECT[ask.kind](acting, ask, prepared if isinstance(prepared, Project) else None)
    raise InputError(t("this worker does not know what was asked for: {kind} {verb}", kind=ask.kind, verb=ask.verb))


async def _end(acting: Installation, ask: OpenAsk, prepared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is left of an ask that was prepared; of most nothing."""
    if ask.kind == listening.KIND:
        return await listening.do(acting, ask, prepared)
    return await sign_on_asks.do(acting, ask, prepared) if ask.kind == sign_on_asks.KIND else prepared


async def _approve(acting: Installation, ask: OpenAsk) -> Mapping[str, Any]:
    if ask.verb == feeds.APPROVE:
        return {"asked_by": await feeds.take(acting, ask.object, ask.parameters, ask.sealed or b"")}
    return {"contacts": await approvals.take(acting, ask.object, ask.parameters, ask.sealed or b"")}


async def take_run(inst: Installation, taken: TakenRun) -> RunOutcome:
    """What a worker does with what a feed has read, as the feed. Raises StoreError; other faults are the outcome."""
    return await feed_runs.take(feed_runs.acting(inst, taken.feed), taken)


async def finish(inst: Installation, ask: LeftAsk) -> None:
    """Do what an answered ask has left. Raises AgiAppError: it stays."""
    if ask.kind != erasure_asks.KIND:
        raise InputError(t("this worker does not know what was asked for: {kind} {verb}", kind=ask.kind, verb=ask.verb))
    await erasure_asks.finish(inst.settings, inst.store, ask.left)


async def _not_overtaken(inst: Installation, ask: OpenAsk) -> None:
    """InputError when somebody has asked to pause, stop or end it since: that waits for no start and is done."""
    for later in await asks.of_object(inst.store, ask.kind, ask.object):
        if later.ask_id > ask.ask_id and (later.kind, later.verb) in ENDING:
            raise InputError(
                t(
                    "{account} asked to {verb} {name} after this; ask again",
                    account=later.account,
                    verb=later.verb,
                    name=ask.object,
                )
            )


async def _as_asked(inst: Installation, ask: OpenAsk) -> Installation:
    """The installation in which the asking account acts. Raises InputError when it may not be acted for."""
    age = inst.clock.real_now() - ask.asked_at
    if (ask.kind, ask.verb) in TIMELY and age > GOOD_FOR:
        raise InputError(t("this was asked for more than a quarter of an hour ago; ask again"))
    if ask.kind == call_asks.KIND and ask.verb != calls_now.END and age > PROMPT:
        raise InputError(t("this call was asked for more than a minute ago; ask again"))
    if (ask.kind, ask.verb) in OVERTAKEN:
        await _not_overtaken(inst, ask)
    return dataclasses.replace(inst, actor=await _actor(inst, ask))


async def _actor(inst: Installation, ask: OpenAsk) -> Actor:
    if ask.kind == stop_links.ASK_KIND:  # the link itself says whose stop it is, and it takes nothing else
        return Actor(stop_links.ASK_KIND, frozenset(), "worker", address=ask.address)
    if (ask.kind, ask.verb) == (sign_on_asks.KIND, sign_on_asks.SIGN_IN):  # the issuer says who it is
        return Actor(sign_on_asks.KIND, frozenset(), "console", address=ask.address)
    if ask.sealed is not None and ask.kind != "approval":  # whose secret is verified by what it approves
        owner = await sessions.who_shows(inst, ask.sealed.decode("ascii", "replace"))
        if owner is None or owner.account != ask.account:
            raise InputError(t("the token is not one of {account}, or no longer good", account=ask.account))
        return Actor(
            owner.account, owner.roles, owner.via, address=ask.address, token=owner.token_id, scopes=owner.scopes
        )
    if ask.kind != "approval" and (ask.kind, ask.verb) not in HARMLESS:
        raise InputError(t("this needs a token that the worker can verify"))
    account = await accounts.of_name(inst.store, ask.account)
    roles = frozenset() if account is None else account.role_set
    scopes = None if ask.scopes is None else frozenset(scope for scope in Scope if scope.value in ask.scopes)
    return Actor(ask.account, roles, _via(ask), address=ask.address, token=ask.token, scopes=scopes)


def _via(ask: OpenAsk) -> Via:
    return "console" if ask.via == "console" else "api"
