"""What the dialer's loop asks before it calls for agents: are some known to be free, how many calls may begin."""

from __future__ import annotations

import asyncio
from functools import partial

from agi_app import log
from agi_app.dialer.agents.abandoned_ceiling import ceiling_percent
from agi_app.dialer.agents.agent_pacing import to_begin
from agi_app.dialer.agents.availability import AgentAvailability, AgentWatch
from agi_app.dialer.node import Node
from agi_app.dialer.running_campaigns import Running
from agi_app.messages import t
from agi_app.model.campaign import Pacing
from agi_app.model.waiting_reason import AGENTS, WaitingReason
from agi_app.store.calling import agents as store
from agi_app.store.calling.agents import AgentTerms

NOTES_WAIT_S = 1.0
REST_S = 0.25  # until the next try, unless something changes before

_log = log.get("agents")


def waits_for_agents(running: Running, watch: AgentWatch) -> WaitingReason | None:
    """Why none of the campaign's calls may begin now; None when some may, or it has no agents."""
    if (agents := running.line.campaign.agents) is None:
        return None
    look = watch.look_of(agents.to)
    if isinstance(look, str):
        return WaitingReason(
            AGENTS, t("it is not known which of the agents {to} are free: {look}", to=agents.to, look=look)
        )
    if look.agents.free or (agents.pacing is Pacing.PREDICTIVE and look.agents.busy):
        return None
    return WaitingReason(
        AGENTS, t("none of the agents {to} is free ({busy} busy)", to=agents.to, busy=look.agents.busy)
    )


def calls_for_all(running: Running, watch: AgentWatch) -> WaitingReason:
    """Why no more calls may begin than do."""
    agents = running.line.campaign.agents
    name = "" if agents is None else agents.to
    look = watch.look_of(name)
    free = (
        "" if isinstance(look, str) else t(" ({free} free, {busy} busy)", free=look.agents.free, busy=look.agents.busy)
    )
    return WaitingReason(
        AGENTS, t("calls are under way for all agents {name} who are free or soon will be{free}", name=name, free=free)
    )


async def agent_terms(running: Running, watch: AgentWatch, node: Node) -> AgentTerms | None:
    """For the claim of a campaign with agents; what happened in its calls so far is in the database then."""
    campaign = running.line.campaign
    if campaign.agents is None:
        return None
    try:
        async with asyncio.timeout(NOTES_WAIT_S):
            await watch.notes.all_written()
    except TimeoutError:  # the database would count too few; others must not wait for it
        return None
    look = watch.look_of(campaign.agents.to)
    if not isinstance(look, AgentAvailability):
        return None
    return AgentTerms(
        look.at,
        watch.destinations[campaign.agents.to].shared,  # calls of other nodes are for the same agents
        partial(to_begin, campaign.agents.pacing, look.agents, ceiling_percent=ceiling_percent(campaign, node.ruleset)),
    )


async def stop_abandoning(running: Running, node: Node, text: str) -> None:
    """Pause the campaign for good: the gate refuses it, so it would only use up its contacts."""
    if await store.pause(node.store, running.name, text):
        _log.error(
            "campaign paused: too many people who answered found no free agent", campaign=running.name, reason=text
        )
