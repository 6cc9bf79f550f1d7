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
NOBODY_DUE = "nobody_due"
BY_AGENTS = "by_agents"  # nobody is called by itself
DONE = "done"


@dataclass(frozen=True, slots=True)
class WaitingReason:
    """One reason; ``until`` (real time) when it is known when it ends on its own."""

    by: str
    text: str
    until: dt.datetime | None = None
    worker: str | None = None  # who says so; None: it holds for all
