"""What people hand in with what they ask for: when something was said, and a file that proves it."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from agi_app.authoring.written_clock import NotATime
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.consent_file import is_day, parse_instant
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.log import without_numbers
from agi_app.messages import t


@dataclass(frozen=True, slots=True)
class SaidAt:
    """When something was said; None: now. Messages call it by what was ``written``.

    ``until``: it was said by then, for of a day alone nobody knows more.
    """

    at: dt.datetime | None = None
    written: str = ""
    until: dt.datetime | None = None

    def by(self, now: dt.datetime) -> dt.datetime:
        """The time, at the latest ``now``; InputError for one in the future."""
        if self.at is not None and self.at > now:
            raise InputError(t("{written}: is in the future", written=self.written))
        return min(self.until or self.at or now, now)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that was handed in, and the name that it had."""

    name: str
    content: bytes


NOW = SaidAt()
ENDED_EVERYWHERE = dt.timedelta(hours=24 + 12)  # after the start of a day in UTC it is over at UTC-12, too


def instant(option: str, text: str) -> dt.datetime | None:
    """A time in ISO 8601 with an offset, None for no text; InputError names the option."""
    try:
        return parse_instant(text) if text else None
    except NotATime as error:
        raise InputError(f"{option} {without_numbers(text)}: {error}") from None


def refused_at(option: str, text: str) -> SaidAt:
    """When a refusal was said, as `instant` reads it; of a day alone its last moment, so no consent of it is later.

    InputError names the option.
    """
    at = instant(option, text)
    until = at + ENDED_EVERYWHERE if at is not None and is_day(text) else None
    return SaidAt(at, f"{option} {text}", until)


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
