"""What the worker's event loop (uvloop) is spared, and work beside it: collections of garbage, ends, threads."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import copy_context
from typing import Any, TypeVar

from agi_app.errors import first_of_ours

T = TypeVar("T")
ASK_AGAIN_S = 1.0
ROUNDED_S = 0.001
GIVES_WAY = 5  # steps of niceness: a third of the time of a worker that wants all of it
YOUNG = 5_000  # new objects before those are looked through; 700 took 2 % of a busy worker's time


def spare_collections() -> None:
    """Take what is there now, a started worker's code and tables, out of all later garbage collections.

    Looking through those hundred thousand objects stopped every call for 30 to 100 ms, at moments of its own choice.
    And look for garbage less often: of what a call leaves, little hangs in circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def give_way() -> None:
    """Let other processes go first from now on when all processors are busy: calls cannot wait, this can."""
    with suppress(OSError):  # a limit of this user
        os.nice(GIVES_WAY)


def call_once_over(when: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
    """Call when the loop's clock has passed ``when``, never a moment before.

    uvloop rounds to whole milliseconds. Who is called early and asks again is called at once, up to a hundred times
    until the clock has gone on: a tenth of a busy worker's time.
    """
    return asyncio.get_running_loop().call_at(when + ROUNDED_S, callback)


async def end_all(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait; a library may swallow a cancellation (Python before 3.12), so ask again."""
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        _, ending = await asyncio.wait(ending, timeout=ASK_AGAIN_S)


@asynccontextmanager
async def alongside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these as long as the block goes on; a fault in one of them ends it, and the fault to show is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as faults:
        raise first_of_ours(faults) from faults


async def pass_on(event: asyncio.Event, to: asyncio.Event) -> None:
    """Set the second once the first is set."""
    await event.wait()
    to.set()


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait that long at most; whether the event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def in_background(work: Callable[..., T], *arguments: Any) -> T:
    """What ``work(*arguments)`` returns, done in a thread that nobody waits for when we are cancelled.

    The thread has our context variables, such as the language.

    ``asyncio.to_thread`` holds the end of the program up until the thread is done: a Ctrl-C during a long read of a
    file, or of a pipe in which nothing comes, would not be heard.
    """
    future: Future[T] = Future()
    context = copy_context()
    future.set_running_or_notify_cancel()  # who no longer waits for it does not cancel it

    def run() -> None:
        try:
            future.set_result(context.run(work, *arguments))
        except BaseException as error:  # noqa: BLE001 - goes to who waits for it
            future.set_exception(error)

    threading.Thread(target=run, name="in background", daemon=True).start()
    return await asyncio.wrap_future(future)


@contextmanager
def told_to_end(again: Callable[[], object], read_again: Callable[[], object] | None = None) -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one calls ``again``, and each SIGHUP ``read_again``.

    A process with a terminal gets SIGHUP when that goes away: there it means the end, too.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        if told.is_set():
            again()
        told.set()

    handlers: dict[int, Callable[[], object]] = dict.fromkeys((signal.SIGINT, signal.SIGTERM), tell)
    if read_again is not None:
        handlers[signal.SIGHUP] = tell if os.isatty(0) or os.isatty(2) else read_again
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield told
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
