"""How what was asked of a worker ended: a page waits for it a little, since mostly that takes no second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agi_app.installation import Installation

T = TypeVar("T")
WITHIN_S, EVERY_S = 3.0, 0.1


async def ended(inst: Installation, look: Callable[[], Awaitable[T]], over: Callable[[T], bool]) -> T:
    """Look until it is over, at most ``WITHIN_S``; what was seen last. Raises what ``look`` raises."""
    until = inst.clock.monotonic() + WITHIN_S
    while not over(found := await look()) and inst.clock.monotonic() < until:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(EVERY_S)
    return found
