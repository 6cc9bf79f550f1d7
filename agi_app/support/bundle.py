"""One file for who helps: what doctor finds, versions, settings, figures and logs, without what is of people.

It can be made while the database or Asterisk is away, for then it is wanted most.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import getpass
import io
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from agi_app import credentials
from agi_app.atomic_files import cannot_be_written, replacing
from agi_app.backup.contents import KEYS, OLD_KEYS, is_secret, secret_files
from agi_app.clock import Clock
from agi_app.config.settings import DATABASE_URL, PREFIX, SETTINGS_FILE, Settings, load_settings
from agi_app.consent import project_identity
from agi_app.doctor import examine
from agi_app.errors import AgiAppError, ConfigError, InputError, SafetyError
from agi_app.file_kinds import no_such_file
from agi_app.installation import database
from agi_app.messages import t
from agi_app.printable import plain
from agi_app.store.calling import nodes
from agi_app.store.database.embedded import server_log
from agi_app.store.database.pool import Store
from agi_app.store.service import alerts, support
from agi_app.support.scrubber import LEAST_SECRET, SET, Scrubber
from agi_app.support.vocabulary import vocabulary

KEPT = dt.timedelta(days=30)  # a bundle; who makes the next one there removes it
LONGEST_LOG = 4 << 20  # bytes; the end of a longer one
JOURNAL = ("journalctl", "--unit=agi-app*", "--lines=20000", "--no-pager", "--output=cat", "--quiet")
JOURNAL_S, JOURNAL_LOG = 30.0, "logs/journal.log"
_NAME, _BUNDLES = "agi-app-support-%Y%m%d-%H%M%S.tar.gz", "agi-app-support-*.tar.gz"
_URL_PASSWORD = re.compile(r"//[^/:@\s]*:(.*)@")


@dataclass(frozen=True, slots=True)
class BundleMade:
    """What was written, and what could not be looked at."""

    file: Path
    files: tuple[str, ...]
    notes: tuple[str, ...]


def bundle_name() -> str:
    """The name of a bundle of this moment."""
    return Clock().real_now().strftime(_NAME)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database told; ``fault``: it did not."""

    figures: Mapping[str, Any]
    personal: frozenset[str]
    fault: str | None


def remove_old(folder: Path, now: dt.datetime) -> None:
    """Remove the bundles that were made in a folder more than 30 days ago, by their names. Blocks."""
    for file in folder.glob(_BUNDLES):
        with contextlib.suppress(ValueError, OSError):
            made = dt.datetime.strptime(file.name, _NAME).replace(tzinfo=dt.UTC)
            if now - made > KEPT:
                file.unlink()


async def make(project: Path, out: Path, logs: Sequence[Path]) -> BundleMade:
    """Write the bundle to ``out``. Raises InputError if it is there, ConfigError without settings."""
    clock = Clock()
    for log in logs:
        if not log.is_file():
            raise InputError(no_such_file(log))
    if await asyncio.to_thread(out.exists):
        raise InputError(t("{file}: is there already; give another name by --output", file=out))
    table = await asyncio.to_thread(_table, project)
    try:
        settings: Settings | None = load_settings(project)
    except AgiAppError:
        settings = None  # doctor says why
    known = await asyncio.to_thread(_secrets, project, table, settings)
    seen = _Seen({}, frozenset(), t("the settings are wrong")) if settings is None else await _look(settings)
    findings = [{"check": f.check, "text": f.text, "fix": f.fix} for f in await examine(project)]
    scrubber = Scrubber(await asyncio.to_thread(vocabulary), secrets.token_bytes(16), known, seen.personal)
    whole = {
        "doctor.json": findings,
        "settings.json": {
            "file": _settings(table),
            "environment": sorted(n for n in os.environ if n.startswith(PREFIX)),
        },
        "database.json": {"fault": seen.fault, **seen.figures},
    }
    files = {name: _json(scrubber.value(content, figures=True)) for name, content in whole.items()}
    files["versions.json"] = _json(_versions())
    files |= await asyncio.to_thread(lambda: {n: _scrubbed(text, scrubber) for n, text in _logs(settings, logs)})
    files["README.txt"] = _readme(clock)
    _look_over(files, known)
    await asyncio.to_thread(_write, out, files, clock.real_now().timestamp())
    await asyncio.to_thread(remove_old, out.parent, clock.real_now())
    notes = [] if seen.fault is None else [t("the database was not looked at: {fault}", fault=seen.fault)]
    return BundleMade(out, tuple(files), (*notes, *([] if JOURNAL_LOG in files else [_no_journal()])))


async def _look(settings: Settings) -> _Seen:
    try:
        async with database(settings, project_identity.key_of(settings), ready=False) as store:
            return _Seen(await _figures(store), await support.personal_words(store), None)
    except AgiAppError as error:
        return _Seen({}, frozenset(), str(error))


async def _figures(store: Store) -> dict[str, Any]:
    last = await alerts.backups(store)
    workers = [
        {"worker": one.name, "alive": one.alive, "seen_at": one.seen_at, "waiting_reason": one.waiting_reason}
        for one in await nodes.all_nodes(store)
    ]
    return {
        **await support.figures(store),
        "workers": workers,
        "backup": {"made": last.made_at, "failed": last.failed_at},
    }


def _table(project: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((project / SETTINGS_FILE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        told = "{file}: there is no such file; `agi-app init DIR` makes a project, --project names one"
        raise ConfigError(t(told, file=project / SETTINGS_FILE)) from None
    except (OSError, ValueError):
        return {}


def _secrets(project: Path, table: Mapping[str, Any], settings: Settings | None) -> list[str]:
    """Every secret that this machine knows of: of settings, of the environment, of files, and the keys."""
    found = [str(value) for path, value in _leaves(table) if is_secret(path[-1], value)]
    found += [value for name, value in os.environ.items() if name.startswith(PREFIX) or name == DATABASE_URL]
    files = {
        project / str(value)
        for path, value in _leaves(table)
        if path[-1].endswith(("password_file", "token_file", "url_file"))
    }
    if settings is not None:
        files |= secret_files(settings)
        files |= {settings.data / name for name in (*KEYS, *OLD_KEYS)}
        files |= {folder / "database-url" for folder in (settings.console_folder, settings.exchange_folder)}
    for file in sorted(files):
        try:
            found += [line for line in file.read_text(encoding="utf-8").split("\n") if "-----" not in line]
        except (OSError, UnicodeDecodeError):
            continue
    with contextlib.suppress(ConfigError):  # doctor says what is wrong with them
        found += credentials.given().values()
    inner = [match[1] for one in found if (match := _URL_PASSWORD.search(one))]
    return [one.strip() for one in (*found, *inner) if len(one.strip()) >= LEAST_SECRET]


def _leaves(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _settings(table: Mapping[str, Any]) -> dict[str, Any]:
    """As they are written, without secrets."""
    return {
        name: _settings(value) if isinstance(value, dict) else SET if is_secret(name, value) else value
        for name, value in table.items()
    }


def _versions() -> dict[str, Any]:
    named = ("agi-app", *(re.split(r"[\[<>=;~! ]", one)[0] for one in metadata.requires("agi-app") or ()))
    found = {}
    for name in dict.fromkeys(named):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # of an extra that is not installed
            continue
    return {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": found,
    }


def _logs(settings: Settings | None, given: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """The name of each log in the bundle, and its end."""
    if text := _journal():
        yield JOURNAL_LOG, text
    files = [*given, *([] if settings is None else [server_log(settings.data)])]
    for number, file in enumerate(files, 1):
        try:
            with file.open("rb") as source:
                source.seek(max(0, os.fstat(source.fileno()).st_size - LONGEST_LOG))
                yield f"logs/{number}.log", source.read(LONGEST_LOG).decode("utf-8", "replace")
        except OSError:
            continue


def _journal() -> str:
    if shutil.which(JOURNAL[0]) is None:
        return ""
    try:
        done = subprocess.run(JOURNAL, capture_output=True, timeout=JOURNAL_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout[-LONGEST_LOG:].decode("utf-8", "replace")


def _no_journal() -> str:
    if shutil.which(JOURNAL[0]) is None:
        return t("the logs of the services are not in it: this machine has no `journalctl`; give them by --log")
    if os.geteuid() == 0:
        return t("the logs of the services are not in it: the system's journal has none")
    return t(
        "the logs of the services are not in it: {user} may not read the system's journal, or it has none; as root, run"
        " `journalctl -u 'agi-app*' -o cat > agi-app.log`, and give that file by --log",
        user=getpass.getuser(),
    )


def _scrubbed(text: str, scrubber: Scrubber) -> str:
    return "".join(_line(line, scrubber) + "\n" for line in text.split("\n"))


def _line(line: str, scrubber: Scrubber) -> str:
    """A line of JSON stays one."""
    if line.startswith("{"):
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if isinstance(told, dict):
            return json.dumps(scrubber.value(told), ensure_ascii=False)
    return scrubber.text(line)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=plain) + "\n"


def _readme(clock: Clock) -> str:
    return t(
        "A support bundle of agi-app, made {at:%Y-%m-%d %H:%M} UTC.\n\n"
        "Telephone numbers (n-…), addresses (mail-…) and all words that are not of agi-app itself (w-…) are hidden. The"
        " same one has the same stand-in within this file, and another one in the next. Passwords, tokens and keys are"
        " taken out. Look through it before you send it.\n",
        at=clock.real_now(),
    )


def _look_over(files: Mapping[str, str], known: Sequence[str]) -> None:
    """Nothing leaves that a known secret is in, however it came there."""
    for name, text in files.items():
        if name.startswith(("logs/", "doctor", "database")) and any(
            len(one) > LEAST_SECRET * 2 and one in text for one in known
        ):
            raise SafetyError(t("{name}: a secret would be in the bundle; it was not written", name=name))


def _write(out: Path, files: Mapping[str, str], at: float) -> None:
    try:
        with replacing(out) as part, tarfile.open(part, "w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(f"agi-app-support/{name}")
                content = text.encode("utf-8", "replace")
                member.size, member.mode, member.mtime = len(content), 0o600, int(at)
                tar.addfile(member, io.BytesIO(content))
    except OSError as error:
        raise cannot_be_written(out, error) from error
