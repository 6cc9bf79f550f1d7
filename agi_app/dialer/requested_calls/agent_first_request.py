"""Ask a running worker for a call by which an agent is rung first, and follow it to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from agi_app.clock import Clock
from agi_app.consent.number_verification import a_worker_runs
from agi_app.dialer.requested_calls.agent_first import AGENT_RINGS_S, BETWEEN_S
from agi_app.errors import AsteriskError, InputError
from agi_app.model.call import Outcome
from agi_app.model.campaign import CampaignState
from agi_app.store.calling.campaigns import StoredCampaign
from agi_app.store.database.pool import Store
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AGENT
from agi_app.store.requested_calls.requests import EXPIRED, REFUSED, RequestStatus

Show = Callable[[str], None]
AROUND = dt.timedelta(seconds=AGENT_RINGS_S + BETWEEN_S + 30)  # besides the person's leg

_AGENT = {
    f"{AGENT}no_answer": "{agent} did not answer",
    f"{AGENT}busy": "{agent} is busy",
    f"{AGENT}failed": "{agent} could not be rung",
    f"{AGENT}done": "{agent} hung up",
}
_PERSON = {
    "no_answer": "nobody answered",
    "busy": "the person's line was busy",
    "rejected": "the person declined the call",
    "invalid_number": "the network says that there is no such number",
    "cancelled": "the person was not reached",
}


async def ask(
    store: Store, campaign: StoredCampaign, wanted: str, e164: str | None, agent: str, entered_by: str
) -> tuple[int, str]:
    """Ask the running workers; returns the request's id and the contact's. Raises InputError, ConfigError."""
    if not entered_by.strip():
        raise InputError("--entered-by: say who calls")
    name = campaign.campaign.name
    if campaign.state is not CampaignState.RUNNING:
        raise InputError(
            f"not called: campaign {name} is {campaign.state}; `agi-app campaign start {name}` lets it run"
        )
    contact_id, external_id = await agent_calls.find(store, name, wanted, e164)
    await a_worker_runs(store)
    return await agent_calls.request(store, name, contact_id, agent, entered_by), external_id


def known_agent(destinations: Collection[str], agent: str) -> str:
    """The destination of this name; InputError tells which there are."""
    if agent in destinations:
        return agent
    there = ", ".join(sorted(destinations)) or "none"
    raise InputError(f"--agent {agent}: the settings have no such destination; there are: {there}")


async def follow(
    store: Store, clock: Clock, agent_call_id: int, agent: str, longest: dt.timedelta, show: Show
) -> RequestStatus:
    """Show what happens while it does; returns an ended call in which both talked.

    ``longest`` is the person's leg. Raises InputError when the person was not called or not reached, AsteriskError
    when our own side failed.
    """
    status = await agent_calls.REQUESTS.follow(store, clock, agent_call_id, AROUND + longest, show)
    _judge(status, agent)
    return status


def _judge(status: RequestStatus, agent: str) -> None:
    result, note = status.result or "", status.note
    if result == REFUSED:
        raise InputError(f"not called: {note}")
    if result == EXPIRED:
        raise AsteriskError(
            "not called: no worker took the request; `agi-app campaign status CAMPAIGN` says what holds them. Does one"
            f" have the destination {agent} and the campaign's trunk in its settings?"
        )
    if result in (Outcome.ANSWERED, Outcome.HUMAN, Outcome.MACHINE):
        return
    why = f" ({note})" if note else ""
    if result in _AGENT:
        raise InputError(f"not called: {_AGENT[result].format(agent=agent)}{why}")
    if result in _PERSON:
        raise InputError(_PERSON[result] + why)
    raise AsteriskError(f"the call ended with {result}{why}")
