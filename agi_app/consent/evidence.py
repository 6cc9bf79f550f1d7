"""Proof of consents and refusals (scans, recordings, mails): kept in the data folder, encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import name_fault, shortened
from agi_app.errors import InputError
from agi_app.file_kinds import no_such_file
from agi_app.messages import t, template
from agi_app.recordings.copies import Copies
from agi_app.recordings.files import RecordingFiles
from agi_app.sealed_files import SealedFiles

FOLDER = "evidence/consent"  # below the data folder
KEY_FILE = "evidence.key"
LARGEST = 50 * 1024 * 1024  # bytes of one file


class EvidenceFiles(SealedFiles):
    """The kept evidence of one installation; its hash is in the ledger."""

    def __init__(self, data_folder: Path) -> None:
        super().__init__(data_folder / FOLDER, data_folder / KEY_FILE, "evidence")


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """All files about people that an installation keeps, each kind encrypted."""

    evidence: EvidenceFiles
    recordings: RecordingFiles

    @classmethod
    def of(cls, data_folder: Path, console_folder: Path | None = None) -> KeptFiles:
        """Those of this data folder; with the console's folder copies there are removed, too."""
        copies = None if console_folder is None else Copies(console_folder)
        return cls(EvidenceFiles(data_folder), RecordingFiles(data_folder, copies))

    def faults(self) -> tuple[str, ...]:
        """The keys that do not open what they should, for people. Blocks."""
        return tuple(fault for kind in (self.evidence, self.recordings) if (fault := kind.fault()) is not None)


def read_evidence(file: Path, largest: int = LARGEST, what: str = template("evidence")) -> bytes:
    """The content of a file that somebody hands in as evidence; its name is kept, too. Blocks. Raises InputError."""
    if fault := name_fault(file.name):
        raise InputError(f"{shortened(file)}: {fault}")
    try:
        if not file.is_file():
            raise InputError(no_such_file(file))
        size = file.stat().st_size
        if not 0 < size <= largest:
            raise InputError(
                t(
                    "{file}: has {size} bytes; {what} has 1 byte to {largest} MB",
                    file=file,
                    size=size,
                    what=t(what),
                    largest=largest // 1024**2,
                )
            )
        return file.read_bytes()
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {strerror}", file=file, strerror=error.strerror)) from error
