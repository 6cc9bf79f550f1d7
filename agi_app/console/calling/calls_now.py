"""Live: the calls that are on, the agents and who waits for one, and the last hour's calls by minute; kept fresh."""

from __future__ import annotations

import datetime as dt

from agi_app.api.resources.call_asks import AgentAnswer
from agi_app.console.live import LivePart
from agi_app.console.pages import PageCall, PageData, Pages, Section, Shown
from agi_app.installation import Installation
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.calling import agent_states
from agi_app.operations.calling import calls_now as operations

pages = Pages()
CALLS_EVERY_S, HOUR_EVERY_S = 2.0, 15.0  # seconds that pass change the first always; the second counts an hour's calls


class CallNow(PageData):
    """A call that is on; ``seconds`` since it was dialled. ``stage``: claimed, calling, waiting, with_agent, parted."""

    attempt_id: str
    campaign: str
    contact_id: int
    external_id: str
    number: str | None
    node: str
    trunk: str
    agents: str | None
    stage: str
    seconds: int


class CallsOfNode(PageData):
    """How many calls of a campaign one worker has now."""

    campaign: str
    node: str
    calls: int


class CallsNowData(PageData):
    """The longest calls, 200 at most; ``totals`` and ``all`` count every one; ``waiting``: people without an agent."""

    calls: list[CallNow]
    totals: list[CallsOfNode]
    all: int
    waiting: int
    agents: list[AgentAnswer]


class CallsOfMinute(PageData):
    """The calls that were begun in one minute, and how many of them were answered until now."""

    at: dt.datetime
    calls: int
    answered: int


class LastHour(PageData):
    """Sixty minutes, the last of them not over."""

    minutes: list[CallsOfMinute]


class LiveData(PageData):
    """All of it."""

    now: CallsNowData
    hour: LastHour


@pages.get("/calls", Scope.PEOPLE_READ, Section.CALLS, template("Live"))
async def show(call: PageCall) -> Shown:
    """The page."""
    data = LiveData(now=await read(call.inst), hour=await read_hour(call.inst))
    return Shown("calling/live.html", data, command="agi-app campaign status CAMPAIGN")


async def read(inst: Installation) -> CallsNowData:
    """What is on now, in the current language. Raises StoreError."""
    found = await operations.now(inst)
    agents = [AgentAnswer.model_validate(one) for one in await agent_states.agents(inst)]
    return CallsNowData(
        calls=[CallNow(**{name: getattr(one, name) for name in CallNow.model_fields}) for one in found.calls],
        totals=[CallsOfNode.model_validate(one) for one in found.totals],
        all=sum(one.calls for one in found.totals),
        waiting=sum(one.calls.waiting for one in agents),
        agents=agents,
    )


async def read_hour(inst: Installation) -> LastHour:
    """The last hour's calls. Raises StoreError."""
    return LastHour(minutes=[CallsOfMinute.model_validate(one) for one in await operations.last_hour(inst)])


PARTS = (
    LivePart("calls", Scope.PEOPLE_READ, read, "calling/calls_part.html", CALLS_EVERY_S),
    LivePart("calls-hour", Scope.PEOPLE_READ, read_hour, "calling/hour_part.html", HOUR_EVERY_S),
)
