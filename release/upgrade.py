"""Upgrades an older version with data, while its worker dials; once so that the upgrade fails, and then whole."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from release import deb, roots
from release.booted import Booted
from release.errors import PackageError
from release.stage import (
    ASTERISK,
    CALLER_ID,
    CAMPAIGN,
    CLONE,
    PACKAGES,
    PROJECT,
    USER,
    Admin,
    Sandbox,
    begin,
    settle,
    until_done,
)
from release.version import REVISION, Version
from sandbox.root import cache_folder, ensure_root
from sandbox.witness import judge

OLDER = "/older"  # where the folder of the older package is seen in the root
# Which commit is which older version, until the maintainers' tags say it.
VERSIONS = {"upgrade_n1": ("0.2.0", "4f19f8ca"), "upgrade_n3": ("0.1.0", "439d80f4")}
# What the sandbox of today puts into the settings, and that version does not know.
UNKNOWN = {"upgrade_n1": ("[monitor",), "upgrade_n3": ("[monitor", "[destinations", "[lines", "approval")}
MIDWAY = 8  # contacts that the older version has done when it is upgraded
_PYTHON = "/opt/agi-app/bin/python"
# Units of today, for a program of before there were any: it does not say when it is ready.
_OLDER_UNIT = "[Service]\nType=exec\nWatchdogSec=0\nExecStart=\nExecStart=/opt/agi-app/bin/agi-app run --json-logs\n"
_ASK = """
import psycopg
with psycopg.connect({address!r}, autocommit=True) as connection:
    cursor = connection.execute({statement!r})
    print(cursor.fetchone() if cursor.description else "done")
"""
_ADDRESS = f"host={PROJECT}/var/postgres/run user=agi_app dbname=agi_app"
# Only the newer version minds: one of its migrations makes a table of this name.
_BREAK = "CREATE TABLE campaign_tally ()"
_MEND = "DROP TABLE campaign_tally"
_NEWEST = "SELECT max(number) FROM schema_version"


def older_package(name: str) -> Path:
    """The package of an older version, by the packaging of today; kept in the cache."""
    number, commit = VERSIONS[name]
    files = sorted(path for path in (deb.FILES / "deb").rglob("*") if path.is_file())
    recipe = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = cache_folder() / "older-packages" / f"{commit}-{recipe}"
    if not list(folder.glob("*.deb")):
        with tempfile.TemporaryDirectory(prefix="agi-app-older-") as work:
            source = Path(work) / "source"
            source.mkdir()
            archive = subprocess.run(["git", "-C", str(deb.ROOT), "archive", commit], capture_output=True, check=False)
            if archive.returncode:
                raise PackageError(f"this clone has no commit {commit}: fetch the whole history")
            subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
            epoch = roots.output(["git", "-C", str(deb.ROOT), "log", "-1", "--format=%ct", commit])
            deb.build(folder, source, Version(number, f"{number}-{REVISION}", int(epoch)))
    return next(folder.glob("*.deb"))


def upgrade(name: str, package: Path, *, fail_first: bool) -> dict[str, Any]:
    """Install the older version, let it dial, upgrade it and let it dial on; what was found.

    Raises PackageError when something is not as it must be.
    """
    older = older_package(name)
    binds = {package.parent.resolve(): PACKAGES, older.parent: OLDER, ensure_root(): ASTERISK, deb.ROOT: CLONE}
    with Booted(roots.root("world"), binds) as host:
        admin = Admin(host)
        admin.types("apt-get", "install", "-y", f"{OLDER}/{older.name}")
        host.run("sh", "-c", f"mkdir -p {_dropin()} && printf '{_OLDER_UNIT}' >{_dropin()}/older.conf")
        host.run("systemctl", "daemon-reload")
        admin.app("init", PROJECT)
        with Sandbox(host, from_clone=True, slow=True, without=UNKNOWN[name]) as sandbox:
            begin(admin, f"{CLONE}/examples/clinic")
            until_done(admin, MIDWAY)
            before = _figures(admin)
            newest = _ask(host, _NEWEST)
            failed = _fails(admin, package, newest) if fail_first else {}
            host.run("rm", f"{_dropin()}/older.conf")
            started = time.monotonic()
            admin.types("apt-get", "install", "-y", f"{PACKAGES}/{package.name}")
            took = time.monotonic() - started
            host.wait("the upgraded worker", "systemctl", "is-active", "agi-app", limit_s=30)
            settle(admin)
            after = _figures(admin)
            admin.app("audit", "verify", note=False)
            verdict = judge([sandbox.calls()], set(), CALLER_ID, {})
        found = {
            "before": before,
            "after": after,
            "seconds": round(took, 1),
            "double_dials": verdict.double_dials,
            **failed,
        }
        _judge(host, found, changed=newest != _ask(host, _NEWEST))
        return found


def _fails(admin: Admin, package: Path, newest: str) -> dict[str, Any]:
    """An upgrade whose migration fails: the older version goes on and the database is as it was."""
    host = admin.host
    older = _version_that_runs(host)
    _ask(host, _BREAK)
    status, said = host.tried("apt-get", "install", "-y", f"{PACKAGES}/{package.name}")
    if status == 0:
        raise PackageError("an upgrade whose migration failed was taken for done")
    host.wait("the older worker", "systemctl", "is-active", "agi-app", limit_s=30)
    if (_version_that_runs(host), _ask(host, _NEWEST)) != (older, newest):
        raise PackageError(f"after a failed upgrade the older version does not run\n{said[-2000:]}")
    _ask(host, _MEND)
    return {"failed_upgrade": "the version before went on", "told": [x for x in said.splitlines() if "agi-app:" in x]}


def _judge(host: Booted, found: dict[str, Any], *, changed: bool) -> None:
    before, after = found["before"], found["after"]
    backups = host.run("sh", "-c", "ls /var/lib/agi-app/backups").split()
    found["backups"] = len(backups)
    if changed and not backups:
        raise PackageError("the database was changed without a backup")
    if found["double_dials"]:
        raise PackageError(f"{found['double_dials']} people were called twice")
    if after["contacts"] != before["contacts"] or after["attempts"] <= before["attempts"]:
        raise PackageError(f"the campaign did not go on: {before} before, {after} after")
    if host.tried("test", "-e", "/opt/agi-app.previous")[0] == 0:
        raise PackageError("/opt/agi-app.previous is left")


def _figures(admin: Admin) -> dict[str, int]:
    report = admin.ask("report", CAMPAIGN, "--format", "json")
    return {"contacts": int(report["contacts"]), "attempts": int(report["attempts"])}


def _version_that_runs(host: Booted) -> str:
    """As the worker's own mount namespace has it."""
    pid = host.run("systemctl", "show", "--property=MainPID", "--value", "agi-app").strip()
    return host.run("nsenter", f"--target={pid}", "--mount", "--", "/opt/agi-app/bin/agi-app", "--version", check=False)


def _ask(host: Booted, statement: str) -> str:
    """Run a statement as the owner of the database, whose server the worker has started."""
    text = _ASK.format(address=_ADDRESS, statement=statement)
    command = ("runuser", "-u", USER, "--", _PYTHON, "-c", text)
    return host.wait("the database", *command, limit_s=60).strip()  # its server starts with a worker


def _dropin() -> str:
    return "/etc/systemd/system/agi-app.service.d"
