"""A complaint with all evidence and its proof as one file, for who asks for it by a page.

It shows whole numbers and recordings, so it lies with the worker alone, and `agi-app report job` fetches it there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import cannot_be_written
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.operations.people import complaints
from agi_app.operations.reporting.handouts import Archive, pack
from agi_app.operations.reporting.table_requests import WrittenTable


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """Which complaint, what for, and the language of its story."""

    case: int
    reason: str
    language: str = "en"

    @property
    def name(self) -> str:
        """For the note of who asked for what."""
        return f"complaint {self.case}"


@reads(Scope.EXPORTS_WHOLE)
async def check(inst: Installation, asked: CaseRequest) -> None:
    """Raises InputError when there is no such complaint, or its person was erased, StoreError."""
    seen = await complaints.show(inst, asked.case)
    if seen.row.erased_at is not None:
        told = "complaint {complaint_id}: its person was erased, and what was said with them"
        raise InputError(t(told, complaint_id=asked.case))


@reads(Scope.EXPORTS_WHOLE)
async def write_case(inst: Installation, asked: CaseRequest, file: Path, form: Archive) -> WrittenTable:
    """Export (which is noted), and put the folder into one file. Raises InputError, ConfigError, StoreError."""
    folder = file.with_suffix("")
    made = await complaints.export(inst, asked.case, folder, language=asked.language, reason=asked.reason)
    try:
        digest = await asyncio.to_thread(pack, folder, file, form)
    except OSError as error:
        raise cannot_be_written(file, error, "the export ") from error
    return WrittenTable(file, len(made.files), digest)
