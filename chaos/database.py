"""A PostgreSQL cluster of a run's own, on TCP, with fsync on, that can be killed, filled and told a wrong time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from agi_app.store.database.postgres_programs import as_plain_user, binaries
from sandbox.errors import SandboxError
from sandbox.ports import free_port
from sandbox.supervise import Child, tail

USER = NAME = "agi_app"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "wal_recycle": "off",  # each WAL segment is made anew, so that a full disk is felt
}


class Database:
    """One server; ``folder/data`` is copied from a template, or made by initdb."""

    def __init__(self, folder: Path, *, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.port = free_port()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"} | dict(env or {})
        self.log = self.folder / "server.log"
        self._child: Child | None = None

    def url(self, port: int | None = None) -> str:
        """How to reach it, directly or through a proxy's ``port``; in the clear, so that the proxy can read along."""
        return f"postgresql://{USER}@127.0.0.1:{port or self.port}/{NAME}?sslmode=disable&gssencmode=disable"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.returncode is None

    def create(self) -> None:
        """A new empty cluster with our database in it; it runs afterwards."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*as_plain_user(), str(binaries() / "initdb"), "-D", str(self.data), "-U", USER, "-A", "trust"]
        command += ["-E", "UTF8", "--no-locale", "--wal-segsize=1", "--no-sync"]
        done = subprocess.run(command, env=self.env, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(f"initdb failed: {done.stdout}{done.stderr}")
        self.start()
        with psycopg.connect(self.url().replace(f"/{NAME}?", "/postgres?"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {NAME}")

    def copy_from(self, template: Path) -> None:
        """Put a copy of a stopped cluster in our place; ``self.data`` may exist and be empty."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copytree(template, self.data, dirs_exist_ok=True)
        self.data.chmod(0o700)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it and wait until it answers; tries again while a killed one is still going down."""
        deadline = time.monotonic() + timeout_s
        settings = [word for k, v in _SETTINGS.items() for word in ("-c", f"{k}={v}")]
        command = [*as_plain_user(), str(binaries() / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        while True:
            if not self.running:
                self._child = Child([*command, *settings], log=self.log, env=self.env, cwd=Path("/"))
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise SandboxError(f"PostgreSQL does not start; the end of {self.log}:\n{tail(self.log)}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url().replace(f"/{NAME}?", "/postgres?"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL of the postmaster; its children notice and go. Any thread, returns at once."""
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def stop(self) -> None:
        """An orderly, fast shutdown."""
        if self._child is None:
            return
        self._child.send(signal.SIGINT)
        if not self._child.wait(STOP_TIMEOUT_S):
            self._child.end(0.0)
        self._child = None

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of a statement, directly, past every proxy and past read-only mode."""
        with psycopg.connect(
            self.url(), autocommit=True, row_factory=dict_row, options="-c default_transaction_read_only=off"
        ) as connection:
            cursor = connection.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []
