"""Looks at an Asterisk of this host and at a project, and says what setup would change. Blocks; changes nothing."""

from __future__ import annotations

import contextlib
import grp
import ipaddress
import os
import pwd
import secrets
import shlex
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from agi_app.asterisk_setup.conf_files import FOLDER, read_conf
from agi_app.asterisk_setup.config_folder import ConfigFolder
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.facts import AsteriskHost, RecordingFolder, SetupFacts
from agi_app.asterisk_setup.listeners import deaf, holds
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
USUAL_BIND = "0.0.0.0:5060"


@dataclass(frozen=True, slots=True)
class SetupChoices:
    """What an admin chose. ``program``: Asterisk's own, else found; ``config``: its folder, else its default."""

    program: Path | None = None
    config: Path | None = None
    sip_bind: str = ""  # where a transport of ours listens; "": where it does, else USUAL_BIND
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
    if folder.ours.exists() and not folder.ours.is_dir():
        raise ConfigError(t("{path}: is not a folder, and agi-app needs one there: move it away", path=folder.ours))
    only_one_project(folder, project)
    process = process_of(host)
    bind = choices.sip_bind or _our_bind(folder) or USUAL_BIND
    facts = _facts(settings, project, host, console, choices, process, bind)
    plan = plan_of(facts, folder)
    if unread := folder.unread():  # an earlier run was stopped before Asterisk had read it all
        plan = replace(plan, commands=tuple(dict.fromkeys((*unread, *plan.commands))))
    try:
        above, inside = looked_at(project)
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {why}", file=error.filename, why=why(error))) from error
    changes, notes = access_changes(above, inside, process.uid, process.groups)
    notes += _other_asterisks(process.pid)
    return PreparedSetup(console, folder, facts, plan, tuple(changes), (*plan.notes, *notes))


def _other_asterisks(pid: int) -> list[str]:
    """Those that run on this host beside the one that is set up."""
    told = "another Asterisk runs here ({started}): to set up that one, name its folder by --config-dir"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            argv = (process / "cmdline").read_bytes().decode(errors="replace").strip("\0").split("\0")
            at = Path(argv[0]).name == "asterisk" and "-rx" not in argv and process.name != str(pid)
            if at and (process / "exe").samefile(f"/proc/{pid}/exe") and _same_host(process, pid):
                found.append(t(told, started=shlex.join(argv)))
    return sorted(found)


def _same_host(process: Path, pid: int) -> bool:
    """Not one of a container, which has other files."""
    return (process / "ns" / "mnt").readlink() == Path(f"/proc/{pid}/ns/mnt").readlink()


def folder_of(choices: SetupChoices) -> Path:
    """Asterisk's configuration folder. Raises AsteriskError."""
    return AsteriskConsole(choices.program, choices.config).host().config


def told_deaf(settings: Settings) -> list[str]:
    """Where Asterisk takes connections of agi-app and says nothing, in words."""
    ari = urlsplit(settings.asterisk.url)
    tried = []
    if ari.scheme == "http":
        tried.append((ari.hostname or "", ari.port or 80, b"GET /httpstatus HTTP/1.0\r\n\r\n"))
    tried.append((settings.ami.host, settings.ami.port, b""))
    told = (
        "Asterisk takes connections at {host}:{port} and does not answer there: restart it, which ends its calls "
        "(`systemctl restart asterisk`), and run this again"
    )
    return [t(told, host=host, port=port) for host, port, greeting in tried if deaf(host, port, greeting)]


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


@dataclass(frozen=True, slots=True)
class AsteriskProcess:
    """Asterisk's process; ``groups`` are all its groups, the main one first."""

    pid: int
    uid: int
    gid: int
    groups: tuple[int, ...]


def process_of(host: AsteriskHost) -> AsteriskProcess:
    """Asterisk's process. Raises ConfigError."""
    try:
        pid = int(host.pid_file.read_text())
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError as error:
        raise ConfigError(t("{file}: cannot be read: {why}", file=host.pid_file, why=why(error))) from error
    except ValueError as error:
        raise ConfigError(t("{file}: does not say Asterisk's process", file=host.pid_file)) from error
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    uid, gid = int(lines["Uid"].split()[1]), int(lines["Gid"].split()[1])
    others = (group for group in map(int, lines["Groups"].split()) if group != gid)
    return AsteriskProcess(pid, uid, gid, (gid, *others))


def _our_bind(folder: ConfigFolder) -> str:
    """Where the transport that setup wrote listens; "" for none."""
    conf = read_conf(folder, f"{FOLDER}/pjsip.conf")
    found = conf.option("agi-app-udp", "bind")
    return found.value if found is not None else ""


def _facts(
    settings: Settings, project: Path, host: AsteriskHost, console: AsteriskConsole, choices: SetupChoices,
    process: AsteriskProcess, bind: str,
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
        uid=process.uid,
        gid=process.gid,
        recording=recording_folder(host.recordings),
        settings=_in_force(settings, project),
        settings_text=settings_text(project / SETTINGS_FILE),
        secrets_there=frozenset(there),
        sip_bind=bind,
        sip_free=is_free(bind) or holds(process.pid, int(bind.rpartition(":")[2])),
        tmpfs=choices.tmpfs,
        systemd=SYSTEMD.is_dir(),
        root=os.geteuid() == 0,
        outside=_outside(project, process.uid, process.gid),
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


def settings_text(file: Path) -> str:
    """An agi-app.toml that was read well before."""
    return file.read_bytes().decode()


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
