"""What `agi-app doctor` says of the exchange with an office's systems."""

from __future__ import annotations

from agi_app.config.settings import Settings
from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.model.finding import Finding
from agi_app.printable import count_of
from agi_app.store.database.pool import Store
from agi_app.store.exchange import processes


async def look(store: Store, settings: Settings) -> list[Finding]:
    """How many processes exchange, and each work of them that fails; none where nothing was set up."""
    if not settings.exchange.database_url and not settings.exchange_folder.exists():
        return []
    running = await processes.alive(store)
    if not running:
        return [Finding("exchange", t("no process exchanges data"), t("start `agi-app exchange`"))]
    found = [Finding("exchange", t("{number} running", number=count_of(len(running), "process", "processes")))]
    for one in running:
        for work, fault in one.faults.items():
            told = t("{process}, {work}: {fault}", process=one.process, work=work, fault=retold(fault))
            found.append(Finding("exchange", told, t("see the message")))
    return found
