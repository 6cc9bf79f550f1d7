"""Feeds: asked for, approved by a second person, paused, asked to run now, and how they stand.

What is approved is the whole definition: where a feed reads, what, how it is taken and how much of it. Another one is
asked for again. The audit has the requests, the approvals and who did what.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agi_app.campaigns.project.read_project import Project
from agi_app.config.feed_definition import FEED_IS, FeedDefinition, FeedKind, FeedState, RunState
from agi_app.errors import AuthorError, ConfigError, InputError, NotThere
from agi_app.exchange.feed_definition import definition_of
from agi_app.exchange.feed_words import why_not
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.operations.acting import noted, reads, works_alone
from agi_app.operations.calling.approvals import sealed_secret, verify_secret
from agi_app.operations.calling.campaigns import pause as pause_campaign
from agi_app.store.calling import nodes
from agi_app.store.calling.campaigns import load_campaign, save_campaign
from agi_app.store.exchange import processes
from agi_app.store.feeds import feeds as table
from agi_app.store.feeds import runs
from agi_app.store.feeds.feeds import FeedRequest, StoredFeed
from agi_app.store.feeds.runs import FeedRun
from agi_app.store.requested_calls import asks
from agi_app.store.requested_calls.asks import NewAsk

__all__ = ["ApprovalAsked", "FeedRun", "FeedStatus", "StoredFeed", "approve", "check", "end", "pause", "run", "start"]
APPROVE = "approve_feed"  # the verb of an ask of the kind "approval"
MOST_RUNS = 100
COUNTS = ("rows", "added", "updated", "unchanged", "cancelled", "rejected", "held")  # of a result


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A feed that waits for a second person; ``asked_at`` is rules time."""

    request: int
    feed: str
    asked_by: str
    asked_at: dt.datetime
    definition: FeedDefinition


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """A feed as it stands; ``feed`` None: it is in the settings alone."""

    name: str
    feed: StoredFeed | None
    is_late: bool  # its campaign calls nobody because of it
    changed: bool  # the settings say something else than what was approved
    fault: str | None  # why the settings of it cannot be used
    waits_for: ApprovalAsked | None
    approved_by: str | None
    last: FeedRun | None  # its newest run
    last_check: FeedRun | None  # its newest check, if no run came after it


@noted(Scope.CAMPAIGNS_START, "feed start", "name")
async def start(inst: Installation, project: Project, name: str) -> FeedDefinition | ApprovalAsked:
    """Let a feed run as the settings say it, or keep a request for a second person. A paused one goes on.

    Raises AuthorError, InputError, ConfigError when something of it is missing or it runs already, StoreError.
    """
    wanted = await asyncio.to_thread(definition_of, inst.settings, name)
    stored = await table.feed(inst.store, name)
    if stored is not None and stored.fingerprint == wanted.fingerprint:
        if stored.state == FeedState.STARTED:
            raise InputError(t("feed {name} is started already, exactly so", name=name))
        if stored.state == FeedState.PAUSED and await table.go_on(inst.store, name, wanted.fingerprint):
            return wanted
    await _judge_campaign(inst, project, wanted)
    await table.know(inst.store, wanted)
    alone = await works_alone(inst)
    async with inst.store.as_one():
        request = await table.request(inst.store, wanted, inst.actor.account, alone=alone)
        if alone:
            await table.approve(inst.store, request, inst.actor, inst.actor.account, alone=True)
            await table.begin(inst.store, wanted, inst.clock.now())
            return wanted
    return ApprovalAsked(request, name, inst.actor.account, inst.clock.now(), wanted)


async def _judge_campaign(inst: Installation, project: Project, wanted: FeedDefinition) -> None:
    """The campaign is there, with this feed alone; a new one is stored, so that contacts can be brought."""
    if wanted.kind is FeedKind.CONSENTS:
        return
    source = project.campaigns.get(wanted.campaign)
    if source is None:
        faults = [p for p in project.errors if p.file.startswith("campaigns/")]
        if faults:
            raise AuthorError(*faults)
        told = (
            "feed {name} is for campaign {campaign}, and there is no such campaign; correct campaign in [feeds.{name}]"
        )
        raise InputError(t(told, name=wanted.name, campaign=wanted.campaign))
    for other in await table.feeds(inst.store):
        if other.campaign == wanted.campaign and other.name != wanted.name and other.state in _IN_USE:
            told = "campaign {campaign} has feed {other}; `agi-app feed end {other}` ends that"
            raise InputError(t(told, campaign=wanted.campaign, other=other.name))
    there = await load_campaign(inst.store, wanted.campaign)
    if there is None or there.state is CampaignState.DRAFT:
        flow = project.flows.get(source.parsed.campaign.flow)
        parsed = source.parsed.campaign
        await save_campaign(inst.store, parsed, flow.file if flow else "", flow.text if flow else "")


_IN_USE = (FeedState.STARTED, FeedState.PAUSED)


@reads(Scope.FIGURES_READ)
async def asked(inst: Installation, name: str) -> ApprovalAsked | None:
    """What waits for a second person; None: nothing does. Raises StoreError."""
    found = await table.newest(inst.store, name)
    return None if found is None or found.approved_by is not None else _asked(inst, found)


@noted(Scope.CAMPAIGNS_APPROVE, "feed approve", "name")
async def approve(inst: Installation, name: str, secret: str, *, request: int | None = None) -> int:
    """Hand the approval of the feed's newest request to a worker; returns the id of that ask, for ``approved``.

    ``request``: only if that one is still the newest. Raises InputError when there is nothing to approve or it is one's
    own, ConfigError when there is no worker's key yet, StoreError. Whether the secret is right, a worker says.
    """
    wanted = await table.newest(inst.store, name)
    if wanted is None or (request is not None and wanted.request_id != request):
        raise InputError(t("nobody waits for an approval of feed {name}", name=name))
    _open(wanted, inst.actor.account, inst.clock.real_now())
    _may_approve(inst, wanted)
    sealed = await sealed_secret(inst, secret, _good_for(wanted, inst.actor.account))
    parameters = {"request": wanted.request_id, "definition": wanted.fingerprint.hex()}
    return await asks.add(
        inst.store, NewAsk("approval", APPROVE, name, "approval", parameters, sealed=sealed), inst.actor
    )


@noted(Scope.CAMPAIGNS_APPROVE, "feed approved", "name")
async def take(inst: Installation, name: str, parameters: Mapping[str, object], sealed: bytes) -> str:
    """The worker's part: verify the approval of ``inst.actor``, and let the feed run as it was asked for.

    Returns who asked for it. Raises InputError when it is not good, WrongSecret, ConfigError, StoreError.
    """
    await table.lock(inst.store, name)
    wanted = await table.newest(inst.store, name)
    if wanted is None or wanted.request_id != parameters.get("request"):
        raise InputError(t("this request for feed {name} no longer waits; ask for it again", name=name))
    _open(wanted, inst.actor.account, inst.clock.real_now())
    _may_approve(inst, wanted)
    await verify_secret(inst, sealed, _good_for(wanted, inst.actor.account))
    now = await asyncio.to_thread(definition_of, inst.settings, name)
    if now.fingerprint != wanted.fingerprint or wanted.wanted.fingerprint != wanted.fingerprint:
        told = "the settings of feed {name} have changed since it was asked for; ask for it again"
        raise InputError(t(told, name=name))
    if not await table.approve(inst.store, wanted.request_id, inst.actor, wanted.asked_by, alone=False):
        raise InputError(t("this request for feed {name} is approved already", name=name))
    await table.begin(inst.store, wanted.wanted, inst.clock.now())
    return wanted.asked_by


@noted(Scope.CAMPAIGNS_PAUSE, "feed pause", "name")
async def pause(inst: Installation, name: str) -> None:
    """Read nothing more; its campaign holds as soon as the last good run is too old. Raises InputError, StoreError."""
    stored = await _known(inst, name)
    if not await table.set_state(inst.store, name, FeedState.PAUSED, [FeedState.STARTED]):
        raise InputError(
            t("feed {name} {state}: there is nothing to pause", name=name, state=t(FEED_IS[FeedState(stored.state)]))
        )


@noted(Scope.CAMPAIGNS_START, "feed end", "name")
async def end(inst: Installation, name: str) -> bool:
    """The feed brings nothing more, and its campaign no longer waits for it. Its contacts stay as they are.

    A running campaign is paused, so that somebody decides whether to go on: True. Raises InputError, StoreError.
    """
    stored = await _known(inst, name)
    if stored.state not in _IN_USE:
        raise InputError(
            t("feed {name} {state}: there is nothing to end", name=name, state=t(FEED_IS[FeedState(stored.state)]))
        )
    there = await load_campaign(inst.store, stored.campaign) if stored.campaign else None
    runs_now = there is not None and there.state is CampaignState.RUNNING
    if runs_now and stored.campaign:
        await pause_campaign(inst, stored.campaign)
    await table.set_state(inst.store, name, FeedState.ENDED, _IN_USE)
    return runs_now


@noted(Scope.CONTACTS_IMPORT, "feed run", "name")
async def run(inst: Installation, name: str, *, confirmed: bool = False) -> int:
    """Ask for a run now; returns its number. Raises InputError, StoreError.

    ``confirmed``: so many contacts may be cancelled as the last run was refused for; InputError when it was not.
    """
    stored = await _known(inst, name)
    if stored.state != FeedState.STARTED:
        raise InputError(
            t(
                "feed {name} {state}; `agi-app feed start {name}`",
                name=name,
                state=t(FEED_IS[FeedState(stored.state)]),
            )
        )
    if confirmed and not await runs.to_confirm(inst.store, name):
        raise InputError(
            t(
                "there is nothing to confirm: the last run of feed {name} was not refused because contacts were"
                " missing. Without --yes a run says who would be cancelled",
                name=name,
            )
        )
    return await _want(inst, name, "run", confirmed=confirmed)


@noted(Scope.CONTACTS_IMPORT, "feed check", "name")
async def check(inst: Installation, name: str) -> int:
    """Ask what a run by the settings as they are would do; returns its number. Nothing of it is stored."""
    await table.know(inst.store, await asyncio.to_thread(definition_of, inst.settings, name))
    return await _want(inst, name, "check", confirmed=False)


async def _want(inst: Installation, name: str, what: str, *, confirmed: bool) -> int:
    stored = await _known(inst, name)
    if not stored.is_read:
        raise ConfigError(t("no process reads feed {name}: start `agi-app exchange`", name=name))
    made = await runs.want(inst.store, name, what, inst.actor.account, confirmed=confirmed)
    if made is None:
        raise InputError(t("one of feed {name} was asked for already; `agi-app feed status {name}`", name=name))
    return made


@reads(Scope.FIGURES_READ)
async def came_of(inst: Installation, run_id: int) -> FeedRun:
    """A run as it is now. Raises InputError when there is none, StoreError."""
    if (found := await runs.run(inst.store, run_id)) is None:
        raise InputError(t("there is no run {number} of a feed", number=run_id))
    return _by_rules_time(inst, found)


@reads(Scope.FIGURES_READ)
async def lacks(inst: Installation, found: FeedRun) -> str | None:
    """Which process that a run waits for does not live, in a sentence; None: all do. Raises StoreError."""
    if found.is_over:
        return None
    stored = await table.feed(inst.store, found.feed)
    is_read = stored is not None and stored.is_read and await processes.alive(inst.store)
    if found.state == RunState.WANTED and not is_read:
        return t("no process reads feed {name}: start `agi-app exchange`", name=found.feed)
    if not any(node.alive for node in await nodes.all_nodes(inst.store)):
        return t("no worker is running, which takes what was read: start `agi-app run`")
    return None


@reads(Scope.FIGURES_READ)
async def newest_runs(inst: Installation, name: str, limit: int = 20, before: int | None = None) -> list[FeedRun]:
    """The newest runs of a feed first, at most 100. Raises NotThere, StoreError."""
    await _known(inst, name)
    return [_by_rules_time(inst, one) for one in await runs.newest(inst.store, name, min(limit, MOST_RUNS), before)]


@reads(Scope.FIGURES_READ)
async def listed(inst: Installation) -> list[FeedStatus]:
    """All feeds: those of the settings, and those that were asked for. Raises StoreError."""
    stored = {one.name: one for one in await table.feeds(inst.store)}
    names = sorted({*stored, *getattr(inst.settings, "feeds", {})})
    return [await _status(inst, name, stored.get(name)) for name in names]


@reads(Scope.FIGURES_READ)
async def status(inst: Installation, name: str) -> FeedStatus:
    """One feed. Raises NotThere when there is none of this name, StoreError."""
    stored = await table.feed(inst.store, name)
    if stored is None and name not in inst.settings.feeds:
        raise NotThere(t("there is no feed {name!r}: neither in the settings nor in the database", name=name))
    return await _status(inst, name, stored)


async def _status(inst: Installation, name: str, stored: StoredFeed | None) -> FeedStatus:
    fault, changed = None, False
    if not inst.actor.by_service:  # the service reads no settings of feeds: it may not see their secrets
        try:
            now = await asyncio.to_thread(definition_of, inst.settings, name)
            changed = stored is not None and stored.fingerprint not in (None, now.fingerprint)
        except (ConfigError, InputError) as error:
            fault = str(error)
    newest = None if stored is None else await table.newest(inst.store, name)
    waits_for = _asked(inst, newest) if newest is not None and newest.approved_by is None else None
    approved_by = None if newest is None or newest.approved_by is None else newest.approved_by
    last, check = [None if stored is None else await _newest(inst, name, what) for what in ("run", "check")]
    if last is not None and check is not None and last.run_id > check.run_id:
        check = None
    late = stored is not None and stored.is_late(inst.clock.now())
    return FeedStatus(name, stored, late, changed, fault, waits_for, approved_by, last, check)


async def _newest(inst: Installation, name: str, what: str) -> FeedRun | None:
    found = await runs.newest(inst.store, name, 1, what=what)
    return _by_rules_time(inst, found[0]) if found else None


def told_of(run_is: FeedRun) -> str:
    """Why a run took nothing, in the language of who reads; empty when there is no reason."""
    return why_not(result_of(run_is))


def result_of(run_is: FeedRun) -> Mapping[str, Any]:
    """The result of a run; empty while it goes on."""
    found: Mapping[str, Any] = json.loads(run_is.result) if run_is.result else {}
    return found


async def _known(inst: Installation, name: str) -> StoredFeed:
    if (found := await table.feed(inst.store, name)) is None:
        raise NotThere(t("feed {name} was never started; `agi-app feed start {name}`", name=name))
    return found


def _asked(inst: Installation, found: FeedRequest) -> ApprovalAsked:
    at = found.asked_at + inst.clock.offset
    return ApprovalAsked(found.request_id, found.feed, found.asked_by, at, found.wanted)


def _by_rules_time(inst: Installation, run_is: FeedRun) -> FeedRun:
    """All its times by the clock that people see: a sandbox's, if there is one, as ``as_of`` has it."""
    ahead = inst.clock.offset
    return replace(
        run_is,
        made_at=run_is.made_at + ahead,
        read_at=run_is.read_at and run_is.read_at + ahead,
        ended_at=run_is.ended_at and run_is.ended_at + ahead,
    )


def _open(wanted: FeedRequest, approver: str, now: dt.datetime) -> None:
    """InputError unless this account may still approve this request."""
    if wanted.approved_by is not None:
        raise InputError(t("this request for feed {name} is approved already", name=wanted.feed))
    if wanted.asked_by == approver:
        raise InputError(t("{account} asked for this feed: another person approves it", account=approver))
    if wanted.asked_at < now - table.GOOD_FOR:
        told = "this request for feed {name} was made more than three days ago; ask for it again"
        raise InputError(t(told, name=wanted.feed))


def _may_approve(inst: Installation, wanted: FeedRequest) -> None:
    """Forbidden for consents, unless the account may enter some."""
    if wanted.wanted.kind is FeedKind.CONSENTS:
        inst.actor.require(Scope.CONSENTS_ENTER)


def _good_for(wanted: FeedRequest, approver: str) -> dict[str, str | int]:
    """What a secret is sealed with: it is good for nothing else."""
    return {"feed_request": wanted.request_id, "definition": wanted.fingerprint.hex(), "account": approver}
