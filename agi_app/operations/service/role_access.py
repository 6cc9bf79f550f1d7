"""Sets up how a process with few rights reaches the database: as a role that is its alone, by its own password.

`agi-app console` and `agi-app exchange` do; the audit records that one was set up, and by which account.
"""

from __future__ import annotations

import asyncio
import grp
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import write_whole
from agi_app.config.settings import SETTINGS_FILE, Settings
from agi_app.errors import ConfigError, InputError, SafetyError
from agi_app.messages import t
from agi_app.store.database import embedded, service_login, service_rights
from agi_app.store.database.pool import Store
from agi_app.store.database.service_rights import ServiceRole

ADDRESS = "database-url"


@dataclass(frozen=True, slots=True)
class RoleAccess:
    """How a process's user reaches the database now."""

    file: Path  # the address with the password
    group: str | None  # who can read it beside the owner; None: nobody
    restart: bool  # the embedded database opens the process's socket at its next start
    statement: str | None  # for an administrator of the server, when the owner of the database may not
    hints: tuple[str, ...]  # what keeps another user out, or lets it see too much


async def give(settings: Settings, store: Store, role: ServiceRole, folder: Path, group: str) -> RoleAccess:
    """Make or renew the role, its password and its rights; the members of a group of the system get at them.

    Without a group only the present user does. Raises InputError, ConfigError, SafetyError when the role is more than
    it should be, StoreError.
    """
    password = secrets.token_urlsafe(32)
    folder = await asyncio.to_thread(_prepared, folder, group)
    async with store.transaction() as connection:
        await service_rights.grant(connection, role)
    owner = store.address
    statement, restart = None, False
    if settings.database_url:
        statement = await asyncio.to_thread(service_login.let_in, owner, role, password)
    else:
        restart = await asyncio.to_thread(embedded.admit_service, settings.data, role, folder, password)
    host = None if settings.database_url else str(folder)
    address = service_login.address(owner, role, host, password)
    await asyncio.to_thread(_keep, folder / ADDRESS, address, group)
    async with store.transaction() as connection:
        granted = await service_rights.grant(connection, role)
        if granted and (faults := await service_rights.faults(connection, role)):
            raise SafetyError(t("the role {role}: {faults}", role=role.name, faults="; ".join(faults)))
    return RoleAccess(folder / ADDRESS, group or None, restart, statement, tuple(_hints(settings)))


def _prepared(folder: Path, group: str) -> Path:
    """The folder that the process's group may enter, and nobody else."""
    gid = None
    if group:
        try:
            gid = grp.getgrnam(group).gr_gid
        except KeyError:
            told = "--group {group}: there is no such group; `groupadd --system {group}` makes it"
            raise InputError(t(told, group=group)) from None
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if gid is not None:
            os.chown(folder, -1, gid)
        folder.chmod(0o700 if gid is None else 0o750)
    except OSError as error:
        told = "{folder}: cannot be made for the process: {why}; be the folder's owner and a member of the group"
        raise ConfigError(t(told, folder=folder, why=error.strerror)) from error
    return folder.resolve()


def _keep(file: Path, address: str, group: str) -> None:
    write_whole(file, f"{address}\n".encode(), 0o600)
    if group:
        os.chown(file, -1, grp.getgrnam(group).gr_gid)
        file.chmod(0o640)


def _hints(settings: Settings) -> Iterator[str]:
    """What another user of the system would meet."""
    file = settings.project / SETTINGS_FILE
    if not all(part.stat().st_mode & 0o001 for part in (settings.project, *settings.project.parents)):
        yield t("other users cannot enter {folder}: chmod o+x it and the folders above", folder=settings.project)
    if not file.stat().st_mode & 0o004:
        yield t("other users cannot read {file}, which the process needs: chmod o+r it", file=file)
    given = {
        "database_url": settings.database_url if not os.environ.get("DATABASE_URL") else "",
        "asterisk.password": settings.asterisk.password,
        "ami.password": settings.ami.password,
        "agi.token": settings.agi.token,
    }
    for name, secret in given.items():
        if secret and secret in file.read_text(encoding="utf-8-sig"):
            told = "{file} holds {name}: move it to a file or a variable that the process's user cannot read"
            yield t(told, file=file, name=name)
    if settings.data.stat().st_mode & 0o077:
        yield t("other users can enter {folder}: chmod 700 it", folder=settings.data)
