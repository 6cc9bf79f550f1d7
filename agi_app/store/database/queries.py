"""Loads the named SQL queries of ``ROOM/NAME.sql``, which stand beside the modules that ask them.

A query starts at a line ``-- name: the_name`` and ends at the next one, so that SQL stays SQL:
it can be read, linted and pasted into psql.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1]
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load(file: str) -> dict[str, str]:
    """All queries of ``store/<file>.sql`` by name (``calling/claims``); raises ValueError for a name given twice."""
    parts = _NAME.split((FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"store/{file}.sql: query {name} is there twice")
        found[name] = text.strip()
    return found
