"""What `agi-app doctor` says of the exchange with an office's systems."""

from __future__ import annotations

import datetime as dt

from agi_app.config.settings import Settings
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.finding import Finding
from agi_app.printable import count_of
from agi_app.store.database.pool import Store
from agi_app.store.exchange import processes, results


async def look(store: Store, settings: Settings, now: dt.datetime) -> list[Finding]:
    """How many processes exchange, each work of them that fails, and how each results target fares.

    None where nothing was set up. Times are real time.
    """
    return [*await _processes(store, settings), *await _targets(store, settings, now)]


async def _processes(store: Store, settings: Settings) -> list[Finding]:
    set_up = settings.exchange.database_url or settings.exchange_folder.exists()
    if not set_up and not settings.results:
        return []
    running = await processes.alive(store)
    if not running:
        fix = t("start `agi-app exchange`") if set_up else t("run `agi-app exchange setup`, start `agi-app exchange`")
        return [Finding("exchange", t("no process exchanges data"), fix)]
    found = [Finding("exchange", t("{number} running", number=count_of(len(running), "process", "processes")))]
    for one in running:
        for work, fault in one.faults.items():
            told = t("{process}, {work}: {fault}", process=one.process, work=work, fault=retold(fault))
            found.append(Finding("exchange", told, t("see the message")))
    return found


async def _targets(store: Store, settings: Settings, now: dt.datetime) -> list[Finding]:
    known = {row.target: row for row in await results.targets(store, now)}
    found = []
    for name, target in sorted(settings.results.items()):
        row = known.get(name)
        if row is None or row.removed_at is not None or set(row.campaigns) != set(target.campaigns):
            told = t("results.{name}: the workers do not know it as agi-app.toml says it", name=name)
            found.append(Finding("exchange", told, t("restart `agi-app run`")))
        elif row.failing_since is not None:
            told = "results.{name}: nothing was sent since {at:%Y-%m-%d %H:%M} UTC, {waiting} waiting: {why}"
            why = retold(row.fault or "")
            told = t(told, name=name, at=row.failing_since, waiting=row.waiting, why=why)
            found.append(Finding("exchange", told, t("see the message")))
        if row is not None and row.failed:
            told = t("results.{name}: {number} given up", name=name, number=count_of(row.failed, "result"))
            found.append(Finding("exchange", told, f"agi-app results log --state failed {name}"))
    return found
