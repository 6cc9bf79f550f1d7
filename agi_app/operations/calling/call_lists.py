"""Lists of campaigns, decisions and calls, a page at a time, at any size of the database.

A page ends with the cursor of the next one; ``limit`` is at most 1,000. All raise InputError for a wrong limit, cursor
or filter, and StoreError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from agi_app.errors import InputError, NotThere
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.campaign import CampaignState
from agi_app.model.lists import Count, Page
from agi_app.operations.acting import reads
from agi_app.operations.calling.contact_lists import OUTCOMES, find, known
from agi_app.store.calling.inbound_calls import ANSWERED, GIVEN_BACK
from agi_app.store.lists import calls
from agi_app.store.lists import campaigns as campaign_table
from agi_app.store.lists.calls import (
    AttemptFilter,
    AttemptItem,
    DecisionFilter,
    DecisionItem,
    LineCallFilter,
    LineCallItem,
    RecordingItem,
)
from agi_app.store.lists.campaigns import CampaignItem
from agi_app.store.lists.paging import PageOf

__all__ = [
    "AttemptItem",
    "CampaignItem",
    "DecisionItem",
    "LineCallItem",
    "RecordingItem",
    "attempts",
    "campaigns",
    "count_attempts",
    "count_decisions",
    "decision",
    "decisions",
    "line_calls",
    "recordings",
]


@reads(Scope.FIGURES_READ)
async def campaigns(
    inst: Installation, *, state: str | None = None, limit: int = 100, after: str | None = None
) -> Page[CampaignItem]:
    """The stored campaigns by name, with how many contacts are in which state."""
    known("state", state, list(CampaignState))
    return await campaign_table.page(inst.store, state, PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def decisions(
    inst: Installation,
    *,
    campaign: str | None = None,
    external_id: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    allowed: bool | None = None,
    rule: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[DecisionItem]:
    """What the gate decided, the newest first; ``rule`` is one that refused. ``since`` and ``until`` are real time."""
    wanted = DecisionFilter(campaign, await _contact_id(inst, campaign, external_id), since, until, allowed, rule)
    return await calls.decisions(inst.store, wanted, PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def decision(inst: Installation, decision_id: int) -> tuple[DecisionItem, Mapping[str, Any]]:
    """One of them, and the facts that it was made by, without the number. Raises NotThere, StoreError."""
    found = await calls.decision(inst.store, decision_id)
    if found is None:
        raise NotThere(t("there is no decision {number}", number=decision_id))
    return found


@reads(Scope.PEOPLE_READ)
async def attempts(
    inst: Installation,
    *,
    campaign: str | None = None,
    external_id: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    outcome: str | None = None,
    disposition: str | None = None,
    trunk: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[AttemptItem]:
    """Calls of campaigns, the newest first; ``since`` and ``until`` are real time, when they were claimed."""
    known("outcome", outcome, OUTCOMES)
    contact_id = await _contact_id(inst, campaign, external_id)
    wanted = AttemptFilter(campaign, contact_id, since, until, outcome, disposition, trunk)
    return await calls.attempts(inst.store, wanted, PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def recordings(
    inst: Installation, *, campaign: str | None = None, limit: int = 100, after: str | None = None
) -> Page[RecordingItem]:
    """What is kept of the sound of calls, the newest first; also what was erased, without its sound."""
    return await calls.recordings(inst.store, campaign, PageOf(limit, after))


@reads(Scope.PEOPLE_READ)
async def line_calls(
    inst: Installation,
    *,
    line: str | None = None,
    result: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100,
    after: str | None = None,
) -> Page[LineCallItem]:
    """Calls that came in to our lines, the newest first; ``since`` and ``until`` are rules time, when they began."""
    known("result", result, [ANSWERED, GIVEN_BACK])
    return await calls.line_calls(inst.store, LineCallFilter(since, until, line, result), PageOf(limit, after))


@reads(Scope.FIGURES_READ)
async def count_decisions(
    inst: Installation,
    *,
    campaign: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    allowed: bool | None = None,
    rule: str | None = None,
) -> Count:
    """How many decisions fit, up to 10,000; where few fit, of the newest 20,000."""
    return await calls.count_decisions(inst.store, DecisionFilter(campaign, None, since, until, allowed, rule))


@reads(Scope.FIGURES_READ)
async def count_attempts(
    inst: Installation,
    *,
    campaign: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    outcome: str | None = None,
    disposition: str | None = None,
    trunk: str | None = None,
) -> Count:
    """How many calls fit, up to 10,000; where few fit, of the newest 20,000."""
    known("outcome", outcome, OUTCOMES)
    wanted = AttemptFilter(campaign, None, since, until, outcome, disposition, trunk)
    return await calls.count_attempts(inst.store, wanted)


async def _contact_id(inst: Installation, campaign: str | None, external_id: str | None) -> int | None:
    if external_id is None:
        return None
    if campaign is None:
        raise InputError(t("`external_id`: say of which campaign, since several may have a contact of this id"))
    return (await find(inst.store, campaign, external_id)).contact_id
