"""What people hand in with what they ask for: when something was said, and a file that proves it."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.written_clock import NotATime
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.consent_file import parse_instant
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import t


@dataclass(frozen=True, slots=True)
class SaidAt:
    """When something was said; None: now. Messages call it by what was ``written``."""

    at: dt.datetime | None = None
    written: str = ""

    def by(self, now: dt.datetime) -> dt.datetime:
        """The time, at the latest ``now``; InputError for one in the future."""
        if self.at is not None and self.at > now:
            raise InputError(t("{written}: is in the future", written=self.written))
        return self.at or now


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that was handed in, and the name that it had."""

    name: str
    content: bytes


NOW = SaidAt()


def instant(option: str, text: str) -> dt.datetime | None:
    """A time in ISO 8601 with an offset, None for no text; InputError names the option."""
    try:
        return parse_instant(text) if text else None
    except NotATime as error:
        raise InputError(f"{option} {without_numbers(text)}: {error}") from None


def evidence(file: Path | None) -> Evidence | None:
    """A file as it is handed in. Blocks. Raises InputError."""
    try:
        return None if file is None else Evidence(file.name, read_evidence(file))
    except InputError as error:
        raise InputError(without_numbers(str(error))) from None


async def keep(inst: Installation, given: Evidence | None) -> tuple[bytes, str] | None:
    """Keep the file encrypted; returns the SHA-256 of its content, and its name."""
    if given is None:
        return None
    return await asyncio.to_thread(EvidenceFiles(inst.settings.data).keep, given.content), given.name
