"""Backs the project's database up if this version changes it, and changes it then. The package's postinst runs it.

It is installed beside the environment and run as the services' user, whose services have ended:
``bring_up_to_date.py FOLDER-OF-BACKUPS ENVIRONMENT-FILE…``. Exit 0: the database is that of this version, or there is
no project yet.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.consent import project_identity
from agi_app.errors import AgiAppError, ConfigError
from agi_app.installation import migrate_database
from agi_app.messages import choose, speak, t
from agi_app.store.database import versions
from agi_app.store.database.embedded import acquire
from agi_app.store.database.postgres_programs import binaries

KEPT = 3  # backups; older ones of ours are removed
_LIBPQ = {"user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT"}


def main() -> int:
    """Exit status: 0 it is up to date, 2 it is not, and was not changed."""
    speak(choose(None, os.environ))
    try:
        for file in sys.argv[2:]:
            os.environ.update(_read(Path(file)))
        project = Path(os.environ.get("AGI_APP_PROJECT", ""))
        if not (project / SETTINGS_FILE).is_file():
            return 0
        settings = load_settings(project)
        with _server(settings) as url:
            if not (missing := _missing(url)):
                print(t("the database is up to date"))
                return 0
            print(t("backed up before it is changed: {file}", file=_back_up(url, Path(sys.argv[1]))), flush=True)
            _migrate(settings)
            print(t("applied: {applied}", applied=", ".join(missing)))
    except (AgiAppError, OSError, psycopg.Error) as error:
        print(t("error: {error}", error=error), file=sys.stderr)
        return 2
    return 0


def _migrate(settings: Settings) -> None:
    """Change the database. A project from before its identity gets one: its data and its key are here."""
    if settings.identity is None:
        found = asyncio.run(project_identity.adopt(settings))
        told = "project {found}: agi-app.toml and the database know each other and the suppression key"
        print(t(told, found=found.project))
        settings = load_settings(settings.project)
    asyncio.run(migrate_database(settings))


def _read(file: Path) -> dict[str, str]:
    """The variables of a file as systemd's EnvironmentFile= has them. Raises ConfigError, OSError."""
    try:
        if not file.is_file():
            return {}
        text = file.read_text("utf-8")
    except PermissionError as error:
        told = (
            "{file}: the user {user}, as whom the services run, may not read it: run `chmod o+x {folder}`, and let"
            " that user read the file"
        )
        user = pwd.getpwuid(os.geteuid()).pw_name
        raise ConfigError(t(told, file=file, user=user, folder=file.parent)) from error
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] not in "#;")
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


@contextmanager
def _server(settings: Settings) -> Iterator[str]:
    """The address of the project's database; our own server runs for so long."""
    if settings.database_url:
        yield settings.database_url
        return
    server = acquire(settings.data)
    try:
        yield server.url
    finally:
        server.release()


def _missing(url: str) -> list[str]:
    """Names of this version's migrations that the database has not; none of one without tables: it needs no backup."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        found = connection.execute("SELECT to_regclass('schema_version') IS NOT NULL").fetchone()
        if found != (True,):
            return []
        applied = {number for (number,) in connection.execute("SELECT number FROM schema_version")}
    return [migration.name for migration in versions.known() if migration.number not in applied]


def _back_up(url: str, folder: Path) -> Path:
    """Dump the database into a new file that only its owner reads. Raises OSError when it cannot be written whole."""
    parts = conninfo_to_dict(url)
    secret = {_LIBPQ[name]: str(value) for name, value in parts.items() if name in _LIBPQ}
    more = {name: str(value) for name, value in parts.items() if name not in _LIBPQ}
    file = folder / f"before-upgrade-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.dump"
    unfinished = file.with_suffix(".unfinished")
    command = [str(binaries() / "pg_dump"), "--format=custom", f"--file={unfinished}", f"--dbname={_words(more)}"]
    done = subprocess.run(
        command, env={**os.environ, **secret}, umask=0o077, capture_output=True, text=True, check=False
    )
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise OSError(done.stderr.strip())
    unfinished.rename(file)
    for old in sorted(folder.glob("before-upgrade-*.dump"))[:-KEPT]:
        old.unlink()
    return file


def _words(parts: dict[str, str]) -> str:
    """A connection string of what is no secret; the rest is in the environment."""
    return psycopg.conninfo.make_conninfo(**parts)


if __name__ == "__main__":
    sys.exit(main())
