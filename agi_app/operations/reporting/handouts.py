"""The export for an outsider as one file: records, proof and verifier, to be checked with plain Python.

It has what hides each record's leaf (nonces), so it lies with the worker alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agi_app.atomic_files import cannot_be_written, replacing
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.operations.reporting.table_requests import WrittenTable
from agi_app.operations.service import audit
from agi_app.reports.table_files import sha256_of
from agi_app.store.calling.campaigns import option_names_one


class Archive(StrEnum):
    """The format of a folder that is handed out."""

    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class HandoutRequest:
    """Calls and decisions of a span of real time, of a campaign or of all; None: without an end."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    campaign: str | None = None

    @property
    def name(self) -> str:
        """For the note of who asked for what."""
        return f"audit export {self.campaign or ''}".strip()


@reads(Scope.EXPORTS_WHOLE)
async def check(inst: Installation, asked: HandoutRequest) -> None:
    """Raises InputError for a campaign that there is not, StoreError."""
    await option_names_one(inst.store, asked.campaign)


@reads(Scope.EXPORTS_WHOLE)
async def write_handout(inst: Installation, asked: HandoutRequest, file: Path, form: Archive) -> WrittenTable:
    """Export (which is noted), and put the folder into one file. Raises InputError, ConfigError, StoreError."""
    folder = file.with_suffix("")
    made = await audit.export(
        inst,
        folder,
        since=asked.since,
        until=asked.until,
        campaign=asked.campaign,
        reason=asked.name,
        progress=lambda _done, _total: None,
    )
    try:
        digest = await asyncio.to_thread(pack, folder, file, form)
    except OSError as error:
        raise cannot_be_written(file, error, "the export ") from error
    return WrittenTable(file, sum(made.counts.values()), digest)


def pack(folder: Path, file: Path, form: Archive) -> str:
    """One file in place of the folder; its SHA-256. Blocks. Raises OSError."""
    packed = Path(shutil.make_archive(str(folder), form.value, folder))
    with replacing(file) as part:
        packed.replace(part)
    shutil.rmtree(folder)
    return sha256_of(file)
