"""What `agi-app doctor` says of webhooks."""

from __future__ import annotations

import datetime as dt

from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.printable import count_of
from agi_app.store.database.pool import Store
from agi_app.store.webhooks import endpoints as stored


async def look(store: Store, now: dt.datetime) -> list[Finding]:
    """One line for all endpoints, and one for each that is failing or was disabled; none without endpoints."""
    found = await stored.endpoints(store, now)
    if not found:
        return []
    enabled = [one for one in found if one.enabled]
    told = t("{enabled} of {all} enabled", enabled=len(enabled), all=count_of(len(found), "endpoint"))
    lines = [Finding("webhooks", told)]
    if enabled and not await stored.sender_alive(store):
        lines = [Finding("webhooks", t("no process delivers events"), t("start `agi-app deliver`"))]
    for one in found:
        if not one.enabled and one.disabled_why != "by hand":
            why = t("it failed for three days") if one.disabled_why == "failed" else t("it answered 410")
            told = t("endpoint {id} is disabled: {why}", id=one.endpoint_id, why=why)
            lines.append(Finding("webhooks", told, f"agi-app webhook enable {one.endpoint_id}"))
        elif one.enabled and one.failing_since is not None:
            told = t("endpoint {id} fails since {at:%Y-%m-%d %H:%M} UTC", id=one.endpoint_id, at=one.failing_since)
            lines.append(Finding("webhooks", told, f"agi-app webhook deliveries --endpoint {one.endpoint_id}"))
    return lines
