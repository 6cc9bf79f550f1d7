"""Statistics of a quarter: calls, refusals, stops and complaints by campaign, trunk and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.operations.reporting import days
from agi_app.operations.reporting.table_requests import Add, TableFormat, WrittenTable, write_table
from agi_app.store.reporting import quarter as table
from agi_app.store.reporting.quarter import CountedRow

__all__ = ["CountedRow", "QuarterRequest", "quarter", "write_quarter"]
COLUMNS = ("quarter", "what", "campaign", "trunk", "reason", "number")


@dataclass(frozen=True, slots=True)
class QuarterRequest:
    """A quarter (``2026Q4``) by the days of a zone."""

    name: str
    zone: str = "UTC"


@reads(Scope.FIGURES_READ)
async def quarter(inst: Installation, asked: QuarterRequest) -> list[CountedRow]:
    """The figures of a quarter. Raises InputError, StoreError."""
    return await table.counted(inst.store, *days.span(*days.quarter(asked.name), asked.zone))


@noted(Scope.EXPORTS_MASKED, "quarter.export", "asked")
async def write_quarter(inst: Installation, asked: QuarterRequest, file: Path, form: TableFormat) -> WrittenTable:
    """Write them as a table. Raises as ``quarter``, and InputError for a file that cannot be written."""
    found = await table.counted(inst.store, *days.span(*days.quarter(asked.name), asked.zone))

    def cells() -> Sequence[Sequence[str]]:
        return [
            (asked.name, row.what, row.campaign or "", row.trunk or "", row.reason or "", str(row.number))
            for row in found
        ]

    async def fill(add: Add) -> None:
        await add(cells)

    return await write_table(file, form, COLUMNS, fill)
