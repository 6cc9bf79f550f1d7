"""How far a campaign is and what keeps it from dialling, gathered from the store."""

from __future__ import annotations

import datetime as dt

from agi_app.clock import Clock
from agi_app.consent.caller_id_proof import standing
from agi_app.gate.caller_id import numbers_of
from agi_app.reports.agents import figures_of
from agi_app.reports.totals import Totals
from agi_app.reports.why_waiting import Standstill
from agi_app.store.calling import nodes, pauses, reports
from agi_app.store.calling.campaigns import StoredCampaign, known_campaign
from agi_app.store.database.pool import Store
from agi_app.store.people.caller_ids import proofs
from agi_app.store.people.contacts import contacts_of


async def status_of(store: Store, clock: Clock, name: str) -> tuple[Totals, Standstill]:
    """The campaign's figures and its standstill view; InputError when there is no such campaign."""
    stored = await known_campaign(store, name)
    campaign = stored.campaign
    waiting = await reports.why_waiting(store, campaign, clock.now())
    workers = await nodes.all_nodes(store)
    pause = await pauses.in_force(store)
    view = Standstill(
        state=stored.state.value,
        state_reason=stored.state_reason,
        everything_paused=None if pause is None else pause.words,
        workers=[(n.name, n.alive, n.holding) for n in workers],
        due_now=waiting.due_now,
        later=waiting.later,
        parked=waiting.parked,
        next_due=waiting.next_due,
        by_rule=waiting.by_rule,
        open_attempts=waiting.open_attempts,
        slots_used=waiting.campaign_slots_used,
        slots=campaign.pace.concurrent,
        trunk=campaign.trunk,
        trunk_slots_used=waiting.trunk_slots_used,
        trunk_slots=waiting.trunk_slots,
        calls_per_second=campaign.pace.calls_per_second,
        rule_until=waiting.rule_until,
        holds=[hold for n in workers if n.alive and (hold := n.hold_of(name)) is not None],
    )
    return await _totals(store, stored, clock.now()), view


async def _totals(store: Store, stored: StoredCampaign, now: dt.datetime) -> Totals:
    campaign, name = stored.campaign, stored.campaign.name
    counted = await contacts_of(store, name)
    outcomes = await reports.outcome_counts(store, name)
    found = await proofs(store)
    return Totals(
        campaign=name,
        state=stored.state.value,
        purpose=campaign.purpose.value,
        caller_id=campaign.caller_id,
        caller_id_proof=standing(found, campaign.caller_id, now).words,
        agents=await figures_of(store, campaign, await nodes.all_nodes(store), now),
        local_caller_ids={number: standing(found, number, now).words for number in numbers_of(campaign)[1:]},
        contacts=counted.total,
        done=counted.done,
        waiting=counted.pending - counted.parked,
        not_called=counted.parked,
        in_call=counted.claimed,
        attempts=sum(outcomes.values()),
        outcomes=outcomes,
        dispositions=await reports.disposition_counts(store, name),
        refused=await reports.refusals_by_rule(store, name),
    )
