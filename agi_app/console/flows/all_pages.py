"""The pages of flows, prompts and campaigns' files, in the order of the navigation."""

from __future__ import annotations

from agi_app.console.flows import (
    editing,
    expected_calls,
    listing,
    new_campaign,
    one_flow,
    prompts,
    publishing,
    trying,
    versions,
)

PAGES = (
    *listing.pages.declared,
    *new_campaign.pages.declared,
    *one_flow.pages.declared,
    *editing.pages.declared,
    *publishing.pages.declared,
    *expected_calls.pages.declared,
    *trying.pages.declared,
    *versions.pages.declared,
    *prompts.pages.declared,
)
