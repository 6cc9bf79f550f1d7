"""A process that delivers webhooks, for the tests that kill it: it kills itself at one step, or ends after some rounds.

Arguments: the database's URL, the step (or `none`), and by how many seconds its clock is ahead.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any

from agi_app.clock import Clock
from agi_app.store.webhooks import deliveries, endpoints
from agi_app.webhooks.delivery import Deliverer
from agi_app.webhooks.post import Poster
from tests.store.conftest import open_store

STEPS = ("spread", "spread done", "claim done", "post", "post done", "keep done", "well_again done")


class Ahead(Clock):
    """Real time, some seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._by = dt.timedelta(seconds=seconds)

    def real_now(self) -> dt.datetime:
        """Wall-clock time, ahead."""
        return super().real_now() + self._by


def dies(at: str, function: Callable[..., Awaitable[Any]], step: str) -> Callable[..., Awaitable[Any]]:
    """The function, or the end of this process before or after it; an empty answer is not yet the step."""

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)
        found = await function(*args, **kwargs)
        if step == f"{at} done" and (found or at == "well_again"):
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return wrapped


async def main(url: str, step: str, ahead: float) -> None:
    """Some rounds of a deliverer."""
    for module, name in (
        (deliveries, "spread"),
        (deliveries, "claim"),
        (deliveries, "keep"),
        (endpoints, "well_again"),
    ):
        setattr(module, name, dies(name, getattr(module, name), step))
    Poster.post = dies("post", Poster.post, step)  # type: ignore[method-assign, assignment]
    store, clock = await open_store(url), Ahead(ahead)
    async with Poster(clock, [ip_network("127.0.0.0/8")]) as poster:
        made = Deliverer(store, poster, clock, sender="test", keep_days=90)
        for _ in range(5):
            async with asyncio.TaskGroup() as group:
                await made.once(group)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
