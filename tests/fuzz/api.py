"""``scripts/fuzz api``: generated requests to a served API with people in it, held against its document."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from agi_app.store.database import embedded
from tests.api.generated import Tried, explore
from tests.api.site import served
from tests.store.conftest import Cluster, open_store

DATABASE = "fuzz"
SHOWN = 20  # faults


def run(cases: int, seed: int, only: int | None) -> int:
    """Exit status 1 when an answer was not as the document says, a fault of ours, or an operation never succeeded."""
    if only is not None:
        print("api: --only is not known here; the same --seed makes the same requests", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.acquire(Path(folder) / "cluster", fast=True)
        try:
            cluster = Cluster(server)
            cluster.run(f"CREATE DATABASE {DATABASE}")
            asyncio.run(_migrated(cluster.url(DATABASE)))
            cluster.run("ALTER ROLE agi_app_console LOGIN")
            with served(Path(folder) / "clinic", cluster.url(DATABASE)) as site:
                return _tell(explore(site, cases, seed, _progress))
        finally:
            server.release()


async def _migrated(url: str) -> None:
    from agi_app.store.database.migrate import migrate

    store = await open_store(url, check_schema=False)
    await migrate(store)
    await store.close()


def _progress(cases: int) -> None:
    print(f"\r{cases} requests", end="", file=sys.stderr, flush=True)


def _tell(tried: Tried) -> int:
    print(file=sys.stderr)
    for fault in tried.faults[:SHOWN]:
        print(fault)
    for name in tried.never_done:
        print(f"{name}: no request succeeded")
    print(
        f"{tried.cases} requests: {tried.share(200, 300):.0%} done, {tried.share(400, 500):.0%} refused,"
        f" {tried.share(500, 600):.2%} faults of the server; {len(tried.faults)} answers not as the document says"
    )
    return 1 if tried.faults or tried.never_done or tried.share(500, 600) else 0
