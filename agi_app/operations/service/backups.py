"""One file with the whole installation: make it, make an installation of it again, and the keys that open it.

Every backup is restored for a trial before it gets its name. What was done is in the audit, in the copy, too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from agi_app.atomic_files import cannot_be_written, make_private, write_new, write_whole
from agi_app.audit.findings import AuditFinding, AuditReport
from agi_app.backup import making, restoring
from agi_app.backup.age_header import Locks, Openers, checked_passphrase, identities, new_identity, recipient
from agi_app.backup.making import BackupMade
from agi_app.backup.restoring import RestoredInstallation, RestoreRequest
from agi_app.consent.evidence import KeptFiles
from agi_app.errors import InputError
from agi_app.file_kinds import no_such_file, why
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.proof.verify import Progress
from agi_app.store.service import backups as stored

__all__ = [
    "BackupMade",
    "BackupRequest",
    "Openers",
    "RestoreRequest",
    "RestoredInstallation",
    "backup",
    "identities_in",
    "make_key",
    "passphrase_in",
    "restore",
    "rotate_key",
    "unexpected",
]
MOST_IN_A_SECOND = 9  # backups
MADE = "backups-made"  # of the data folder: where this project has put each
_PARTLY = "not complete: "  # before the name of such a one in that list
_LONGEST = 1 << 16  # characters of a file with keys or a passphrase


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """Where a backup goes, and who can open it: the owners of these keys (age1…), or who knows the passphrase.

    ``out`` None: the folder of the settings, where the oldest ones are removed. ``keys`` False: it is not encrypted,
    and has no key in it.
    """

    out: Path | None = None
    recipients: tuple[str, ...] = ()
    passphrase: str = ""
    keys: bool = True

    @property
    def name(self) -> str:
        """As the audit calls it."""
        return str(self.out or "")


@noted(Scope.SERVICE_MANAGE, "backup", "request")
async def backup(inst: Installation, request: BackupRequest, progress: Progress) -> BackupMade:
    """Make a backup. Raises InputError, ConfigError, StoreError; then there is no file of that name."""
    done = False
    try:
        made = await _make(inst, request, progress)
        done = not made.unreadable
    finally:
        await stored.note(inst.store, inst.clock.real_now(), made=done)
    return made


async def _make(inst: Installation, request: BackupRequest, progress: Progress) -> BackupMade:
    locks = None
    if request.keys:
        owners = tuple(map(recipient, request.recipients))
        if not owners and not request.passphrase:
            told = (
                "nobody could open it: name a public key in [backup] to_keys (agi-app backup-key), or give a passphrase"
            )
            raise InputError(t(told))
        locks = Locks(owners, "" if owners else checked_passphrase(request.passphrase))
    if request.out is not None:
        return await making.make(inst, request.out, locks, progress)
    folder = inst.settings.project / inst.settings.backup.folder
    try:
        await asyncio.to_thread(make_private, folder)
    except OSError as error:
        raise cannot_be_written(folder, error) from error
    made = await _in_folder(inst, folder, locks, progress)
    try:
        keep, noted = inst.settings.backup.keep, inst.settings.data / MADE
        await asyncio.to_thread(_remove_old, made.file, keep, noted, complete=made.complete)
    except OSError as error:  # the backup itself is whole, and is told as it is
        return replace(made, unlisted=str(cannot_be_written(inst.settings.data / MADE, error)))
    return made


async def _in_folder(inst: Installation, folder: Path, locks: Locks | None, progress: Progress) -> BackupMade:
    """Under the name of this second, which another one may have already."""
    now, number = inst.clock.real_now(), 1
    while True:
        name = making.name_for(now, encrypted=locks is not None, number=number)
        try:
            return await making.make(inst, folder / name, locks, progress)
        except making.NameTaken:
            if number == MOST_IN_A_SECOND:
                raise
            number += 1


async def restore(request: RestoreRequest, progress: Progress) -> RestoredInstallation:
    """Make an installation of a backup. Raises InputError, ConfigError, SafetyError, StoreError."""
    return await restoring.restore(request, progress)


@noted(Scope.SERVICE_MANAGE, "rotate key", "kind")
async def rotate_key(inst: Installation, kind: Literal["evidence", "recordings"], progress: Progress) -> int:
    """Encrypt all evidence, or all recordings, again with a new key; how many files. Raises ConfigError."""
    files = getattr(KeptFiles.of(inst.settings.data), kind)
    return await asyncio.to_thread(files.rotate, progress)


def unexpected(report: AuditReport) -> list[AuditFinding]:
    """The faults of a restored installation that its being restored does not explain: that later rows are missing."""
    return [fault for fault in report.faults if fault.kind != "truncated"]


def make_key(file: Path) -> str:
    """A new secret key in a new file, for its owner only; the public key for `--to-key`. Blocks.

    Raises InputError.
    """
    secret, public = new_identity()
    try:
        write_new(file, f"# public key: {public}\n{secret}\n".encode(), 0o600)
    except FileExistsError:
        raise InputError(t("{file}: is there already; name another file", file=file)) from None
    except OSError as error:
        raise cannot_be_written(file, error) from error
    return public


def identities_in(file: Path) -> Openers:
    """The secret keys of a file that `agi-app backup-key` or `age-keygen` wrote. Blocks. Raises InputError."""
    return Openers(identities=identities(_text(file), str(file)))


def passphrase_in(file: Path) -> str:
    """The first line of a file. Blocks. Raises InputError."""
    return next(iter(_text(file).splitlines()), "")


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as source:
            return source.read(_LONGEST)
    except FileNotFoundError:
        raise InputError(no_such_file(file)) from None
    except UnicodeDecodeError:
        raise InputError(t("{file}: is not a text file", file=file)) from None
    except OSError as error:
        raise InputError(t("{folder}: cannot be read: {strerror}", folder=file, strerror=why(error))) from error


def _remove_old(made: Path, keep: int, list_file: Path, *, complete: bool = True) -> None:
    """All but the newest ones of those that this project has made in this folder, by the order in which it did.

    A name or a time of a file says neither whose it is nor how old: a folder may be shared, and a clock be wrong. One
    that is not complete removes none, for the older ones may be the better ones; the next complete one removes it.
    """
    try:
        lines = list_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    own = str(made.resolve())
    known = {line.removeprefix(_PARTLY): line for line in lines}
    known = {file: line for file, line in known.items() if file != own and Path(file).exists()}
    known[own] = own if complete else _PARTLY + own
    write_whole(list_file, "".join(f"{line}\n" for line in known.values()).encode(), 0o600)
    if not complete or not keep:
        return
    here = [file for file in known if Path(file).parent == Path(own).parent]
    whole = [file for file in here if known[file] == file]
    for file in here:
        if file not in whole[-keep:]:
            Path(file).unlink(missing_ok=True)
