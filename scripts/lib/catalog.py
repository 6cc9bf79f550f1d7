"""Writes agi_app/store/database/catalog.txt: the schema that the migrations make, read back from a fresh PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from agi_app.clock import Clock
from agi_app.store.database import catalog
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store


async def described(url: str | None) -> str:
    """The text, from an empty database at ``url`` or from a server of our own."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(
            url, Path(folder), clock=Clock(), hash_number=lambda _: b"", fast=True, check_schema=False
        )
        try:
            await migrate(store)
            async with store.connection() as connection:
                return catalog.text_of(await catalog.describe(connection))
        finally:
            await store.close()


def main() -> int:
    """Write it; with --check only compare. A DATABASE_URL as argument: compare with what that (empty) server says."""
    urls = [argument for argument in sys.argv[1:] if argument != "--check"]
    text = asyncio.run(described(urls[0] if urls else None))
    if not urls and "--check" not in sys.argv:
        catalog.FILE.write_text(text, encoding="utf-8")
        return 0
    if text == (catalog.FILE.read_text(encoding="utf-8") if catalog.FILE.exists() else ""):
        return 0
    print(f"{catalog.FILE.name} is not what the migrations make: run scripts/catalog", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
