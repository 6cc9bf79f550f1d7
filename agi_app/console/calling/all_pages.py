"""The pages about calling, in the order of the navigation."""

from __future__ import annotations

from agi_app.console.calling import (
    calls_now,
    campaign_asks,
    campaign_changes,
    campaigns,
    one_call,
    previews,
    start_approvals,
)

MODULES = (campaigns, calls_now, one_call, start_approvals, previews, campaign_changes, campaign_asks)
PAGES = tuple(page for module in MODULES for page in module.pages.declared)
PARTS = (campaigns.PART, *calls_now.PARTS)
