"""Short ways to make an opened CSV table for the contacts tests."""

from __future__ import annotations

import io

from agi_app.contacts.tables.csv_table import Table
from agi_app.contacts.tables.opening import open_table

FILE = "list.csv"


def table(content: str | bytes, encoding: str = "utf-8") -> Table:
    """A table as if it had been opened from a file named list.csv."""
    raw = content.encode(encoding) if isinstance(content, str) else content
    return open_table(io.BytesIO(raw), FILE)
