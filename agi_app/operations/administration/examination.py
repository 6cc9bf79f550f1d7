"""What is wrong here, as far as the database shows it: those lines of `agi-app doctor`, for who has no shell.

What only the node can see (Asterisk, trunks, the project's files, keys) `agi-app doctor` looks at there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from agi_app.backup import doctor_check as backups
from agi_app.exchange import doctor_check as exchange
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.actors import Scope
from agi_app.model.finding import Finding
from agi_app.operations.acting import reads
from agi_app.store.calling import nodes
from agi_app.store.ledger import audit
from agi_app.store.service import figures
from agi_app.webhooks import doctor_check as webhooks

__all__ = ["Examination", "Finding", "examine"]
BEHIND = dt.timedelta(minutes=1)  # a worker signs each second


@dataclass(frozen=True, slots=True)
class Examination:
    """What was looked at, and what this installation is."""

    findings: Sequence[Finding]
    version: str
    schema: int  # the newest migration


@reads(Scope.FIGURES_READ)
async def examine(inst: Installation) -> Examination:
    """Look at what the database has. Raises StoreError."""
    now = inst.clock.real_now()
    found = [*await _workers(inst), *await _signed(inst, now), *await backups.look(inst.store, now)]
    found += await webhooks.look(inst.store, now)
    with contextlib.suppress(OSError):  # a folder that this process may not enter
        found += await exchange.look(inst.store, inst.settings, now)
    return Examination(found, metadata.version("agi-app"), await figures.schema(inst.store))


async def _workers(inst: Installation) -> list[Finding]:
    alive = [one for one in await nodes.all_nodes(inst.store) if one.alive]
    if not alive:
        return [Finding("worker", t("no worker is running"), t("start `agi-app run`"))]
    return [
        Finding(
            "worker",
            f"{one.name}: {retold(one.waiting_reason) if one.waiting_reason else t('dials')}",
            t("see its log") if one.waiting_reason else "",
        )
        for one in alive
    ]


async def _signed(inst: Installation, now: dt.datetime) -> list[Finding]:
    note = await audit.last_checkpoint(inst.store)
    times = [line.removeprefix("time ") for line in (note or "").split("\n") if line.startswith("time ")]
    if not times:
        return [Finding("audit", t("nothing is signed yet"))]
    at = dt.datetime.fromisoformat(times[0])
    text = t("the records are signed up to {at:%Y-%m-%d %H:%M:%S} UTC", at=at.astimezone(dt.UTC))
    working = any(one.alive for one in await nodes.all_nodes(inst.store))
    return [Finding("audit", text, t("see the worker's log") if working and now - at > BEHIND else "")]
