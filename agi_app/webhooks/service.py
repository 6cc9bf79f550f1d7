"""One process that delivers, until SIGINT or SIGTERM; a second signal cuts off what is on its way."""

from __future__ import annotations

import asyncio
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from agi_app import log
from agi_app.changed_settings import BY_DELIVERY, taken_over
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.config.webhooks import WebhookSettings
from agi_app.event_loop import alongside, pass_on, told_to_end
from agi_app.messages import template
from agi_app.service_manager import ServiceManager, served
from agi_app.settings_again import SettingsAgain
from agi_app.store.database.pool import Store
from agi_app.webhooks.delivery import Deliverer
from agi_app.webhooks.post import Poster

NAME_LOOK_UPS = 64  # at once: one that hangs holds a thread for seconds
DELIVERS = template("events are delivered")
_log = log.get("webhooks")


async def deliver(store: Store, clock: Clock, settings: Settings, manager: ServiceManager) -> None:
    """Deliver until told to end; SIGHUP reads the settings again. Raises ConfigError, StoreError."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(NAME_LOOK_UPS, "names"))
    over = asyncio.Event()

    async def take(new: Settings) -> Settings:
        holds = taken_over(again.settings, new, BY_DELIVERY)
        await asyncio.to_thread(Poster, clock, holds.webhooks.networks, ca_file=holds.webhooks.ca_file)  # or a fault
        over.set()
        return holds

    again = SettingsAgain(settings, take, manager, clock)
    me = asyncio.current_task()
    with told_to_end(me.cancel if me else bool, again.ask) as told, suppress(asyncio.CancelledError):
        async with served(manager, told, DELIVERS), alongside(again.run(), pass_on(told, over)):
            while not told.is_set():
                over.clear()
                await _deliver(store, clock, again.settings.webhooks, over)
    _log.info("the end")


async def _deliver(store: Store, clock: Clock, settings: WebhookSettings, over: asyncio.Event) -> None:
    sender = f"{platform.node()} {os.getpid()}"
    async with Poster(clock, settings.networks, ca_file=settings.ca_file) as poster:
        deliverer = Deliverer(store, poster, clock, sender=sender, keep_days=settings.keep_days)
        _log.info(DELIVERS, sender=sender)
        await deliverer.run(over)
