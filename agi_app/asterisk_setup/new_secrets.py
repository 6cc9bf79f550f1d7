"""New secrets for ARI and the manager interface, on both sides: in Asterisk's files and in those of the project.

A worker goes on meanwhile: its connections stay open, and it reads its file again when Asterisk refuses the old
password. Asterisk takes the new ones up when it reads its files again, so until then the old ones hold on both sides.
Whatever fails brings all of it back. Blocks, but for ``rotate``.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from agi_app import credentials
from agi_app.asterisk_setup.conf_files import FOLDER, Conf, ConfOption, read_conf
from agi_app.asterisk_setup.config_folder import ConfigFolder, put, read_bytes
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.look import SECRET_BYTES, SetupChoices, only_one_project
from agi_app.asterisk_setup.manifest import Manifest, digest
from agi_app.asterisk_setup.plan import RELOADS
from agi_app.asterisk_setup.write import reload
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.errors import AgiAppError, AsteriskError, ConfigError, InputError
from agi_app.file_kinds import why
from agi_app.messages import t
from agi_app.pbx.ami.connection import connected
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.http import probe

CREDENTIALS = (Path("/etc/credstore"), Path("/etc/credstore.encrypted"), Path("/run/credstore"))
WRITTEN_BY_OTHERS = ("ari_additional.conf", "manager_additional.conf")  # FreePBX writes them anew


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret as it is on both sides."""

    table: str  # of agi-app.toml
    conf: str
    user: str
    option: ConfOption  # in Asterisk's file
    file: Path  # of the project


@dataclass(frozen=True, slots=True)
class _Change:
    file: Path
    before: bytes
    after: bytes


async def rotate(project: Path, choices: SetupChoices) -> tuple[Path, ...]:
    """Give both secrets new values; the files that were written.

    Raises InputError, ConfigError, AsteriskError; then the old ones hold on both sides.
    """
    settings = load_settings(project)
    console = AsteriskConsole(choices.program, choices.config)
    folder = ConfigFolder(console.host().config)
    only_one_project(folder, settings.project)
    found = [_ari(settings, folder), _ami(settings, folder)]
    for one in found:
        _none_elsewhere(one)
    new = {one.table: secrets.token_hex(SECRET_BYTES) for one in found}
    changes = [*_of_asterisk(folder, found, new), *_of_project(found, new)]
    with _put_back_unless_done(console, folder, changes):
        for change in changes:
            _put(change.file, change.after)
        if failed := reload(console, [RELOADS[one.conf] for one in found]):
            raise AsteriskError("; ".join(failed))
        await _try(load_settings(project))
    return tuple(change.file for change in changes)


async def _try(settings: Settings) -> None:
    """Both are taken. Raises AsteriskError."""
    asterisk = settings.asterisk
    await probe(AriSettings(asterisk.url, asterisk.username, settings.ari_password(), asterisk.app))
    async with connected(settings.ami, settings.ami_password()) as ami:
        await ami.ask("Ping")


def _ari(settings: Settings, folder: ConfigFolder) -> Secret:
    table = settings.asterisk
    file = _file(settings, "asterisk", table.password, table.password_file)
    return _secret(folder, "asterisk", "ari.conf", table.username, "password", file)


def _ami(settings: Settings, folder: ConfigFolder) -> Secret:
    table = settings.ami
    if not table.username:
        raise InputError(t("no [ami] in {file}: run `agi-app asterisk setup` first", file=SETTINGS_FILE))
    file = _file(settings, "ami", table.password, table.password_file)
    return _secret(folder, "ami", "manager.conf", table.username, "secret", file)


def _file(settings: Settings, table: str, written: str, file: Path | None) -> Path:
    """The project's file of a secret."""
    if written or file is None:
        told = (
            "[{table}] password_file of {settings} must name the file of the password; what is in the environment, in a"
            " credential or in {settings} itself is changed by hand (docs/how-to/change-keys.md)"
        )
        raise InputError(t(told, table=table, settings=SETTINGS_FILE))
    return credentials.located(settings.project, file).resolve()


def _none_elsewhere(secret: Secret) -> None:
    """A credential of the service would overrule the file, and no command sees it."""
    name = credentials.name_of((secret.table, "password"))
    for folder in CREDENTIALS:
        if (folder / name).exists():
            told = "{file}: the service takes the password from there: change it by hand (docs/how-to/change-keys.md)"
            raise InputError(t(told, file=folder / name))


def _secret(folder: ConfigFolder, table: str, conf: str, user: str, option: str, file: Path) -> Secret:
    """Where Asterisk has it: in our file, or in one that an admin wrote."""
    for name in (f"{FOLDER}/{conf}", conf):
        read: Conf = read_conf(folder, name)
        if (section := read.section(user)) is None:
            continue
        found = read.value(section, option)
        crypt = read.value(section, "password_format")
        if found is None or Path(found.file).name in WRITTEN_BY_OTHERS or (crypt and crypt.value.lower() != "plain"):
            told = "{file}:{line}: the password of {user} is not here in a form that can be changed; change it by hand"
            raise InputError(t(told, file=section.file, line=section.line, user=user))
        return Secret(table, conf, user, found, file)
    told = "{file}: there is no user {user}: run `agi-app asterisk setup` first"
    raise InputError(t(told, file=folder.folder / conf, user=user))


def _of_asterisk(folder: ConfigFolder, found: list[Secret], new: dict[str, str]) -> Iterator[_Change]:
    for one in found:
        file = folder.folder / one.option.file
        before = read_bytes(file) or b""
        lines = before.split(b"\n")
        at = one.option.line - 1
        end = b"\r" if lines[at].endswith(b"\r") else b""
        lines[at] = f"{one.option.name} = {new[one.table]}".encode() + end
        yield _Change(file, before, b"\n".join(lines))


def _of_project(found: list[Secret], new: dict[str, str]) -> Iterator[_Change]:
    for one in found:
        if (before := read_bytes(one.file)) is None:
            raise InputError(t("{file}: there is no such file: run `agi-app asterisk setup` first", file=one.file))
        yield _Change(one.file, before, f"{new[one.table]}\n".encode())


@contextlib.contextmanager
def _put_back_unless_done(console: AsteriskConsole, folder: ConfigFolder, changes: list[_Change]) -> Iterator[None]:
    """Bring everything back when the block raises; else note what it wrote, so that --undo knows it."""
    try:
        yield
    except (OSError, AgiAppError, asyncio.CancelledError, KeyboardInterrupt) as error:
        _bring_back(console, changes, error)
        if isinstance(error, OSError):
            told = "{file}: cannot be written: {why}; nothing was changed"
            raise ConfigError(t(told, file=error.filename, why=why(error))) from error
        if isinstance(error, AgiAppError):
            told = "{fault}; nothing was changed, the old passwords hold"
            raise AsteriskError(t(told, fault=str(error).rstrip("."))) from error
        raise
    if (manifest := folder.manifest()) is not None:
        _note(folder, manifest, changes)


def _bring_back(console: AsteriskConsole, changes: list[_Change], fault: BaseException) -> None:
    """The old secrets, on both sides. Raises ConfigError when a file cannot be written, which ``fault`` explains."""
    try:
        for change in changes:
            _put(change.file, change.before)
    except OSError as error:
        told = "{file}: cannot be brought back: {why}; run this again when it can be written ({fault})"
        raise ConfigError(t(told, file=error.filename, why=why(error), fault=fault)) from error
    with contextlib.suppress(AsteriskError):  # one that does not run reads its files when it starts
        reload(console, [RELOADS["ari.conf"], RELOADS["manager.conf"]])


def _note(folder: ConfigFolder, manifest: Manifest, changes: list[_Change]) -> None:
    after = {str(change.file): change for change in changes}
    manifest.files = [
        replace(one, after=digest(after[one.path].after))
        if one.path in after and one.after == digest(after[one.path].before)
        else one
        for one in manifest.files
    ]
    folder.store(manifest)


def _put(file: Path, content: bytes) -> None:
    """With its mode and owner. Raises OSError."""
    found = file.stat()
    put(file, content, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid)
