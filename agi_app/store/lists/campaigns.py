"""The campaigns that are stored, by name, with their kept figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.model import lists
from agi_app.model.lists import Page
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.lists.paging import PageOf, secret

NAME = "campaigns"
Q = load_queries("lists/campaigns")


@dataclass(frozen=True, slots=True)
class CampaignItem:
    """One campaign; ``contacts`` by state: pending, parked (refused until somebody fixes the reason), claimed, done,
    expired (its time was over before it was reached), cancelled (by the office).
    """

    name: str
    state: str  # draft, running, paused, stopped
    state_reason: str | None
    purpose: str
    caller_id: str
    flow_file: str
    saved_at: dt.datetime
    changed_at: dt.datetime
    contacts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CampaignVersion:
    """A campaign as contacts were decided by it: its text as JSON, and who had started it last before."""

    version: str
    text: str
    sha256: str
    first_used_at: dt.datetime
    started_by: str | None


async def versions(store: Store, campaign: str, version: str | None = None) -> list[CampaignVersion]:
    """Those of a campaign, the newest first, at most 100; or one of them. Raises StoreError."""
    return await store.rows(CampaignVersion, Q["versions"], {"campaign": campaign, "version": version, "most": 100})


async def page(store: Store, state: str | None, asked: PageOf) -> Page[CampaignItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    rows = lists.checked_limit(asked.limit) + 1
    key, filters, after = await secret(store), {"state": state}, ""
    if asked.after is not None:
        (after,) = lists.decode(key, NAME, filters, tuple[str], asked.after)
    found = await store.rows(CampaignItem, Q["page"], {**filters, "after": after, "rows": rows})
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(shown, lists.encode(key, NAME, filters, [shown[-1].name]) if more else None)
