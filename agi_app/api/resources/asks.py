"""What is asked of a worker: to start, pause, resume or stop a campaign, to record a consent.

An ask is answered by 202 at once. Its own address says later what the worker did, or why it would not.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from agi_app.api.resources.stops import e164
from agi_app.api.routes import ApiAnswer, ApiCall, Given, Limit, NoQuery, Routes
from agi_app.api.texts import Number, Reason, Text, Word
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.operations.calling import approvals, stored_campaigns
from agi_app.operations.calling import asks as operations
from agi_app.operations.people import consents

routes = Routes()


class CampaignAsk(Given):
    """What is to happen to a campaign, and why. A start may then need a second person."""

    verb: Literal["start", "pause", "resume", "stop"]
    reason: Reason
    preview: int | None = Field(
        None, ge=1, le=2**31 - 1, description="of a start: refused unless this preview is new and shows what is now"
    )


class ConsentAsk(Given):
    """A consent that somebody gave, with the exact words; a worker stamps it, with the name of who asks."""

    number: Number
    purpose: Literal["transactional", "survey", "marketing"]
    wording: Text
    method: Word
    source: Word
    time: AwareDatetime | None = Field(None, description="when it was given; without it: now")


class ApprovalGiven(Given):
    """The approval of a start that another account asked for, with one's own secret, which only a worker reads."""

    request: int = Field(ge=1, le=2**31 - 1, description="the one that was shown; a newer one is not approved by this")
    secret: str = Field(min_length=1, max_length=200, description="that of the token's own account; it is kept nowhere")


class AskedAnswer(ApiAnswer):
    """The ask is kept under this number."""

    ask: int


class AskAnswer(ApiAnswer):
    """An ask. ``state``: waiting, done or refused; ``told``: why it was refused.

    ``note``: what it waits for: a worker, or, once that has done its part (done), a second person for the start.
    """

    ask: int
    verb: str
    object: str
    account: str
    reason: str
    asked_at: dt.datetime
    state: str
    told: str | None
    note: str | None
    answered_at: dt.datetime | None


class AsksAnswer(ApiAnswer):
    """The newest first, at most 100."""

    data: list[AskAnswer]


class StartRequestAnswer(ApiAnswer):
    """A start that waits for a second person."""

    request: int
    campaign: str
    asked_by: str
    contacts: int


class StartRequests(ApiAnswer):
    """All of them."""

    data: list[StartRequestAnswer]


def ask_answer(ask: Any, note: str | None) -> AskAnswer:
    """An ask as the API shows it, whatever it asks for."""
    names = ("verb", "object", "account", "reason", "asked_at", "state", "answered_at")
    told = None if ask.answer is None else ask.answer.get("text")
    told = None if told is None else retold(told)  # a worker speaks English inside
    return AskAnswer(ask=ask.ask_id, told=told, note=note, **{name: getattr(ask, name) for name in names})


@routes.post(
    "/campaigns/{campaign}/asks",
    Scope.CAMPAIGNS_PAUSE,
    AskedAnswer,
    body=CampaignAsk,
    status=202,
    limit=Limit.STOP,
    when_away="agi-app pause",
)
async def campaign(call: ApiCall[NoQuery, CampaignAsk]) -> AskedAnswer:
    """Ask a worker to start, pause, resume or stop a campaign. Start and resume take the scope campaigns.start."""
    name, given = call.path["campaign"], call.body
    return AskedAnswer(
        ask=await operations.ask(call.inst, name, given.verb, reason=given.reason, preview=given.preview)
    )


@routes.get("/campaigns/{campaign}/asks", Scope.FIGURES_READ, AsksAnswer)
async def of_campaign(call: ApiCall[NoQuery, None]) -> AsksAnswer:
    """What was asked about a campaign, and what the workers did."""
    await stored_campaigns.one(call.inst, call.path["campaign"])
    found = await operations.asks(call.inst, call.path["campaign"])
    return AsksAnswer(data=[ask_answer(one.ask, one.note) for one in found])


@routes.get("/asks/{ask}", Scope.FIGURES_READ, AskAnswer)
async def one(call: ApiCall[NoQuery, None]) -> AskAnswer:
    """One ask about a campaign."""
    found = await operations.asked(call.inst, int(call.path["ask"]))
    return ask_answer(found.ask, found.note)


@routes.post("/consents", Scope.CONSENTS_ENTER, AskedAnswer, body=ConsentAsk, status=202)
async def consent(call: ApiCall[NoQuery, ConsentAsk]) -> AskedAnswer:
    """Ask a worker to record a consent. It is one once the worker has stamped it."""
    given = call.body
    cells = {"number": e164(given.number), "purpose": given.purpose, "wording": given.wording}
    cells |= {"method": given.method, "source": given.source}
    if given.time is not None:
        cells["time"] = given.time.isoformat()
    return AskedAnswer(ask=await consents.ask(call.inst, cells))


@routes.get("/consents/asks/{ask}", Scope.CONSENTS_ENTER, AskAnswer)
async def consent_ask(call: ApiCall[NoQuery, None]) -> AskAnswer:
    """How an ask to record a consent ended."""
    return ask_answer(await consents.asked(call.inst, int(call.path["ask"])), None)


@routes.get("/approvals", Scope.FIGURES_READ, StartRequests)
async def waiting(call: ApiCall[NoQuery, None]) -> StartRequests:
    """The starts that wait for a second person."""
    return StartRequests(
        data=[
            StartRequestAnswer(
                request=one.request_id, campaign=one.campaign, asked_by=one.asked_by, contacts=one.contacts
            )
            for one in await approvals.waiting(call.inst)
        ]
    )


# Not an effect that is repeated by its key: nothing of a body with a secret is kept to compare the next one with.
@routes.look("/campaigns/{campaign}/approvals", Scope.CAMPAIGNS_APPROVE, AskedAnswer, body=ApprovalGiven, status=202)
async def approve(call: ApiCall[NoQuery, ApprovalGiven]) -> AskedAnswer:
    """Approve a start that another account asked for. It runs once a worker has verified the secret."""
    name, given = call.path["campaign"], call.body
    return AskedAnswer(ask=await approvals.approve(call.inst, name, given.secret, request=given.request))


@routes.get("/approvals/asks/{ask}", Scope.CAMPAIGNS_APPROVE, AskAnswer)
async def approval_ask(call: ApiCall[NoQuery, None]) -> AskAnswer:
    """How an approval ended."""
    return ask_answer(await approvals.approved(call.inst, int(call.path["ask"])), None)
