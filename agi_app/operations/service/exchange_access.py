"""Sets up how `agi-app exchange` reaches the database, and looks whether it can read what the settings name for it."""

from __future__ import annotations

import asyncio
import grp
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agi_app.config.settings import Settings
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.operations.service.role_access import RoleAccess, give
from agi_app.store.database import service_rights


@noted(Scope.SERVICE_MANAGE, "exchange set up")
async def set_up(inst: Installation, *, group: str = "") -> RoleAccess:
    """Make or renew the exchange's role, password and rights; the members of a group of the system get at them.

    Without a group only the present user does. Raises InputError, ConfigError, SafetyError when the role is more than
    an exchange should be, StoreError.
    """
    made = await give(inst.settings, inst.store, service_rights.EXCHANGE, inst.settings.exchange_folder, group)
    hints = await asyncio.to_thread(lambda: tuple(_hints(inst.settings, group)))
    return replace(made, hints=made.hints + hints)


def _hints(settings: Settings, group: str) -> Iterator[str]:
    """Files and folders for the exchange that its group cannot use, and secrets that others can read."""
    for file, secret in _files(settings):
        if not file.is_file():
            yield t("{file} is not there", file=file)
            continue
        found = file.stat()
        if group and not _may(found, group, os.R_OK):
            yield t("the group {group} cannot read {file}: chgrp {group} and chmod g+r it", group=group, file=file)
        if secret and found.st_mode & stat.S_IROTH:
            yield t("everybody can read {file}, which holds a password: chmod o-r it", file=file)
    for target in settings.results.values():
        if target.folder is not None:
            folder = settings.project / target.folder
            if not folder.is_dir():
                yield t("{file} is not there", file=folder)
            elif group and not _may(folder.stat(), group, os.W_OK):
                yield t(
                    "the group {group} cannot write in {file}: chgrp {group} and chmod g+w it", group=group, file=folder
                )


def _files(settings: Settings) -> Iterator[tuple[Path, bool]]:
    """Each file that the exchange reads, and whether it holds a secret."""
    for feed in settings.feeds.values():
        for file in (feed.database_url_file, feed.query_file, feed.ids_query_file):
            if file is not None:
                yield settings.project / file, file == feed.database_url_file
    for target in settings.results.values():
        for file in (target.database_url_file, target.statement_file):
            if file is not None:
                yield settings.project / file, file == target.database_url_file


def _may(found: os.stat_result, group: str, how: int) -> bool:
    """Whether the members of a group may read (4) or write (2) it, as members or as anybody."""
    ours = found.st_gid == grp.getgrnam(group).gr_gid
    return bool(found.st_mode >> (3 if ours else 0) & how)
