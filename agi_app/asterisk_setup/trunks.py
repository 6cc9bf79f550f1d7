"""Trunks written, taken away and tested: files of this host, and Asterisk's own console. Blocks."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
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
from agi_app.config.settings import SETTINGS_FILE, load_settings
from agi_app.errors import AsteriskError, InputError
from agi_app.messages import t

CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
PATIENCE_S = 10.0
RELOAD = "module reload res_pjsip.so"
ANSWERS, SILENT = "Avail", "Unavail"
_UNANSWERED_S = 4.0  # Asterisk waits 3 s for an answer
_ANSWER = re.compile(r"^ *Contact: +[^<\s]\S*\s+\S+\s+(\w+)(?: +([0-9.]+))?", re.MULTILINE)
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
    files = TrunkFiles(
        folder.folder, project.resolve(), folder, settings_text(settings.project / SETTINGS_FILE), console.modules(),
        _addresses(trunk.host), _ca_file(ca_file) if trunk.protocol == "tls" else "", _free_binds(),
    )  # fmt: skip
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, plan_add(trunk, limits, files))


def prepare_block(project: Path, choices: SetupChoices, name: str, sections: Callable[[str], str]) -> PreparedTrunk:
    """Plan a block of PJSIP sections that lead to this host alone; the settings stay.

    Raises InputError, AsteriskError, ConfigError.
    """
    console, folder, uid, gid = _asterisk(project, choices)
    files = TrunkFiles(folder.folder, project.resolve(), folder, "", resolved=("127.0.0.1",), binds=_free_binds())
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, plan_block(name, sections, files))


def prepare_remove(project: Path, choices: SetupChoices, name: str) -> PreparedTrunk:
    """Plan to take a trunk away. Raises NotThere, AsteriskError, ConfigError."""
    settings = load_settings(project)
    console, folder, uid, gid = _asterisk(project, choices)
    text = settings_text(settings.project / SETTINGS_FILE)
    files = TrunkFiles(folder.folder, project.resolve(), folder, text)
    return PreparedTrunk(console, folder, project.resolve(), uid, gid, plan_remove(name, files))


def write_trunk(prepared: PreparedTrunk) -> list[str]:
    """Do it, and have Asterisk read it; returns what it refused. Raises ConfigError, AsteriskError."""
    writer = ConfigWriter(prepared.folder, prepared.project, prepared.uid, prepared.gid)
    writer.write(prepared.plan.changes)
    return reload(prepared.console, [RELOAD])


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
    uid, gid, _ = process_of(host)
    return console, folder, uid, gid


def _free_binds() -> dict[str, str]:
    """Where a transport of ours would listen, by its protocol."""
    binds = {}
    for protocol, port in TRANSPORT_PORTS.items():
        usual = f"0.0.0.0:{port}"
        binds[protocol] = usual if is_free(usual, stream=protocol != "udp") else "0.0.0.0:0"
    return binds


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
