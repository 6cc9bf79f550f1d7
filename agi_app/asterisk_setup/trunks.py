"""Trunks written, taken away and tested: files of this host, and Asterisk's own console. Blocks."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agi_app.asterisk_setup.conf_files import read_conf
from agi_app.asterisk_setup.config_folder import ConfigFolder
from agi_app.asterisk_setup.console import AsteriskConsole
from agi_app.asterisk_setup.look import SetupChoices, is_free, only_one_project, process_of, settings_text
from agi_app.asterisk_setup.toml_edits import TomlValue
from agi_app.asterisk_setup.trunk_conf import TRANSPORT_PORTS, CarrierTrunk, blocks, checked
from agi_app.asterisk_setup.trunk_plan import FILE, TrunkFiles, TrunkPlan, plan_add, plan_block, plan_remove
from agi_app.asterisk_setup.write import ConfigWriter, reload
from agi_app.campaigns.project.read_project import read_project
from agi_app.config.settings import SETTINGS_FILE, load_settings
from agi_app.errors import AsteriskError, InputError
from agi_app.messages import t

CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
PATIENCE_S = 10.0
RELOAD = "module reload res_pjsip.so"
ANSWERS, SILENT = "Avail", "Unavail"
_UNANSWERED_S = 4.0  # Asterisk waits 3 s for an answer
_ANSWER = re.compile(r"^ *Contact: +[^<\s]\S*\s+\S+\s+(\w+)(?: +([0-9.]+))?", re.MULTILINE)
_CODECS = re.compile(r"^ +\d+ +audio +(\S+) +(\S+)", re.MULTILINE)
_CONTACT = re.compile(r"^ *Contact: +([^/\s<]+)/sips?:(?:[^@\s]*@)?(\[[^\]\s]+\]|[^:;>\s]+)", re.MULTILINE)
_REGISTERED = re.compile(r"^ *[^<\s]\S*/sips?:\S*\s+\S+\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PreparedTrunk:
    """A change of trunks that is planned; nothing has been written."""

    console: AsteriskConsole
    folder: ConfigFolder
    project: Path
    uid: int
    gid: int
    plan: TrunkPlan

    @property
    def empty(self) -> bool:
        """Nothing would be changed, and Asterisk has read what is there."""
        return not self.plan.changes and not self.folder.unread()


@dataclass(frozen=True, slots=True)
class TrunkState:
    """A trunk of our file. ``answer`` of OPTIONS and ``registration`` as Asterisk has them, empty for none."""

    name: str
    contact: str
    user: str
    srtp: bool
    answer: str
    registration: str
    milliseconds: float | None  # from OPTIONS to its answer, of the last time

    @property
    def well(self) -> bool:
        """It answers, and is registered if it should be."""
        return self.answer == ANSWERS and self.registration in ("", "Registered")


def prepare_add(
    project: Path, choices: SetupChoices, trunk: CarrierTrunk, limits: Mapping[str, TomlValue], ca_file: Path | None
) -> PreparedTrunk:
    """Plan a trunk. Raises InputError, AuthorError, AsteriskError, ConfigError."""
    checked(trunk)
    settings = load_settings(project)
    console, folder, uid, gid = _asterisk(project, choices)
    for match in trunk.matches:
        if not re.fullmatch(r"[0-9.]+|.*[:/].*", match):
            _addresses(match)
    _known_codecs(console, trunk.codecs)
    toml = settings.project / SETTINGS_FILE
    files = TrunkFiles(
        folder.folder, project.resolve(), folder, settings_text(toml), console.modules(), _addresses(trunk.host),
        _ca_file(ca_file) if trunk.protocol == "tls" else "", _binds(), _phones(console, folder),
    )  # fmt: skip
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, _valid(plan_add(trunk, limits, files), project))


def _valid(plan: TrunkPlan, project: Path) -> TrunkPlan:
    """What the worker would refuse is not written. Raises ConfigError."""
    for change in plan.changes:
        if change.file.name == SETTINGS_FILE:
            load_settings(project, change.after)
    return plan


def _binds() -> dict[str, str]:
    """Where a transport of ours would listen: at the usual port, if it is free."""
    found = {}
    for protocol, port in TRANSPORT_PORTS.items():
        for name, host in ((protocol, "0.0.0.0"), (f"{protocol}6", "[::]")):
            free = is_free(f"{host}:{port}", stream=protocol != "udp")
            found[name] = f"{host}:{port if free else 0}"
    return found


def _known_codecs(console: AsteriskConsole, wanted: Iterable[str]) -> None:
    """InputError for a codec that this Asterisk does not know."""
    known = {name for row in _CODECS.findall(console.ask("core show codecs audio")) for name in row}
    for codec in wanted:
        if known and codec not in known:
            told = "{codec!r}: this Asterisk has no such codec; it has {known}"
            raise InputError(t(told, codec=codec, known=" ".join(sorted(known))))


def _phones(console: AsteriskConsole, folder: ConfigFolder) -> frozenset[tuple[str, str]]:
    """Those that registered, and the contacts of others, by their addresses."""
    ours = set(blocks(folder.text(FILE) or ""))
    found = set()
    for aor, host in _CONTACT.findall(console.ask("pjsip show contacts")):
        with contextlib.suppress(ValueError):
            if aor not in ours:
                found.add((aor, str(ipaddress.ip_address(host.strip("[]")))))
    return frozenset(found)


def prepare_block(project: Path, choices: SetupChoices, name: str, sections: Callable[[str], str]) -> PreparedTrunk:
    """Plan a block of PJSIP sections that lead to this host alone; the settings stay.

    Raises InputError, AsteriskError, ConfigError.
    """
    console, folder, uid, gid = _asterisk(project, choices)
    files = TrunkFiles(folder.folder, project.resolve(), folder, "", resolved=("127.0.0.1",), binds=_binds())
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, plan_block(name, sections, files))


def prepare_remove(project: Path, choices: SetupChoices, name: str) -> PreparedTrunk:
    """Plan to take a trunk away. Raises NotThere, AsteriskError, ConfigError."""
    settings = load_settings(project)
    console, folder, uid, gid = _asterisk(project, choices)
    text = settings_text(settings.project / SETTINGS_FILE)
    files = TrunkFiles(folder.folder, project.resolve(), folder, text)
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, _valid(plan_remove(name, files), project))


def calling_by(project: Path, name: str) -> list[str]:
    """The campaigns of the project's files that call by a trunk. Raises ConfigError."""
    settings = load_settings(project)
    found = read_project(settings.project, settings.trunks).campaigns
    return sorted(each for each, source in found.items() if source.parsed.campaign.trunk == name)


def write_trunk(prepared: PreparedTrunk) -> list[str]:
    """Do it, and have Asterisk read it; returns what it refused. Raises ConfigError, AsteriskError."""
    unread = prepared.folder.unread()
    writer = ConfigWriter(prepared.folder, prepared.project, prepared.uid, prepared.gid)
    writer.write(prepared.plan.changes)
    failed = reload(prepared.console, dict.fromkeys([*unread, RELOAD]))
    if not failed:
        writer.confirm()
    return failed


def states(project: Path, choices: SetupChoices) -> list[TrunkState]:
    """The trunks of our file as they are now. Raises AsteriskError, ConfigError."""
    console, folder, _, _ = _asterisk(project, choices)
    text = folder.text(FILE) or ""
    return [_state(console, folder, name) for name in blocks(text) if not name.startswith("agi-app-")]


def probe(project: Path, choices: SetupChoices, name: str, patience: float = PATIENCE_S) -> TrunkState:
    """Send OPTIONS to a trunk's carrier and wait for its answer, and for a registration, ``patience`` seconds.

    Raises InputError for an unknown trunk, AsteriskError when the carrier does not answer.
    """
    console, folder, _, _ = _asterisk(project, choices)
    if name not in blocks(folder.text(FILE) or ""):
        raise InputError(t("{file}: has no trunk {name}", file=folder.folder / FILE, name=name))
    state = before = _state(console, folder, name)
    begun = time.monotonic()
    console.ask(f"pjsip qualify {name}")
    while (waited := time.monotonic() - begun) < patience:
        state = _state(console, folder, name)
        answered = state.milliseconds != before.milliseconds or waited > _UNANSWERED_S  # an old answer is none
        if (state.well and answered) or (state.answer == SILENT and waited > _UNANSWERED_S):
            break
        time.sleep(0.3)
    if state.answer != ANSWERS:
        told = "{contact} does not answer OPTIONS ({answer}): is the address right, and does a firewall let it through?"
        raise AsteriskError(t(told, contact=state.contact, answer=state.answer or "Unknown"))
    if not state.well:
        told = "{contact} answers OPTIONS, and the registration is {registration}: are user and password right?"
        raise AsteriskError(t(told, contact=state.contact, registration=state.registration))
    return state


def _state(console: AsteriskConsole, folder: ConfigFolder, name: str) -> TrunkState:
    conf = read_conf(folder, FILE)
    sections = [one for one in conf.sections if one.name == name]
    values = {(o.value if o.name == "type" else "", o.name): o.value for one in sections for o in one.options}
    values |= {("", option.name): option.value for one in sections for option in one.options}
    answer = _ANSWER.search(console.ask(f"pjsip show aor {name}"))
    registration = ""
    if ("registration", "type") in values:
        found = _REGISTERED.search(console.ask(f"pjsip show registration {name}"))
        registration = found[1] if found else "Unregistered"
    return TrunkState(
        name,
        values.get(("", "contact"), ""),
        values.get(("", "username"), ""),
        values.get(("", "media_encryption")) == "sdes",
        answer[1] if answer else "",
        registration,
        float(answer[2]) if answer and answer[2] else None,
    )


def _asterisk(project: Path, choices: SetupChoices) -> tuple[AsteriskConsole, ConfigFolder, int, int]:
    console = AsteriskConsole(choices.program, choices.config)
    host = console.host()
    folder = ConfigFolder(host.config)
    only_one_project(folder, project.resolve())
    process = process_of(host)
    return console, folder, process.uid, process.gid


def _addresses(host: str) -> tuple[str, ...]:
    """Of a host; InputError when it has none now, for then Asterisk has none either."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise InputError(t("{host}: has no address ({error})", host=host, error=error)) from error
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def _ca_file(given: Path | None) -> str:
    places = [given] if given is not None else [Path(one) for one in CA_FILES]
    for place in places:
        if place.is_file():
            return str(place.resolve())
    told = "{file}: has no certificates to check the carrier by: install ca-certificates, or name a file by --ca-file"
    raise InputError(t(told, file=places[0]))
