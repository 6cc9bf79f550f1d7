"""Who imported which file, and when: each import of contacts, consents, stops and lists, with the file's SHA-256."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.reporting.days import span
from agi_app.operations.reporting.table_requests import Add, TableFormat, WrittenTable, write_table
from agi_app.store.people import imported_files as table
from agi_app.store.people.imported_files import KINDS, ImportRow

__all__ = ["KINDS", "ImportRow", "ImportsRequest", "imports", "write_imports"]
COLUMNS = (
    *("local_time", "kind", "file", "sha256", "about", "account", "os_user"),
    *("rows", "rejected", "added", "updated", "unchanged", "finished", "import", "from_campaign", "condition"),
)
ALWAYS = (dt.date(1970, 1, 1), dt.date(9000, 1, 1))


@dataclass(frozen=True, slots=True)
class ImportsRequest:
    """Imports that began on these days of a zone, of some kinds or of all."""

    since: dt.date = ALWAYS[0]
    until: dt.date = ALWAYS[1]  # the last day
    zone: str = "UTC"
    kinds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For the note of who exported what."""
        return f"{self.since} to {self.until}, {self.zone}"


@reads(Scope.PEOPLE_READ)
async def imports(inst: Installation, asked: ImportsRequest) -> list[ImportRow]:
    """The imports, the oldest first. Raises InputError for days that cannot be, StoreError."""
    begin, end = span(asked.since, asked.until, asked.zone)
    return [row async for some in table.listed(inst.store, begin, end, asked.kinds) for row in some]


@noted(Scope.EXPORTS_MASKED, "imports.export", "asked")
async def write_imports(inst: Installation, asked: ImportsRequest, file: Path, form: TableFormat) -> WrittenTable:
    """Write them as a table. Raises as ``imports``, and InputError for a file that cannot be written."""
    begin, end = span(asked.since, asked.until, asked.zone)

    async def fill(add: Add) -> None:
        async for some in table.listed(inst.store, begin, end, asked.kinds):
            await add(partial(_cells, some, ZoneInfo(asked.zone)))

    return await write_table(file, form, COLUMNS, fill)


def _cells(some: Sequence[ImportRow], zone: dt.tzinfo) -> Sequence[Sequence[str]]:
    return [
        (
            *(row.at.astimezone(zone).isoformat(" ", "seconds"), row.kind, row.name, row.sha256, row.about or ""),
            *(row.account, row.os_user or "", str(row.rows), str(row.rejected), str(row.added), str(row.updated)),
            *(str(row.unchanged), "yes" if row.finished else "no", str(row.import_id)),
            *(row.from_campaign or "", row.condition or ""),
        )
        for row in some
    ]
