"""A call by which an agent is rung first, and then a contact of a running campaign.

The audit records who asked, and what the gate decided about the contact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.call import Outcome
from agi_app.model.campaign import CampaignState
from agi_app.model.phone import NotANumber, parse
from agi_app.operations.acting import noted
from agi_app.operations.calling.requested_calls import NOT_REACHED, Show, unwanted_end, worker_runs
from agi_app.store.calling.campaigns import known_campaign
from agi_app.store.requested_calls import agent_calls
from agi_app.store.requested_calls.agent_calls import AGENT, AGENT_RINGS_S, BETWEEN_S
from agi_app.store.requested_calls.requests import RequestStatus

AROUND = dt.timedelta(seconds=AGENT_RINGS_S + BETWEEN_S + 30)  # besides the person's leg

_AGENT = {
    f"{AGENT}no_answer": "{agent} did not answer",
    f"{AGENT}busy": "{agent} is busy",
    f"{AGENT}failed": "{agent} could not be rung",
    f"{AGENT}done": "{agent} hung up",
}
_PERSON = NOT_REACHED | {
    "busy": "the person's line was busy",
    "rejected": "the person declined the call",
    "cancelled": "the person was not reached",
}
_EXPIRED = (
    "not called: no worker took the request; `agi-app campaign status CAMPAIGN` says why. Does one"
    " have the destination {agent} and the campaign's trunk in its settings?"
)


@noted(Scope.CALLS_ASK, "call-person", "campaign")
async def call_person(inst: Installation, campaign: str, contact: str, agent: str, *, show: Show) -> RequestStatus:
    """Ask the running workers, and show what happens while it does; returns a call in which both talked.

    ``contact`` is its external id or its number. Raises InputError when it was not called or not reached, ConfigError
    when no worker runs, AsteriskError when our own side failed, StoreError.
    """
    stored = await known_campaign(inst.store, campaign)
    _runs(campaign, stored.state)
    contact_id, external_id = await agent_calls.find(inst.store, campaign, contact, _as_number(contact))
    await worker_runs(inst)
    asked = await agent_calls.request(inst.store, campaign, contact_id, agent, inst.actor.account)
    show(t("contact {external_id} is to be called", external_id=external_id))
    longest = AROUND + stored.campaign.ring_time + stored.campaign.max_call
    status = await agent_calls.REQUESTS.follow(inst.store, inst.clock, asked, longest, show)
    if status.result in (Outcome.ANSWERED, Outcome.HUMAN, Outcome.MACHINE):
        return status
    not_rung = {result: f"not called: {what.format(agent=agent)}" for result, what in _AGENT.items()}
    raise unwanted_end(status, _PERSON | not_rung, _EXPIRED.format(agent=agent))


async def may_be_asked(inst: Installation, campaign: str, contact: int) -> None:
    """Raises InputError unless only agents dial this campaign, it runs, and the contact is of it; StoreError."""
    stored = await known_campaign(inst.store, campaign)
    if not stored.campaign.by_agents:
        told = "campaign {campaign} is not dialled by agents: its file has no `dialled_by: agents`"
        raise InputError(t(told, campaign=campaign))
    _runs(campaign, stored.state)
    if not await agent_calls.is_of(inst.store, campaign, contact):
        raise InputError(t("campaign {campaign} has no contact {contact}", campaign=campaign, contact=contact))


@noted(Scope.CALLS_ASK, "call-person", "campaign")
async def request_call(inst: Installation, campaign: str, contact: int, agent: str) -> int:
    """Request the call of a contact for an agent, in a campaign that only agents dial; the id of the request.

    A worker takes it, and the gate decides. Raises InputError, StoreError.
    """
    await may_be_asked(inst, campaign, contact)
    return await agent_calls.request(
        inst.store, campaign, contact, known_agent(inst.settings.destinations, agent), inst.actor.account
    )


def _runs(campaign: str, state: CampaignState) -> None:
    if state is not CampaignState.RUNNING:
        told = "not called: campaign {campaign} is {state}; `agi-app campaign start {campaign}` lets it run"
        raise InputError(t(told, campaign=campaign, state=state))


def known_agent(destinations: Collection[str], agent: str) -> str:
    """The destination of this name; InputError tells which there are."""
    if agent in destinations:
        return agent
    there = ", ".join(sorted(destinations)) or "none"
    raise InputError(
        t("--agent {agent}: the settings have no such destination; there are: {there}", agent=agent, there=there)
    )


def _as_number(text: str) -> str | None:
    try:
        return parse(text).e164
    except NotANumber:
        return None
