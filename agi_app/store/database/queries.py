"""Loads the named SQL queries of ``ROOM/NAME.sql``, which are beside the modules that ask them.

A query starts at a line ``-- name: the_name`` and ends at the next one, so that SQL stays SQL:
it can be read, linted and pasted into psql. ``{NAME}`` in it is a condition of ``database/conditions.sql``.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1]
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_CONDITION = re.compile(r"\{(\w+)\}")  # what is none stays: the module that asks the query has its own word for it


def load(file: str) -> dict[str, str]:
    """All queries of ``store/<file>.sql`` by name (``calling/claims``); raises ValueError for a name given twice."""
    return {name: _CONDITION.sub(_condition, query) for name, query in _read(file).items()}


def _condition(found: re.Match[str]) -> str:
    return f"({_CONDITIONS[found[1]]})" if found[1] in _CONDITIONS else found[0]


def _read(file: str) -> dict[str, str]:
    parts = _NAME.split((FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in found:
            raise ValueError(f"store/{file}.sql: query {name} is there twice")
        found[name] = text.strip()
    return found


_CONDITIONS = _read("database/conditions")
