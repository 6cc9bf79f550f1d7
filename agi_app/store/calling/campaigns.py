"""Campaigns as rows: what their authors wrote, and whether they run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec
from psycopg.rows import DictRow

from agi_app.authoring.suggestions import suggest
from agi_app.errors import InputError, NotThere, StoreError
from agi_app.messages import t, template
from agi_app.model.campaign import Campaign, CampaignState
from agi_app.model.phone import shown_text
from agi_app.store.calling.attempts import CLAIMED, give_back
from agi_app.store.database.listen import tell_workers
from agi_app.store.database.pool import ANSWER_LIMIT_S, Store
from agi_app.store.database.statements import as_json, count, load_queries, record, records

Q = load_queries("calling/campaigns")


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """A campaign with its state and the flow it runs, as they were when it was saved."""

    campaign: Campaign
    state: CampaignState
    state_reason: str | None  # for people: why it was paused or stopped
    flow_file: str
    flow_text: str
    sub_flows: Mapping[str, str] = field(default_factory=dict)  # of the flows it calls: file -> text
    most_contacts: int | None = None  # so many may be called, without another approval; None: no limit
    contacts: int = 0  # that it has; counted of busy ones whose contacts have points of time


@dataclass(frozen=True, slots=True)
class CampaignEndedBy:
    """Who paused or stopped a campaign last. ``reason`` None: a command did, which asks for none."""

    account: str
    at: dt.datetime
    reason: str | None


async def changed_by(store: Store, name: str, verb: str) -> CampaignEndedBy | None:
    """Who did this to a campaign last; ``verb``: pause or stop. Raises StoreError."""
    return next(iter(await store.rows(CampaignEndedBy, Q["changed_by"], {"name": name, "verb": verb})), None)


async def save_campaign(
    store: Store, campaign: Campaign, flow_file: str, flow_text: str, sub_flows: Mapping[str, str] | None = None
) -> None:
    """Store a new campaign as draft, or the new text of one; its state stays.

    ``sub_flows`` has the texts of the flows that its flow calls, by file.
    """
    values = {
        "name": campaign.name,
        "spec": as_json(campaign),
        "flow_file": flow_file,
        "flow_text": flow_text,
        "sub_flows": as_json(dict(sub_flows or {})),
    }
    async with store.transaction(limit=ANSWER_LIMIT_S if campaign.quota is None else None) as connection:
        if campaign.quota is not None:  # a new one looks at each contact
            await connection.execute(Q["no_time_limit"])
        await count(connection, Q["save"], values)


async def load_campaigns(store: Store, states: Collection[CampaignState] | None = None) -> list[StoredCampaign]:
    """All campaigns by name, or those in one of ``states``."""
    return await _load(store, None, None if states is None else [s.value for s in states])


async def load_busy_campaigns(store: Store, by: dt.datetime) -> list[StoredCampaign]:
    """The running campaigns with somebody due at ``by`` (rules time), or with agents; by name."""
    return [_stored(row) for row in await store.records(Q["load_busy"], {"by": by})]


async def load_campaign(store: Store, name: str) -> StoredCampaign | None:
    """One campaign, or None when there is none of that name."""
    found = await _load(store, [name], None)
    return found[0] if found else None


async def known_campaign(store: Store, name: str) -> StoredCampaign:
    """One campaign; NotThere when it is not in the database, with the nearest one that is."""
    if (stored := await load_campaign(store, name)) is not None:
        return stored
    near = suggest(name, await campaign_names(store))
    puts = t("`agi-app contacts import NAME FILE` puts one of campaigns/ there")
    raise NotThere(t("there is no campaign {name!r} in the database{near}; {puts}", name=name, near=near, puts=puts))


async def campaign_names(store: Store) -> list[str]:
    """The names of all campaigns that were ever stored."""
    return [found.campaign.name for found in await load_campaigns(store)]


async def option_names_one(store: Store, name: str | None, done: str = "nothing was done") -> None:
    """InputError when the option --campaign has a name that no stored campaign has; empty is not one.

    ``done`` says what has been done so far; empty: the caller adds that.
    """
    if name and name not in (known := await campaign_names(store)):
        then = f"; {done}" if done else ""
        near = suggest(name, known) or t("; there is none at all")
        raise InputError(
            t(
                "--campaign {shown_text}: there is no campaign {shown_text!r} in the database{near}{then}",
                shown_text=shown_text(name),
                near=near,
                then=then,
            )
        )


async def set_state(
    store: Store,
    name: str,
    state: CampaignState,
    reason: str | None,
    now: dt.datetime,
    most_contacts: int | None = None,
) -> bool:
    """Start, pause or stop; every worker hears of it. False when there is no such campaign.

    ``stopped`` also takes back the claims that were not dialled yet. ``running`` is a start that is good for so many
    contacts (None: any number): those that waited are let in, of more than that the newest wait. It lets all refusals
    that only a person could fix be decided again at ``now`` (rules time).
    """
    approved = {"name": name, "most_contacts": most_contacts} if state is CampaignState.RUNNING else None
    return await _change(store, name, state, reason, now, approved)


async def resume(store: Store, name: str, reason: str | None, now: dt.datetime) -> bool:
    """Let a campaign go on as it was started: ``set_state`` without letting anybody in. Raises StoreError."""
    return await _change(store, name, CampaignState.RUNNING, reason, now, None)


async def unapproved(store: Store, name: str) -> int:
    """How many contacts that are to be called came beyond what the start was approved for. Raises StoreError."""
    return await store.the_value(int, Q["unapproved"], {"name": name}, "no count")


async def _change(
    store: Store,
    name: str,
    state: CampaignState,
    reason: str | None,
    now: dt.datetime,
    approved: Mapping[str, object] | None,
) -> bool:
    async with store.transaction(limit=None if approved else ANSWER_LIMIT_S) as connection:
        if approved is not None:  # waits for an import's part, and may let in many
            await connection.execute(Q["no_time_limit"])
            await connection.execute(Q["approve_contacts"], approved)
        if await record(connection, Q["set_state"], {"name": name, "state": state.value, "reason": reason}) is None:
            return False
        if state is CampaignState.RUNNING:
            await count(connection, Q["wake_parked"], {"campaign": name, "now": now})
    # In a second transaction, so that a mark which still saw the old state is seen by it: whatever
    # was claimed is taken back here, whatever was dialled hears the notification.
    async with store.transaction() as connection:
        if state is CampaignState.STOPPED:
            claimed = await records(connection, Q["claimed_attempts"], {"name": name})
            await give_back(
                connection, [row["attempt_id"] for row in claimed], template("the campaign was stopped"), CLAIMED
            )
        await tell_workers(connection, {"campaign": name, "state": state.value})
    return True


async def _load(store: Store, names: list[str] | None, states: list[str] | None) -> list[StoredCampaign]:
    return [_stored(row) for row in await store.records(Q["load"], {"names": names, "states": states})]


def _stored(row: DictRow) -> StoredCampaign:
    return StoredCampaign(
        _campaign(row["spec"]),
        CampaignState(row["state"]),
        row["state_reason"],
        row["flow_file"],
        row["flow_text"],
        row["sub_flows"],
        row["most_contacts"],
        row.get("contacts", 0),
    )


def _campaign(spec: str) -> Campaign:
    try:
        return msgspec.json.decode(spec, type=Campaign)
    except msgspec.ValidationError as error:
        raise StoreError(
            t("a stored campaign cannot be read ({error}): save it again with `agi-app campaign start`", error=error)
        ) from error
