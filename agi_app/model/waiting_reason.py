"""What keeps a campaign from being dialled, or from being dialled faster, at one moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

# ``by`` of what a worker or the status finds; a rule of the gate holds contacts back under its own id.
STATE = "state"
NO_WORKER = "no_worker"
WORKER = "worker"  # the worker dials nobody at all: no connection, clocks, stops on their way
UNUSABLE = "unusable"  # this worker cannot dial the campaign: its trunk, flow or engine is missing
BREAKER = "breaker"
PACE = {"campaign": "pace_of_campaign", "trunk": "pace_of_trunk", "node": "pace_of_node"}
SHARE = "share"
PLACES = {"campaign": "places_of_campaign", "trunk": "places_of_trunk", "node": "places_of_node"}
RESERVE = "reserve"  # channels of the trunk that stay free, or are not known
AGENTS = "agents"  # none is free, or nobody knows
PORTS = "ports"  # of a gateway: in a call, or resting
QUOTA = "quota"  # calls under way may fill the groups of all who are due
FEED_LATE = "feed_late"  # the campaign's feed had no good run for too long
NOBODY_DUE = "nobody_due"
ROW_REJECTED, NOT_APPROVED = "contact_row_rejected", "contact_not_approved"  # the gate's rules
BY_AGENTS = "by_agents"  # nobody is called by itself
DONE = "done"


@dataclass(frozen=True, slots=True)
class WaitingReason:
    """One reason; ``until`` (real time) when it is known when it ends on its own."""

    by: str
    text: str
    until: dt.datetime | None = None
    worker: str | None = None  # who says so; None: it holds for all


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """Why nobody is being dialled, if nobody is."""

    due_now: int
    later: int
    parked: int
    next_due: dt.datetime | None  # rules time
    by_rule: dict[str, int]  # contacts that wait, by each rule that refused them
    rule_until: dict[str, dt.datetime]  # when the first of them is due again, rules time; not those that never are
    open_attempts: int
    campaign_slots_used: int
    trunk_slots_used: int
    trunk_slots: int  # as the workers set them; 0 before the first claim: none has used the trunk yet
    unapproved: int  # contacts that are to be called, and wait for a second person
    rows_rejected: int  # contacts that are to be called, but their rows in a newer list could not be read
