"""Every route below /api/v1. What is not here does not exist, and none of it places a call."""

from __future__ import annotations

from agi_app.api.resources import (
    asks,
    calls,
    campaigns,
    contact_imports,
    contacts,
    flows,
    jobs,
    live,
    people,
    previews,
    records,
    service,
    stops,
    webhooks,
)

ROUTES = [
    route
    for module in (
        *(service, campaigns, previews, contacts, contact_imports, people, calls, records),
        *(stops, asks, jobs, webhooks, flows, live),
    )
    for route in module.routes.declared
]
