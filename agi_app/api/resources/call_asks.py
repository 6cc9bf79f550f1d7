"""Agents, and calls that people ask for: each is an ask, a worker takes it, the gate decides. No route calls."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from agi_app.api.lists import there
from agi_app.api.resources.asks import AskedAnswer
from agi_app.api.resources.stops import e164
from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, Routes
from agi_app.api.texts import Name, Number, Reason
from agi_app.model.actors import Scope
from agi_app.operations.calling import agent_states, calls_now, stored_campaigns
from agi_app.operations.calling import call_asks as operations

routes = Routes()
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]
FieldText = Annotated[str, Field(max_length=200, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")]


class AgentsOfWorker(ApiAnswer):
    """What one worker that runs sees of them; `unknown`: why it does not know."""

    worker: str
    at: dt.datetime
    free: int | None
    busy: int | None
    unknown: str | None


class AgentCallsOpen(ApiAnswer):
    """Calls for them that are not over: of campaigns, and (`asked`) those by which the agent is rung first."""

    under_way: int
    waiting: int = Field(description="answered, and with no agent yet")
    talking: int
    asked: int


class AgentAnswer(ApiAnswer):
    """A destination of the settings. No worker in `seen`: none looks, since no running campaign calls for them."""

    name: str
    kind: Literal["queue", "list", "telephone", "by_trunk"]
    telephones: int | None = Field(description="null: the queue has them")
    wrap_up_s: float
    shared: bool = Field(description="the same agents take the calls of all workers")
    seen: list[AgentsOfWorker]
    calls: AgentCallsOpen


class AgentsAnswer(ApiAnswer):
    """By name."""

    data: list[AgentAnswer]


class AgentCallGiven(Given):
    """Which agent is rung first, by the name of a destination of the settings."""

    agent: Name
    reason: Reason


class EndGiven(Given):
    """Why the call is ended: it is kept in the call's result, with who ended it."""

    reason: Reason


class PhoneAnswer(ApiAnswer):
    """A telephone that you have proved, by the number of its proof."""

    phone: int
    number: str
    until: dt.datetime


class Phones(ApiAnswer):
    """Those that may hear rehearsals now."""

    data: list[PhoneAnswer]


class ProofGiven(Given):
    """The trunk to call through; null: the only one that fits."""

    trunk: Name | None = None


class PhoneGiven(ProofGiven):
    """Your own telephone, in E.164."""

    number: Number


class CallerIdGiven(PhoneGiven):
    """The number that is to be shown, in E.164."""


class CodeAnswer(ApiAnswer):
    """The ask, and the code that is to be keyed on the telephone that rings."""

    ask: int
    code: str


class RehearsalGiven(ProofGiven):
    """Which flow, on which of your telephones, with which columns of a contact."""

    flow: Name
    phone: int = Field(ge=1, le=2**31 - 1)
    language: Language | None = None
    fields: dict[FieldName, FieldText] = Field(default_factory=dict, max_length=50)


class CalledAnswer(ApiAnswer):
    """How the call of an ask is; ``result`` refused: the gate said no, and ``note`` why. Not taken in 30 s: none."""

    state: str
    result: str | None
    note: str | None
    progress: list[str]


@routes.get("/agents", Scope.FIGURES_READ, AgentsAnswer)
async def agents(call: ApiCall[NoQuery, None]) -> AgentsAnswer:
    """The agents of the settings, and their state as far as it is known. An agent of a queue pauses in Asterisk."""
    return AgentsAnswer(data=[AgentAnswer.model_validate(one) for one in await agent_states.agents(call.inst)])


@routes.get("/agents/{agent}", Scope.FIGURES_READ, AgentAnswer)
async def agent(call: ApiCall[NoQuery, None]) -> AgentAnswer:
    """One of them."""
    return AgentAnswer.model_validate(await agent_states.agent(call.inst, call.path["agent"]))


@routes.post(
    "/campaigns/{campaign}/contacts/{contact}/ask-call",
    Scope.CALLS_ASK,
    AskedAnswer,
    body=AgentCallGiven,
    status=202,
)
async def contact(call: ApiCall[NoQuery, AgentCallGiven]) -> AskedAnswer:
    """Ask for the call of a contact for an agent, in a campaign with `dialled_by: agents`."""
    name, given = call.path["campaign"], call.body
    await there(stored_campaigns.one(call.inst, name))
    number = int(call.path["contact"])
    return AskedAnswer(ask=await operations.ask_agent_call(call.inst, name, number, given.agent, reason=given.reason))


@routes.post("/attempts/{attempt}/end", Scope.CAMPAIGNS_PAUSE, AskedAnswer, body=EndGiven, status=202)
async def end(call: ApiCall[NoQuery, EndGiven]) -> AskedAnswer:
    """Ask to end one call that is on: the worker that has it hangs up. One that is over already is refused."""
    return AskedAnswer(ask=await calls_now.ask_end(call.inst, call.path["attempt"], reason=call.body.reason))


@routes.get("/rehearsals/telephones", Scope.CALLS_REHEARSE, Phones)
async def telephones(call: ApiCall[NoQuery, None]) -> Phones:
    """Your own telephones, which you have proved by a code."""
    return Phones(data=[PhoneAnswer.model_validate(one) for one in await operations.own_phones(call.inst)])


# Not effects that are repeated by their keys: a code is kept nowhere.
@routes.look("/rehearsals/telephones", Scope.CALLS_REHEARSE, CodeAnswer, body=PhoneGiven, status=202)
async def prove_telephone(call: ApiCall[NoQuery, PhoneGiven]) -> CodeAnswer:
    """Ask to prove your own telephone: it rings, and the code is keyed. It is no caller ID by this."""
    given = call.body
    ask, code = await operations.ask_phone_proof(call.inst, e164(given.number), trunk=given.trunk)
    return CodeAnswer(ask=ask, code=code)


@routes.look("/caller-ids/proofs", Scope.CALLER_IDS_PROVE, CodeAnswer, body=CallerIdGiven, status=202)
async def prove_caller_id(call: ApiCall[NoQuery, CallerIdGiven]) -> CodeAnswer:
    """Ask to prove by a call that a number is ours, so that it may be shown."""
    given = call.body
    ask, code = await operations.ask_caller_id_proof(call.inst, e164(given.number), trunk=given.trunk)
    return CodeAnswer(ask=ask, code=code)


@routes.post("/rehearsals", Scope.CALLS_REHEARSE, AskedAnswer, body=RehearsalGiven, status=202)
async def rehearsal(call: ApiCall[NoQuery, RehearsalGiven]) -> AskedAnswer:
    """Ask to hear a flow on a telephone that you have proved. A stop that is said there is a real one."""
    given = call.body
    more = {"language": given.language, "trunk": given.trunk}
    return AskedAnswer(
        ask=await operations.ask_rehearsal(call.inst, given.flow, given.phone, **more, fields=given.fields)
    )


@routes.get("/asks/{ask}/call", Scope.FIGURES_READ, CalledAnswer)
async def called(call: ApiCall[NoQuery, None]) -> CalledAnswer:
    """How the call is that you asked for."""
    return CalledAnswer.model_validate(await operations.called(call.inst, int(call.path["ask"])))
