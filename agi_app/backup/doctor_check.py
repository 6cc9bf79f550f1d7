"""What `agi-app doctor` says of backups: how old the last one is, and whether one failed since."""

from __future__ import annotations

import datetime as dt

from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.store.database.pool import Store
from agi_app.store.service import alerts

OLD = dt.timedelta(days=2)  # one each night, and one that was left out


async def look(store: Store, now: dt.datetime) -> list[Finding]:
    """One line; nothing is wrong with an installation that never made one: others may make them. Raises StoreError."""
    found = await alerts.backups(store)
    if found.has_failed and found.failed_at is not None:
        told = t("the last one, of {at:%Y-%m-%d %H:%M} UTC, failed", at=found.failed_at)
        return [Finding("backup", told, t("run `agi-app backup`, and read what it says"))]
    if found.made_at is None:
        return [Finding("backup", t("none was made by `agi-app backup`"))]
    told = t("the last one is of {at:%Y-%m-%d %H:%M} UTC", at=found.made_at)
    mend = t("run `agi-app backup` each night (docs/how-to/back-up.md)")
    return [Finding("backup", told, mend if now - found.made_at > OLD else "")]
