"""Which data belongs to this project: an id and the suppression key's fingerprint, in agi-app.toml and in the database.

A data folder whose disk is not mounted looks like a new one: with a new key and an empty list everybody who said stop
would be called again. So only ``make`` (`agi-app init`) and ``adopt`` make a data folder or a key.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from agi_app.atomic_files import write_whole
from agi_app.clock import Clock
from agi_app.config.identity import IdentitySettings
from agi_app.config.settings import SETTINGS_FILE, Settings
from agi_app.consent.number_hashes import (
    KEY_VARIABLE,
    MADE_WITH_THE_KEY,
    SuppressionKey,
    given_key,
    load_key,
    make_suppression_key,
)
from agi_app.errors import ConfigError, SafetyError
from agi_app.messages import t
from agi_app.store.database import checks
from agi_app.store.database.migrate import migrate
from agi_app.store.database.pool import Store

ADOPT = "`agi-app adopt` gives it one, once"
PUT_BACK = "mount its disk, or put it back from your backup (docs/how-to/back-up.md)"
LATER_THAN_THE_KEY = ("refusals.jsonl", "checkpoint.json")  # of a data folder whose database has been at work


def make(data_folder: Path) -> IdentitySettings:
    """A new project's identity, with its data folder and its key. Raises ConfigError, SafetyError."""
    return IdentitySettings(project=uuid.uuid4().hex, suppression_key=make_suppression_key(data_folder).check_value)


def identity_of(settings: Settings) -> IdentitySettings:
    """What agi-app.toml says; ConfigError when it says nothing."""
    if settings.identity is None:
        raise ConfigError(
            t(
                "{file}: has no [identity], so agi-app could not tell lost data from a new project, and"
                " nobody is called; {adopt}",
                file=settings.project / SETTINGS_FILE,
                adopt=t(ADOPT),
            )
        )
    return settings.identity


def key_of(settings: Settings) -> SuppressionKey:
    """The suppression key, if it is the project's own. Raises ConfigError, SafetyError; makes nothing."""
    identity = identity_of(settings)
    if not settings.data.is_dir():
        raise SafetyError(
            t(
                "{data}: the data folder with everybody's stops is not there; nobody is called: {put_back}",
                data=settings.data,
                put_back=t(PUT_BACK),
            )
        )
    key = load_key(settings.data)
    if key.check_value != identity.suppression_key:
        raise SafetyError(
            t(
                "{file}: identity.suppression_key does not match the key in {data} (or {key_variable}), so"
                " people who said stop would not be recognised; if agi-app.toml is of another project, put its"
                " own [identity] back, else the right suppression.key (docs/how-to/back-up.md)",
                file=settings.project / SETTINGS_FILE,
                data=settings.data,
                key_variable=KEY_VARIABLE,
            )
        )
    return key


async def confirm(store: Store, settings: Settings) -> None:
    """Compare the database with agi-app.toml; one that was never used becomes this project's. Raises SafetyError.

    Call it with a migrated database, and after ``key_of``.
    """
    identity = identity_of(settings)
    used = [name for name in LATER_THAN_THE_KEY if (settings.data / name).exists()]
    known = await checks.identity_of(store)
    if known == checks.StoredIdentity(None, None) and not used:
        await checks.store_identity(store, identity.project, identity.suppression_key)
        known = await checks.identity_of(store)
    checks.compare_key(known, identity.suppression_key)
    if known.suppression_key is None:
        raise SafetyError(
            t(
                "database {where}: is empty, but {data} shows that this project has been in use; nobody is"
                " called: name the right database, or restore it (docs/how-to/back-up.md); if it is lost for"
                " good, `agi-app adopt` takes this one",
                where=store.where,
                data=settings.data / used[0],
            )
        )
    if known.project is None:
        raise SafetyError(t("database {where}: has no project id yet; {adopt}", where=store.where, adopt=t(ADOPT)))
    if known.project != identity.project:
        raise SafetyError(
            t(
                "database {where}: belongs to project {project}, agi-app.toml is of {own}; name the right"
                " database (database_url, DATABASE_URL)",
                where=store.where,
                project=known.project,
                own=identity.project,
            )
        )


async def confirm_project(store: Store, settings: Settings) -> None:
    """Raise SafetyError unless this is the project's database already; for a process without key and data folder."""
    identity, known = identity_of(settings), await checks.identity_of(store)
    if known.project != identity.project:
        told = (
            "database {where}: belongs to project {theirs}, agi-app.toml is of {ours}; name the right database"
            " ([console] or [exchange], folder and database_url)"
        )
        raise SafetyError(t(told, where=store.where, theirs=known.project, ours=identity.project))


async def adopt(settings: Settings, *, new: bool = False) -> IdentitySettings:
    """Give a project its identity, once: that of its database if that has one; it is stored in both places.

    ``new``: it was never used, so its data folder and key may be made. Raises ConfigError, SafetyError, StoreError.
    """
    fresh = not settings.data.exists()
    key = _key_to_adopt(settings, new)
    try:
        return await _adopt(settings, key, new=new)
    except SafetyError:
        if fresh:  # a key that this database does not know helps nobody
            shutil.rmtree(settings.data)
        raise


async def _adopt(settings: Settings, key: SuppressionKey, *, new: bool) -> IdentitySettings:
    url = settings.database_url or None
    used = [name for name in LATER_THAN_THE_KEY if (settings.data / name).exists()]
    if url is None and used and not (settings.data / "postgres").is_dir():
        raise SafetyError(
            t("{data}: the database is not there: {put_back}", data=settings.data / "postgres", put_back=t(PUT_BACK))
        )
    store = await Store.open(url, settings.data, clock=Clock(), hash_number=key.hash_number, check_schema=False)
    try:
        if url is None or new:  # a server that is in use is migrated by `agi-app migrate`, which wants the identity
            await migrate(store)
        known = await checks.identity_of(store)
        checks.compare_key(known, key.check_value)
        if (told := settings.identity) is not None and known.project not in (None, told.project):
            raise SafetyError(
                t(
                    "database {where}: belongs to project {project}, and agi-app.toml is of {own}",
                    where=store.where,
                    project=known.project,
                    own=told.project,
                )
            )
        identity = told or IdentitySettings(project=known.project or uuid.uuid4().hex, suppression_key=key.check_value)
        if told is None:
            _append(settings.project / SETTINGS_FILE, identity.toml)
        await checks.store_identity(store, identity.project, identity.suppression_key)
        return identity
    finally:
        await store.close()


def _key_to_adopt(settings: Settings, new: bool) -> SuppressionKey:
    if settings.identity is not None:
        return key_of(settings)
    there = any((settings.data / name).exists() for name in MADE_WITH_THE_KEY)
    if new and not there and given_key() is None:
        return make_suppression_key(settings.data)
    if not settings.data.is_dir():
        raise SafetyError(
            t(
                "{data}: the data folder is not there: {put_back}. If this project was never used, `agi-app"
                " adopt --new` makes one",
                data=settings.data,
                put_back=t(PUT_BACK),
            )
        )
    return load_key(settings.data)


def _append(file: Path, text: str) -> None:
    """Add a table to the settings: the file is whole at every instant, and the rest of it stays as it is."""
    try:
        before, mode = file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777
        write_whole(file, f"{before.rstrip()}\n\n{text}".encode(), mode)
        file.chmod(mode)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            t(
                "{file}: [identity] cannot be written: {error}; make it writable and run this again",
                file=file,
                error=error,
            )
        ) from error
