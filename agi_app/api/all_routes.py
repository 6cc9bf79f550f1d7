"""Every route below /api/v1. What is not here does not exist, and none of it places a call."""

from __future__ import annotations

from agi_app.api.resources import (
    asks,
    calls,
    campaigns,
    contacts,
    flows,
    jobs,
    live,
    people,
    records,
    service,
    stops,
    webhooks,
)

ROUTES = [
    route
    for module in (service, campaigns, contacts, people, calls, records, stops, asks, jobs, webhooks, flows, live)
    for route in module.routes.declared
]
