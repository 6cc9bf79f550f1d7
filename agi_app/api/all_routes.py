"""Every route below /api/v1. What is not here does not exist, and none of it places a call."""

from __future__ import annotations

from agi_app.api.resources import campaigns, flows, service, stops

ROUTES = [route for module in (service, campaigns, stops, flows) for route in module.routes.declared]
