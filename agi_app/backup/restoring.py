"""Makes an installation of a backup: where there is none, or where only the database is lost. Whole or not at all.

The file is read and checked to its end before anything of it is used. The database is loaded in one transaction, which
holds all dialling until somebody confirms what is missing; the folder gets its name when all else is done.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agi_app.atomic_files import make_private, sync_folder
from agi_app.audit.findings import AuditReport
from agi_app.backup import contents
from agi_app.backup.age_header import Openers
from agi_app.backup.archive import DATABASE, Description, Member, SealedArchive
from agi_app.clock import Clock
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.consent import project_identity
from agi_app.consent.evidence import KeptFiles
from agi_app.errors import ConfigError, InputError
from agi_app.file_kinds import no_such_file, why
from agi_app.messages import t
from agi_app.model.actors import Actor
from agi_app.proof.notary import Notary
from agi_app.proof.verify import Progress, verify
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store
from agi_app.store.database.progress import RestoredFrom, hold_as_restored
from agi_app.store.database.whole_copy import is_empty, load
from agi_app.store.ledger import accounts, actions
from agi_app.store.people.access_log import os_user


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """What is to be restored where; ``keys`` is the folder of the keys for a backup without them.

    ``database_only``: project and data folder are there, and newer than the backup.
    """

    file: Path
    project: Path
    openers: Callable[[], Openers]
    keys: Path | None = None
    database_only: bool = False


@dataclass(frozen=True, slots=True)
class RestoredInstallation:
    """What was restored, and what the audit says there; nobody is called yet."""

    described: Description
    project: Path
    files: int
    migrated: tuple[str, ...]
    missing: tuple[str, ...]  # files of passwords that are not in the backup
    unknown_user: str | None  # the user of the system, who is nobody in the restored installation
    audit: AuditReport
    unreadable: tuple[str, ...] = ()  # keys that do not open what was restored


async def restore(request: RestoreRequest, told: Progress) -> RestoredInstallation:
    """Restore. InputError when the place is not empty or the file not whole; ConfigError, SafetyError, StoreError."""
    if request.database_only:
        settings = load_settings(request.project)
        sealed = await asyncio.to_thread(SealedArchive.open, request.file, request.openers)
        described = await asyncio.to_thread(sealed.read)
        _same_project(described, settings, request.file)
        return await _into_database(request, settings, sealed, described, 0, told)
    _must_be_free(request.project)
    sealed = await asyncio.to_thread(SealedArchive.open, request.file, request.openers)
    with _Staging(request.project) as staging:
        described = await asyncio.to_thread(sealed.read, staging.take)
        settings = await asyncio.to_thread(staging.settle, described, request)
        done = await _into_database(request, settings, sealed, described, staging.files, told)
        await asyncio.to_thread(staging.take_their_names)
    files = KeptFiles.of(load_settings(request.project).data)
    return replace(done, unreadable=await asyncio.to_thread(files.faults))


async def _into_database(
    request: RestoreRequest,
    settings: Settings,
    sealed: SealedArchive,
    described: Description,
    files: int,
    told: Progress,
) -> RestoredInstallation:
    key = project_identity.key_of(settings)
    async with _empty_database(settings, key.hash_number) as store:
        held = RestoredFrom(
            described.id, described.made_at, described.at, described.decisions, described.running, described.nodes
        )
        await asyncio.to_thread(load, store.address, sealed.database(), hold_as_restored(held))
        migrated = tuple(await migrate(store))
        await project_identity.confirm(store, settings)
        user = os_user()
        account = await accounts.of_os_user(store, user)
        actor = Actor(user if account is None else account.name, frozenset(), "cli", user)
        action = await actions.begin(store, actor, "restore", f"backup {described.id}", None, None)
        await actions.end(store, action, done=True)
        report = await verify(store, await Notary.open(settings, store), progress=told)
    lacks = sorted(file for file in contents.secret_files(settings) if not file.exists())
    missing = [
        str(file.relative_to(settings.project)) if file.is_relative_to(settings.project) else str(file)
        for file in lacks
    ]
    return RestoredInstallation(
        described, request.project, files, migrated, tuple(missing), user if account is None else None, report
    )


@asynccontextmanager
async def _empty_database(settings: Settings, hash_number: Callable[[str], bytes]) -> AsyncIterator[Store]:
    url = settings.database_url or None
    store = await Store.open(url, settings.data, clock=Clock(), hash_number=hash_number, check_schema=False)
    try:
        if not await is_empty(store):
            raise InputError(
                t(
                    "database {where}: is not empty, and a backup is only restored into an empty one: make one"
                    " (`createdb NAME`), and name it in the environment variable DATABASE_URL",
                    where=store.where,
                )
            )
        yield store
    finally:
        await store.close()


def _must_be_free(project: Path) -> None:
    try:
        if project.exists() and (not project.is_dir() or any(project.iterdir())):
            raise InputError(
                t(
                    "{project}: is not an empty folder, and nothing is restored over what is there: name a new folder"
                    " with --project. If only the database is lost, --database-only restores it, and the newer files"
                    " of this project stay",
                    project=project,
                )
            )
        if project.is_mount():
            raise InputError(t("{project}: is the root of a disk: name a folder on it", project=project))
    except OSError as error:
        raise InputError(t("{folder}: cannot be read: {strerror}", folder=project, strerror=why(error))) from error


def _same_project(described: Description, settings: Settings, file: Path) -> None:
    identity = project_identity.identity_of(settings)
    if (described.project, described.suppression_key) != (identity.project, identity.suppression_key):
        told = "{file}: is a backup of project {theirs}, and agi-app.toml is of {ours}: name the right one"
        raise InputError(t(told, file=file, theirs=described.project, ours=identity.project))


class _Staging:
    """The restored files beside the place where they are to be; they are gone unless they took their names."""

    def __init__(self, project: Path) -> None:
        self._project = project.resolve()
        self._folder = self._project.with_name(f".{self._project.name}.restoring")
        self._data: tuple[Path, Path] | None = None  # as it is now, and where it is to be, if outside the project
        self._lock = -1
        self.files = 0

    def __enter__(self) -> _Staging:
        try:
            make_private(self._folder.parent)
            self._lock = os.open(self._folder.parent, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(self._folder, ignore_errors=True)  # of one that was killed
            make_private(self._folder)
        except BlockingIOError:
            os.close(self._lock)
            told = "{folder}: another restore works beside it; wait until that has ended"
            raise InputError(t(told, folder=self._project)) from None
        except OSError as error:
            raise _no_place(self._project, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._data is not None:
            shutil.rmtree(self._data[0], ignore_errors=True)
        os.close(self._lock)

    def take(self, member: Member) -> None:
        """Write one file of the backup. Blocks. Raises InputError."""
        if member.name.startswith(DATABASE):
            return
        parts = Path(member.name).parts
        if ".." in parts or not member.name.startswith((contents.PROJECT, contents.DATA)):
            raise InputError(t("{name}: has no place in a project; this is not a backup of agi-app", name=member.name))
        target = self._folder.joinpath(*parts)
        try:
            self._make_folder(target.parent)
            with target.open("xb") as out:
                shutil.copyfileobj(member.content, out, 1 << 20)
            target.chmod(member.mode & 0o777)
            os.utime(target, (member.changed_at, member.changed_at))
        except OSError as error:
            raise _no_place(self._project, error) from error
        self.files += 1

    def _make_folder(self, folder: Path) -> None:
        """Folders of the project as others need them (Asterisk reads prompts); the data folder for its owner only."""
        if folder.is_relative_to(self._folder / contents.PROJECT):
            folder.mkdir(parents=True, exist_ok=True)
        else:
            make_private(folder)

    def settle(self, described: Description, request: RestoreRequest) -> Settings:
        """Put project and data together as the settings want it; the settings for the time until the names are taken.

        Blocks. Raises InputError, ConfigError.
        """
        staged = self._folder / contents.PROJECT
        data = self._folder / contents.DATA
        if not (staged / SETTINGS_FILE).is_file():
            raise InputError(t("{file}: has no agi-app.toml in it", file=request.file))
        make_private(data)
        if not described.keys:
            _take_keys(request, data)
        settings = load_settings(staged)
        _same_project(described, settings, request.file)
        wanted = Path(os.path.abspath(self._project / settings.data_folder))
        try:
            if wanted.is_relative_to(self._project):
                place = staged / wanted.relative_to(self._project)
                make_private(place.parent)
                data.rename(place)
            else:
                place = self._outside(data, wanted)
        except OSError as error:
            raise _no_place(self._project, error) from error
        return settings.model_copy(update={"data_folder": place})

    def take_their_names(self) -> None:
        """The last step. Blocks. Raises InputError."""
        try:
            os.sync()
            if self._data is not None:
                self._data[0].rename(self._data[1])
                sync_folder(self._data[1].parent)
            (self._folder / contents.PROJECT).rename(self._project)
            sync_folder(self._project.parent)
        except OSError as error:
            raise _no_place(self._project, error) from error

    def _outside(self, data: Path, wanted: Path) -> Path:
        """A data folder that is not in the project is beside its own place: a rename must not leave its disk."""
        if wanted.exists() and (not wanted.is_dir() or any(wanted.iterdir())):
            told = "{data}: the data folder of the backup is not empty here; move it away, or name an empty one"
            raise InputError(t(told, data=wanted))
        place = wanted.with_name(f".{wanted.name}.restoring")
        shutil.rmtree(place, ignore_errors=True)
        make_private(place.parent)
        self._data = (place, wanted)
        shutil.move(data, place)
        return place


def _take_keys(request: RestoreRequest, data: Path) -> None:
    """Copy the keys that a backup without them needs. Blocks. Raises InputError, ConfigError."""
    if request.keys is None:
        raise InputError(
            t(
                "{file}: was made without keys: name the folder that has suppression.key, evidence.key,"
                " recordings.key and audit/key.pem with --keys",
                file=request.file,
            )
        )
    for name in contents.KEYS:
        source = request.keys / name if (request.keys / name).exists() else request.keys / Path(name).name
        if source.exists():
            make_private((data / name).parent)
            try:
                shutil.copyfile(source, data / name)
                (data / name).chmod(0o600)
            except OSError as error:
                raise ConfigError(t("{file}: cannot be read: {error}", file=source, error=why(error))) from error
        elif name in (contents.KEYS[0], contents.KEYS[-1]):
            raise InputError(no_such_file(request.keys / name))


def _no_place(project: Path, error: OSError) -> InputError:
    told = "{folder}: cannot be written: {strerror}; nothing was restored"
    return InputError(t(told, folder=project, strerror=why(error)))
