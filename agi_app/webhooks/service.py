"""One process that delivers, until SIGINT or SIGTERM; a second signal cuts off what is on its way."""

from __future__ import annotations

import asyncio
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.webhooks import WebhookSettings
from agi_app.event_loop import told_to_end
from agi_app.messages import template
from agi_app.service_manager import ServiceManager, served
from agi_app.store.database.pool import Store
from agi_app.webhooks.delivery import Deliverer
from agi_app.webhooks.post import Poster

NAME_LOOK_UPS = 64  # at once: one that hangs holds a thread for seconds
DELIVERS = template("events are delivered")
_log = log.get("webhooks")


async def deliver(store: Store, clock: Clock, settings: WebhookSettings, manager: ServiceManager) -> None:
    """Deliver until told to end. Raises ConfigError, StoreError when it cannot begin."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(NAME_LOOK_UPS, "names"))
    sender = f"{platform.node()} {os.getpid()}"
    async with Poster(clock, settings.networks, ca_file=settings.ca_file) as poster:
        deliverer = Deliverer(store, poster, clock, sender=sender, keep_days=settings.keep_days)
        _log.info(DELIVERS, sender=sender)
        me = asyncio.current_task()
        with told_to_end(me.cancel if me else bool) as told, suppress(asyncio.CancelledError):
            async with served(manager, told, DELIVERS):
                await deliverer.run(told)
    _log.info("the end")
