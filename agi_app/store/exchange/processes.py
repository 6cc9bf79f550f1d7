"""Which processes exchange data with the systems of others: their signs of life, and what is wrong with their work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import as_json, load_queries

Q = load_queries("exchange/processes")
ALIVE = dt.timedelta(seconds=30)  # a process says each five seconds that it lives


@dataclass(frozen=True, slots=True)
class ExchangeProcess:
    """One that runs: its host and number, when it last said so, and each work that fails with why."""

    process: str
    seen_at: dt.datetime
    faults: dict[str, str]


async def beat(store: Store, process: str, faults: Mapping[str, str]) -> None:
    """This process lives. Raises StoreError."""
    await store.execute(Q["beat"], {"process": process, "faults": as_json(dict(faults))})


async def sign_off(store: Store, process: str) -> None:
    """This process ends. Raises StoreError."""
    await store.execute(Q["sign_off"], {"process": process})


async def alive(store: Store) -> list[ExchangeProcess]:
    """Those that live. Raises StoreError."""
    return await store.rows(ExchangeProcess, Q["alive"], {"alive": ALIVE})
