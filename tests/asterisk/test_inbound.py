"""A call into our number while a worker is connected goes on in the dialplan; nobody is left in silence."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from agi_app.clock import Clock
from agi_app.errors import AgiAppError
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.event_router import Router
from agi_app.pbx.inbound_calls import CONTEXT, Arrival, Inbound
from agi_app.pbx.reconcile import reconcile
from sandbox.asterisk import Asterisk
from tests.asterisk.client import connected, settings_of

pytestmark = pytest.mark.asterisk
_serial = itertools.count(1)


def number() -> str:
    """A number of ours that nobody else uses."""
    return f"+9998621555{next(_serial):05d}"


async def comes_in(asterisk: Asterisk, called: str) -> None:
    """Somebody calls that number: the dialplan gets it as from a trunk."""
    await asyncio.to_thread(asterisk.cli, "module load res_clioriginate.so")
    await asyncio.to_thread(asterisk.cli, f"channel originate Local/{called}@agi-app-from-trunk/n application Wait 20")


async def contexts(asterisk: Asterisk, called: str) -> set[str]:
    """Where in the dialplan the calls to that number are now, with the application that they are in."""
    lines = (await asyncio.to_thread(asterisk.cli, "core show channels concise")).splitlines()
    fields = [line.split("!") for line in lines if called in line]
    return {f"{f[1]} {f[5]}" for f in fields if len(f) > 5 and f[0].endswith(";2")}


async def until(asterisk: Asterisk, called: str, true: Callable[[set[str]], bool]) -> set[str]:
    """Wait until it is so where the call is; fails after five seconds."""
    found: set[str] = set()
    for _ in range(100):
        found = await contexts(asterisk, called)
        if true(found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"the call to {called} is in {found or 'nothing'}")


def goes_on(found: set[str]) -> bool:
    """The call is in the fail-open part of the dialplan."""
    return any(place.startswith(CONTEXT) for place in found)


async def nobody_serves(_: Arrival) -> str | None:
    return "no line is served here"


@asynccontextmanager
async def worker(asterisk: Asterisk) -> AsyncIterator[Ari]:
    """The parts of `agi-app run` that take calls, joined as it does."""
    inbound = Inbound()
    router = Router(None, inbound.take)

    async def prepare(ari: Ari) -> None:
        await reconcile(ari, router)
        await inbound.collect(ari)

    ari = Ari(settings_of(asterisk), Clock(), on_event=router.handle, prepare=prepare)
    with contextlib.suppress(AgiAppError):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ari.run()), group.create_task(inbound.run(ari, nobody_serves))]
            await ari.connected(5)
            yield ari
            for task in tasks:
                task.cancel()


async def test_a_call_while_a_worker_is_connected_goes_on_in_the_dialplan(asterisk: Asterisk) -> None:
    called = number()
    async with worker(asterisk):
        await comes_in(asterisk, called)
        await until(asterisk, called, goes_on)
        await until(asterisk, called, lambda found: not found)  # told to call later, then ended


async def test_a_call_while_no_worker_is_connected_goes_on_too(asterisk: Asterisk) -> None:
    called = number()
    await comes_in(asterisk, called)
    await until(asterisk, called, goes_on)


async def test_a_caller_that_waits_since_before_the_worker_connected_is_not_forgotten(asterisk: Asterisk) -> None:
    """A worker took the call and died in that moment; the next one finds it."""
    called = number()
    async with connected(settings_of(asterisk)):  # this one does nothing with calls that come in
        await comes_in(asterisk, called)
        await until(asterisk, called, lambda found: any("Stasis" in place for place in found))
    async with worker(asterisk):
        await until(asterisk, called, goes_on)
