"""Looks at an Asterisk of this host and at a project, and says what setup would change. Blocks; changes nothing."""

from __future__ import annotations

import contextlib
import grp
import ipaddress
import os
import pwd
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agi_app.asterisk_setup.config_folder import ConfigFolder
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.facts import AsteriskHost, RecordingFolder, SetupFacts
from agi_app.asterisk_setup.plan import SetupPlan, plan_of
from agi_app.asterisk_setup.prompt_access import AccessChange, access_changes, looked_at
from agi_app.asterisk_setup.wanted_files import DIALPLAN
from agi_app.config.settings import SETTINGS_FILE, Settings, load_settings
from agi_app.errors import ConfigError, InputError
from agi_app.file_kinds import why
from agi_app.messages import t
from agi_app.shared_files import shared

SECRET_BYTES = 24
SYSTEMD = Path("/run/systemd/system")


@dataclass(frozen=True, slots=True)
class SetupChoices:
    """What an admin chose. ``program``: Asterisk's own, else found; ``config``: its folder, else its default."""

    program: Path | None = None
    config: Path | None = None
    sip_bind: str = "0.0.0.0:5060"
    tmpfs: bool = True


@dataclass(frozen=True, slots=True)
class PreparedSetup:
    """All that is known and planned; nothing has been changed."""

    console: AsteriskConsole
    folder: ConfigFolder
    facts: SetupFacts
    plan: SetupPlan
    access: tuple[AccessChange, ...]
    notes: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Nothing would be changed."""
        return self.plan.empty and not self.access


def look(project: Path, choices: SetupChoices) -> PreparedSetup:
    """Plan the setup. Raises AuthorError for faults of Asterisk's files, AsteriskError, ConfigError, InputError."""
    settings = load_settings(project)
    project = project.resolve()
    console = AsteriskConsole(choices.program, choices.config)
    host = console.host()
    folder = ConfigFolder(host.config)
    only_one_project(folder, project)
    uid, gid, groups = process_of(host)
    facts = _facts(settings, project, host, console, choices, (uid, gid))
    plan = plan_of(facts, folder)
    try:
        above, inside = looked_at(project)
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {why}", file=error.filename, why=why(error))) from error
    changes, notes = access_changes(above, inside, uid, groups)
    return PreparedSetup(console, folder, facts, plan, tuple(changes), (*plan.notes, *notes))


def _outside(project: Path, uid: int, gid: int) -> tuple[str, str] | None:
    """The project's owner and Asterisk's group, if he is no member of it."""
    owner = project.stat().st_uid
    if 0 in (owner, uid) or owner == uid:
        return None
    name = user_name(owner)
    with contextlib.suppress(KeyError):
        if gid not in os.getgrouplist(name, pwd.getpwuid(owner).pw_gid):
            return name, grp.getgrgid(gid).gr_name
    return None


def only_one_project(folder: ConfigFolder, project: Path) -> None:
    """InputError when the Asterisk was set up for another project."""
    known = folder.manifest()
    if known is not None and known.project != str(project):
        told = "{folder}: was set up for {other}: undo that first: agi-app asterisk setup --undo --project {other}"
        raise InputError(t(told, folder=folder.folder, other=known.project))


def process_of(host: AsteriskHost) -> tuple[int, int, list[int]]:
    """User, group and all groups of Asterisk's process, the main group first."""
    try:
        status = Path(f"/proc/{host.pid_file.read_text().strip()}/status").read_text()
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {why}", file=host.pid_file, why=why(error))) from error
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    uid, gid = int(lines["Uid"].split()[1]), int(lines["Gid"].split()[1])
    return uid, gid, [gid, *(group for group in map(int, lines["Groups"].split()) if group != gid)]


def _facts(
    settings: Settings, project: Path, host: AsteriskHost, console: AsteriskConsole, choices: SetupChoices,
    process: tuple[int, int],
) -> SetupFacts:  # fmt: skip
    there = {}
    for name, ask in (("ari", settings.ari_password), ("ami", settings.ami_password)):
        if (secret := _secret(project, settings, name, ask)) is not None:
            there[name] = secret
    return SetupFacts(
        asterisk=host,
        project=project,
        ari_user=settings.asterisk.username,
        ari_password=there.get("ari") or secrets.token_hex(SECRET_BYTES),
        ami_user=settings.ami.username or "agi-app-look",
        ami_password=there.get("ami") or secrets.token_hex(SECRET_BYTES),
        running=console.modules(),
        transports=console.transports(),
        installed=frozenset(path.name for path in host.modules.glob("*.so")),
        uid=process[0],
        gid=process[1],
        recording=recording_folder(host.recordings),
        settings=_in_force(settings, project),
        settings_text=settings_text(project / SETTINGS_FILE),
        secrets_there=frozenset(there),
        sip_bind=choices.sip_bind,
        sip_free=is_free(choices.sip_bind) or _held_by(host.pid_file, choices.sip_bind),
        tmpfs=choices.tmpfs,
        systemd=SYSTEMD.is_dir(),
        root=os.geteuid() == 0,
        outside=_outside(project, *process),
        agi_token=settings.agi_token() or "",
        agi_address=f"{settings.agi.host}:{settings.agi.port}",
        shipped={name: shared(f"dialplan/{name}").read_text("utf-8") for name in DIALPLAN}
        | {"amd.conf": shared("asterisk-docker/etc/asterisk/amd.conf").read_text("utf-8")},
    )


def is_free(bind: str, *, stream: bool = False) -> bool:
    """Whether no program has this address and port of UDP, or of TCP (``stream``). Raises InputError."""
    host, _, port = bind.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), number))
    except (ValueError, OverflowError):
        raise InputError(t("--sip-bind {bind}: must look like 0.0.0.0:5060", bind=bind)) from None
    except OSError:
        return False
    return number > 0


def _held_by(pid_file: Path, bind: str) -> bool:
    """Whether Asterisk has this port of UDP itself: of a transport of ours that was taken away it keeps the socket."""
    wanted = f":{int(bind.rpartition(':')[2]):04X}"
    with contextlib.suppress(OSError):
        tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("udp", "udp6")]
        fields = [line.split() for table in tables for line in table]
        sockets = {f"socket:[{one[9]}]" for one in fields if one[1].endswith(wanted)}
        folder = Path("/proc", pid_file.read_text().strip(), "fd")
        return any(os.readlink(one) in sockets for one in folder.iterdir())
    return False


def settings_text(file: Path) -> str:
    """An agi-app.toml that was read well before."""
    return file.read_bytes().decode("utf-8-sig")


def _secret(project: Path, settings: Settings, name: str, ask: Callable[[], str]) -> str | None:
    """What the project has; None: its file is not there yet, or it names none. Raises ConfigError for a bad file."""
    table = settings.asterisk if name == "ari" else settings.ami
    if not table.password and (table.password_file is None or not (project / table.password_file).exists()):
        return None
    secret = ask()
    if any(not sign.isprintable() for sign in secret) or secret != secret.strip():
        told = t("the password in {file} has signs that Asterisk's files cannot have", file=table.password_file)
        raise ConfigError(told)
    return secret


def _in_force(settings: Settings, project: Path) -> dict[tuple[str, str], str | int | bool]:
    asterisk, ami = settings.asterisk, settings.ami
    prompts = Path(asterisk.prompts_path)
    same = prompts.is_dir() and prompts.resolve() == (project / "prompts").resolve()
    return {
        ("asterisk", "url"): asterisk.url,
        ("asterisk", "username"): asterisk.username,
        ("asterisk", "password_file"): str(asterisk.password_file or ""),
        ("asterisk", "prompts_path"): str(project / "prompts") if same else asterisk.prompts_path,
        ("ami", "host"): ami.host,
        ("ami", "port"): ami.port,
        ("ami", "username"): ami.username,
        ("ami", "password_file"): str(ami.password_file or ""),
    }


def recording_folder(path: Path) -> RecordingFolder:
    """Where recordings lie: the file system of the path, or of what is above it."""
    best, kind = "", ""
    real = str(path.resolve())
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if len(point) >= len(best) and (real == point or real.startswith(point.rstrip("/") + "/")):
            best, kind = point, system
    try:
        files = len(list(path.iterdir()))
    except OSError:
        files = 0
    return RecordingFolder(path, kind == "tmpfs", files)


def user_name(uid: int) -> str:
    """For messages."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
