"""Every route below /api/v1. What is not here does not exist, and none of it places a call."""

from __future__ import annotations

from agi_app.api.exchange import feeds
from agi_app.api.resources import (
    asks,
    call_asks,
    calls,
    campaigns,
    complaints,
    contact_imports,
    contacts,
    drafts,
    flows,
    guard,
    jobs,
    live,
    pauses,
    people,
    previews,
    proofs,
    records,
    service,
    stops,
    webhooks,
)

ROUTES = [
    route
    for module in (
        *(service, feeds, campaigns, previews, contacts, contact_imports, people, calls, records, complaints),
        *(stops, asks, call_asks, pauses, guard, jobs, proofs, webhooks, flows, drafts, live),
    )
    for route in module.routes.declared
]
