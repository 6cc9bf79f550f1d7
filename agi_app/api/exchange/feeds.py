"""Feeds: how each stands, its runs, and what is asked of a worker: to start, pause or end it, or to read it now.

The service reads no settings of feeds. What is approved is what the request has, as the worker read it from them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from agi_app.api.resources.asks import ApprovalGiven, AskedAnswer, AsksAnswer, ask_answer
from agi_app.api.routes import ApiAnswer, ApiCall, Given, Limit, NoQuery, Routes
from agi_app.api.texts import Reason
from agi_app.model.actors import Scope
from agi_app.operations.calling import feed_asks, feeds
from agi_app.operations.calling.feeds import ApprovalAsked, FeedRun, FeedStatus

routes = Routes()


class FeedRunAnswer(ApiAnswer):
    """A run of a feed, and its result. ``state``: wanted, waiting, done, refused or failed."""

    run: int
    state: str
    as_of: dt.datetime | None = Field(description="rules time when the read began")
    ended_at: dt.datetime | None
    why: str | None = Field(description="why it was refused or failed, in one word")
    told: str | None = Field(description="the same for people")
    counts: Mapping[str, int] = Field(description="rows, added, updated, unchanged, cancelled, rejected")


class FeedAnswer(ApiAnswer):
    """One feed, and whether its campaign may call by what it brought."""

    name: str
    kind: str | None
    campaign: str | None
    state: str
    as_of: dt.datetime | None = Field(description="rules time at which the last good run was read")
    fresh_until: dt.datetime | None = Field(description="from then on the campaign calls nobody")
    is_late: bool
    is_read: bool = Field(description="whether a process reads it")
    waits_for_approval: bool
    request: int | None = Field(description="the one that waits for a second person")
    last: FeedRunAnswer | None


class FeedsAnswer(ApiAnswer):
    """All feeds, by name."""

    data: list[FeedAnswer]


class FeedRunsAnswer(ApiAnswer):
    """The newest first, at most 100. A check, which changes nothing, is not among them."""

    data: list[FeedRunAnswer]


class FeedRequestAnswer(ApiAnswer):
    """A feed that waits for a second person: all that is approved."""

    request: int
    asked_by: str
    asked_at: dt.datetime
    kind: str
    campaign: str = Field(description="empty: it brings consents")
    mode: str
    source: str = Field(description="the folder, or the database's address without its password")
    query: str
    ids_query: str
    columns: Mapping[str, str] = Field(description="ours to theirs; empty: the same names")
    most_a_day: int = Field(description="new contacts a day without another approval")
    max_age_s: int = Field(description="how old the last good run may be while people are called")
    overlap_s: int = Field(description="how much of what was read before is read again")
    purpose: str = Field(description="of consents")
    wording: str = Field(description="of consents: NAME/VERSION")


class FeedAsk(Given):
    """What is to happen to a feed, and why. A start may then need a second person."""

    verb: Literal["start", "pause", "end"]
    reason: Reason


class FeedRunAsk(Given):
    """To read a feed now, and why."""

    reason: Reason
    confirmed: bool = Field(
        False, description="also when more than 10 % of its contacts would be cancelled, or the list is empty"
    )


@routes.get("/feeds", Scope.FIGURES_READ, FeedsAnswer)
async def all_feeds(call: ApiCall[NoQuery, None]) -> FeedsAnswer:
    """The feeds, and how fresh what they brought is."""
    return FeedsAnswer(data=[_feed(one) for one in await feeds.listed(call.inst)])


@routes.get("/feeds/{feed}", Scope.FIGURES_READ, FeedAnswer)
async def one_feed(call: ApiCall[NoQuery, None]) -> FeedAnswer:
    """One feed."""
    return _feed(await feeds.status(call.inst, call.path["feed"]))


@routes.get("/feeds/{feed}/runs", Scope.FIGURES_READ, FeedRunsAnswer)
async def runs(call: ApiCall[NoQuery, None]) -> FeedRunsAnswer:
    """What its newest runs brought."""
    found = await feeds.newest_runs(call.inst, call.path["feed"], feeds.MOST_RUNS)
    return FeedRunsAnswer(data=[_run(one) for one in found if one.what == "run"])


@routes.post("/feeds/{feed}/runs", Scope.CONTACTS_IMPORT, AskedAnswer, body=FeedRunAsk, status=202)
async def ask_run(call: ApiCall[NoQuery, FeedRunAsk]) -> AskedAnswer:
    """Ask to read it now. The ask is done when the run is asked for; its `note` has the number of the run."""
    given = call.body
    made = await feed_asks.ask_run(call.inst, call.path["feed"], reason=given.reason, confirmed=given.confirmed)
    return AskedAnswer(ask=made)


@routes.get("/feeds/{feed}/asks", Scope.FIGURES_READ, AsksAnswer)
async def asks(call: ApiCall[NoQuery, None]) -> AsksAnswer:
    """What was asked about a feed, and what the workers did."""
    await feeds.status(call.inst, call.path["feed"])
    return AsksAnswer(
        data=[ask_answer(one, note) for one, note in await feed_asks.listed(call.inst, call.path["feed"])]
    )


@routes.post("/feeds/{feed}/asks", Scope.CAMPAIGNS_PAUSE, AskedAnswer, body=FeedAsk, status=202, limit=Limit.STOP)
async def ask(call: ApiCall[NoQuery, FeedAsk]) -> AskedAnswer:
    """Ask a worker to start, pause or end a feed. Start and end take the scope campaigns.start."""
    return AskedAnswer(ask=await feed_asks.ask(call.inst, call.path["feed"], call.body.verb, reason=call.body.reason))


@routes.get("/feeds/{feed}/request", Scope.CAMPAIGNS_APPROVE, FeedRequestAnswer)
async def request(call: ApiCall[NoQuery, None]) -> FeedRequestAnswer:
    """What is to be approved: where it reads, what, how it is taken, and how much of it."""
    return _request(await feed_asks.to_approve(call.inst, call.path["feed"]))


# Not an effect that is repeated by its key: nothing of a body with a secret is kept to compare the next one with.
@routes.look("/feeds/{feed}/approvals", Scope.CAMPAIGNS_APPROVE, AskedAnswer, body=ApprovalGiven, status=202)
async def approve(call: ApiCall[NoQuery, ApprovalGiven]) -> AskedAnswer:
    """Approve a feed that another account asked for. It is started once a worker has verified the secret."""
    name, given = call.path["feed"], call.body
    return AskedAnswer(ask=await feeds.approve(call.inst, name, given.secret, request=given.request))


def _feed(one: FeedStatus) -> FeedAnswer:
    stored = one.feed
    return FeedAnswer(
        name=one.name,
        kind=None if stored is None else stored.kind,
        campaign=None if stored is None else stored.campaign,
        state="new" if stored is None else stored.state,
        as_of=None if stored is None else stored.as_of,
        fresh_until=None if stored is None else stored.fresh_until,
        is_late=one.is_late,
        is_read=stored is not None and stored.is_read,
        waits_for_approval=one.waits_for is not None,
        request=None if one.waits_for is None else one.waits_for.request,
        last=None if one.last is None else _run(one.last),
    )


def _run(one: FeedRun) -> FeedRunAnswer:
    told = feeds.result_of(one)
    return FeedRunAnswer(
        run=one.run_id,
        state=one.state,
        as_of=one.as_of,
        ended_at=one.ended_at,
        why=told.get("why"),
        told=None if "text" not in told else feeds.told_of(one),
        counts={name: told[name] for name in feeds.COUNTS if name in told},
    )


def _request(one: ApprovalAsked) -> FeedRequestAnswer:
    told = {name: getattr(one.definition, name) for name in FeedRequestAnswer.model_fields if name not in _OF_WHO}
    return FeedRequestAnswer(request=one.request, asked_by=one.asked_by, asked_at=one.asked_at, **told)


_OF_WHO = ("request", "asked_by", "asked_at")
