"""The process `agi-app exchange`: it does each of its works over and over, until SIGINT or SIGTERM.

A work that fails is tried again and takes no other one down. The process knows neither Asterisk nor a key; whatever
moment it is killed at, what it had not finished is done again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.errors import AgiAppError, StoreError
from agi_app.event_loop import alongside, give_way, happens_within, pass_on, told_to_end
from agi_app.exchange.feed_reader import FeedReader
from agi_app.exchange.results_work import ResultsWork
from agi_app.messages import template
from agi_app.service_manager import ENDING, ServiceManager
from agi_app.settings_again import SettingsAgain
from agi_app.store.database.pool import Store
from agi_app.store.exchange import processes

AGAIN_S, LOOK_EVERY_S, ROUND_S = 1.0, 1.0, 0.05  # to reach the database; between rounds, the longest and the shortest
AFTER_A_FAULT_S, BEAT_EVERY_S = 5.0, 5.0
LAST_S = 10.0  # for a round that goes on at the end
WAITS, EXCHANGES = template("the exchange waits for the database"), template("data is exchanged")
_log = log.get("exchange")


class ExchangeParts(Protocol):
    """What the works are made of: the settings, agi-app's database as the exchange's role, and rules time."""

    @property
    def settings(self) -> Settings:
        """Of the project."""

    @property
    def store(self) -> Store:
        """Open."""

    @property
    def clock(self) -> Clock:
        """Rules time."""


class ExchangeWork(Protocol):
    """A part of what the process does. Its ``name`` is a word for logs and for doctor."""

    @property
    def name(self) -> str:
        """A word for logs and for doctor."""

    async def once(self) -> bool:
        """One round; True: there may be more at once. May be cut off anywhere. Raises what it likes."""


def works_of(parts: ExchangeParts) -> list[ExchangeWork]:
    """What the settings give to do."""
    settings, reader = parts.settings, f"{platform.node()} {os.getpid()}"
    feeds = [FeedReader(settings.project, parts.store, parts.clock, name, reader) for name in sorted(settings.feeds)]
    return [*feeds, *(ResultsWork(name, settings, parts.store, parts.clock) for name in sorted(settings.results))]


Opened = Callable[[Settings], AbstractAsyncContextManager[ExchangeParts]]


async def exchange(opened: Opened, settings: Settings, manager: ServiceManager) -> None:
    """Exchange until told to end; a second signal cuts off what goes on. ``opened`` opens the database each time.

    SIGHUP reads the settings again: rounds that go on end, and all begins again with them.

    Raises ConfigError when it was not set up, SafetyError for another project's database.
    """
    give_way()
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # each try to connect again; we say it once
    me = asyncio.current_task()
    over = asyncio.Event()

    async def take(new: Settings) -> Settings:
        over.set()
        return new

    again = SettingsAgain(settings, take, manager)
    with told_to_end(me.cancel if me else bool, again.ask) as told, suppress(asyncio.CancelledError):
        status = manager.keep_told(lambda: ENDING if told.is_set() else manager.does)
        async with alongside(status, again.run(), pass_on(told, over)):
            while not told.is_set():
                over.clear()
                await _once_it_answers(opened, again, over, manager)
    manager.end(ENDING)
    _log.info("the end")


async def _once_it_answers(opened: Opened, again: SettingsAgain, over: asyncio.Event, manager: ServiceManager) -> None:
    """Exchange until it is over, when the database answers; waiting for it is part of the work."""
    while not over.is_set():
        try:
            async with opened(again.settings) as parts:
                manager.begin(EXCHANGES)
                await run(works_of(parts), parts.store, over)
        except StoreError as error:
            if manager.does != WAITS:
                _log.warning(WAITS, error=str(error))
                manager.begin(WAITS)
        await happens_within(over, AGAIN_S)


async def run(works: Sequence[ExchangeWork], store: Store, told: asyncio.Event) -> None:
    """Do all of them until ``told`` is set; then rounds that go on get some seconds."""
    process, faults = f"{platform.node()} {os.getpid()}", dict[str, str]()
    _log.info(EXCHANGES, process=process, works=[work.name for work in works])
    if not works:
        _log.warning("agi-app.toml has no [feeds.NAME] and no [results.NAME]: there is nothing to do")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_over_and_over(work, faults, told)) for work in works]
        tasks.append(group.create_task(_alive(store, process, faults, told)))
        await told.wait()
        _, late = await asyncio.wait(tasks, timeout=LAST_S)
        for task in late:
            task.cancel()
    with suppress(StoreError):
        await processes.sign_off(store, process)


async def _over_and_over(work: ExchangeWork, faults: dict[str, str], told: asyncio.Event) -> None:
    while not told.is_set():
        await happens_within(told, await _round(work, faults))


async def _round(work: ExchangeWork, faults: dict[str, str]) -> float:
    """Seconds until the next one. A fault is logged when it begins, and when it is another one."""
    try:
        busy = await work.once()
    except AgiAppError as error:
        if faults.get(work.name) != str(error):
            _log.error("a work of the exchange fails; it is tried again", work=work.name, error=str(error))
        faults[work.name] = str(error)
        return AFTER_A_FAULT_S
    except Exception as error:  # noqa: BLE001 - one work must not stop all others
        _log.exception("a fault in agi-app; the work is tried again", work=work.name)
        faults[work.name] = f"a fault in agi-app: {type(error).__name__}"
        return AFTER_A_FAULT_S
    if faults.pop(work.name, None) is not None:
        _log.info("a work of the exchange is well again", work=work.name)
    return ROUND_S if busy else LOOK_EVERY_S


async def _alive(store: Store, process: str, faults: dict[str, str], told: asyncio.Event) -> None:
    while not told.is_set():
        with suppress(StoreError):  # the works say that it is away
            await processes.beat(store, process, faults)
        await happens_within(told, BEAT_EVERY_S)
