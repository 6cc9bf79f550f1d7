"""Alerts: what is wrong now, whom it was told to, and whether telling works (docs/how-to/monitor.md)."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.alerts import words
from agi_app.alerts.watch import send
from agi_app.errors import ConfigError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.service import alerts
from agi_app.store.service.alerts import AlertNotice, AlertRow

__all__ = ["AlertRow", "TriedChannel", "shown", "title", "try_all"]

title = words.title


@dataclass(frozen=True, slots=True)
class TriedChannel:
    """How a test by one channel went."""

    channel: str  # command | mail
    fault: str | None  # in words; None: it was told


@reads(Scope.FIGURES_READ)
async def shown(inst: Installation) -> list[AlertRow]:
    """What is wrong now, then what ended within seven days. Raises StoreError."""
    return await alerts.shown(inst.store)


@noted(Scope.SERVICE_MANAGE, "alerts test")
async def try_all(inst: Installation) -> list[TriedChannel]:
    """Tell a test by each channel of the settings, from this process. Raises ConfigError when there is none."""
    if not (channels := inst.settings.alerts.channels):
        raise ConfigError(
            t("[alerts] names nobody: set command, or mail_to with mail_host and mail_from (docs/how-to/monitor.md)")
        )
    now = inst.clock.real_now()
    tries = [AlertNotice(0, name, words.TEST, 1, 0, words.TEST, "", {}, now, None) for name in channels]
    return [TriedChannel(one.channel, await send(inst.settings, one)) for one in tries]
