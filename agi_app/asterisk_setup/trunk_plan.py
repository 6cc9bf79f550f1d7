"""What `agi-app trunk add` and `remove` change: our file of trunks, and the trunk of agi-app.toml. Pure."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from agi_app.asterisk_setup.conf_files import FOLDER, RULE, Conf, ConfSource, read_conf
from agi_app.asterisk_setup.plan import FileChange
from agi_app.asterisk_setup.toml_edits import BOM, TomlValue, with_settings, without_table
from agi_app.asterisk_setup.trunk_conf import (
    CarrierTrunk,
    Protocol,
    block_of,
    blocks,
    transport_block,
    transport_name,
    with_block,
    without_block,
)
from agi_app.asterisk_setup.wanted_files import TRUNKS
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import AuthorError, InputError, NotThere, Problem
from agi_app.messages import t

FILE = f"{FOLDER}/{TRUNKS}"
SRTP = "res_srtp.so"


@dataclass(frozen=True, slots=True)
class TrunkFiles:
    """Where it is written, and what is there. ``resolved``: the addresses of the carrier's host."""

    config: Path
    project: Path
    source: ConfSource
    toml: str
    running: frozenset[str] = frozenset()  # modules
    resolved: tuple[str, ...] = ()
    ca_file: str = ""
    binds: Mapping[str, str] = field(default_factory=dict)  # udp, udp6 … -> where a transport of ours would listen
    phones: frozenset[tuple[str, str]] = frozenset()  # AORs of others with the addresses where they registered


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """The changes of files, and what an admin should know."""

    changes: tuple[FileChange, ...]
    notes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def plan_add(trunk: CarrierTrunk, limits: Mapping[str, TomlValue], files: TrunkFiles) -> TrunkPlan:
    """Write a trunk, or write it again. ``limits``: other settings of `[trunks.NAME]`.

    Raises InputError when setup has not been run, AuthorError for a name that others use, ConfigError.
    """
    theirs = _prepared(files)
    if (other := theirs.section(trunk.name)) is not None:
        told = t("your own file has a section [{name}]: give the trunk another name", name=trunk.name)
        raise AuthorError(Problem(other.file, other.line, 1, RULE, told))
    if trunk.srtp and SRTP not in files.running:
        raise InputError(t("SRTP needs {module}, which this Asterisk has not loaded: install or load it", module=SRTP))
    before = files.source.text(FILE)
    notes: list[str] = []
    text, transport = _with_transport(trunk.protocol, theirs, files, notes)
    notes += _notes_of_phones(trunk, files)
    text = with_block(text, trunk.name, block_of(trunk, transport, _identify(trunk, theirs, files, notes)))
    changes = [FileChange(files.config / FILE, before, text)] if text != before else []
    return TrunkPlan((*changes, *_settings(trunk, limits, files)), tuple(notes), tuple(filter(None, [trunk.password])))


def plan_block(name: str, sections: Callable[[str], str], files: TrunkFiles) -> TrunkPlan:
    """Write a block of PJSIP sections over UDP; ``sections`` makes it of the transport's name. The settings stay.

    Raises InputError when setup has not been run.
    """
    before = files.source.text(FILE)
    notes: list[str] = []
    text, transport = _with_transport("udp", _prepared(files), files, notes)
    text = with_block(text, name, sections(transport))
    return TrunkPlan((FileChange(files.config / FILE, before, text),) if text != before else (), tuple(notes))


def plan_remove(name: str, files: TrunkFiles) -> TrunkPlan:
    """Take a trunk away. Raises NotThere, ConfigError."""
    before = files.source.text(FILE) or ""
    endpoint = tomllib.loads(files.toml.removeprefix(BOM)).get("trunks", {}).get(name, {}).get("endpoint")
    if name not in blocks(before):
        raise NotThere(t("{file}: has no trunk {name}", file=files.config / FILE, name=name))
    changes = [FileChange(files.config / FILE, before, without_block(before, name))]
    if endpoint == _endpoint(name):
        file = files.project / SETTINGS_FILE
        changes.insert(0, FileChange(file, files.toml, without_table(files.toml, ("trunks", name), str(file))))
    return TrunkPlan(tuple(changes))


def _endpoint(name: str) -> str:
    return f"PJSIP/{{number}}@{name}"


def _settings(trunk: CarrierTrunk, limits: Mapping[str, TomlValue], files: TrunkFiles) -> list[FileChange]:
    file = files.project / SETTINGS_FILE
    known = tomllib.loads(files.toml.removeprefix(BOM)).get("trunks", {}).get(trunk.name, {})
    if (endpoint := known.get("endpoint", _endpoint(trunk.name))) != _endpoint(trunk.name):
        told = "{file}: [trunks.{name}] dials {endpoint}: give the new trunk another name"
        raise InputError(t(told, file=file, name=trunk.name, endpoint=endpoint))
    wanted: dict[str, TomlValue] = dict([*limits.items()][::-1])  # each is put at the head
    wanted["endpoint"] = _endpoint(trunk.name)
    edits: dict[tuple[str, ...], TomlValue] = {
        ("trunks", trunk.name, key): value for key, value in wanted.items() if known.get(key) != value
    }
    after = with_settings(files.toml, edits, str(file)) if edits else files.toml
    return [FileChange(file, files.toml, after)] if after != files.toml else []


def _prepared(files: TrunkFiles) -> Conf:
    theirs = read_conf(files.source, "pjsip.conf")
    if files.source.text(f"{FOLDER}/pjsip.conf") is None or not theirs.includes_of_ours("pjsip.conf"):
        raise InputError(t("this Asterisk is not prepared yet: run `agi-app asterisk setup` first"))
    return theirs


def _with_transport(protocol: Protocol, theirs: Conf, files: TrunkFiles, notes: list[str]) -> tuple[str, str]:
    """Our file with a transport of this protocol, if none is there; and the name of the one to use."""
    text = files.source.text(FILE) or ""
    transport, new = _transport(protocol, theirs, files, notes)
    return with_block(text, transport, new) if new else text, transport


def _transport(protocol: Protocol, theirs: Conf, files: TrunkFiles, notes: list[str]) -> tuple[str, str]:
    """By which transport its calls go: one of others if there is one, else ours, with its text if it is new."""
    six = _is_six(files.resolved)
    for one in theirs.of_type("transport"):
        spoken, bind = theirs.value(one, "protocol"), theirs.value(one, "bind")
        if (spoken.value.lower() if spoken else "udp") != protocol:
            continue
        if bind is not None and (bind.value.count(":") > 1) != six:
            continue
        if bind is not None and bind.value.startswith(("127.", "[::1]")) and not _loopback(files.resolved):
            told = "{place}: this transport listens on {bind} alone, which no carrier can reach"
            notes.append(t(told, place=bind.place, bind=bind.value))
            continue
        return one.name, ""
    return _own_transport(protocol, files, six=six)


def _own_transport(protocol: Protocol, files: TrunkFiles, *, six: bool) -> tuple[str, str]:
    """Our transport. A running one keeps its certificates, so another file of them has another transport."""
    of_setup, of_trunks = read_conf(files.source, f"{FOLDER}/pjsip.conf"), read_conf(files.source, FILE)
    for number in count(1):
        name = transport_name(protocol, six=six, number=number)
        conf = of_setup if of_setup.section(name) else of_trunks
        known = conf.section(name)
        if known is None:
            anywhere = "[::]:0" if six else "0.0.0.0:0"
            bind = anywhere if number > 1 else files.binds.get(f"{protocol}{'6' if six else ''}", anywhere)
            return name, transport_block(name, protocol, bind, files.ca_file)
        trusted = conf.value(known, "ca_list_file")
        if protocol != "tls" or (trusted is not None and trusted.value == files.ca_file):
            return name, ""
    raise AssertionError  # it counts on


def _is_six(addresses: tuple[str, ...]) -> bool:
    """Whether a host has addresses of IPv6 alone."""
    return bool(addresses) and all(ipaddress.ip_address(one.partition("%")[0]).version == 6 for one in addresses)


def _notes_of_phones(trunk: CarrierTrunk, files: TrunkFiles) -> list[str]:
    """Telephones of this Asterisk whose calls would be taken for the carrier's."""
    told = "{phone} is at {address}, too: its calls may be taken for those of this trunk"
    found = sorted((aor, address) for aor, address in files.phones if _covers(address, _wanted(trunk, files)))
    return [t(told, phone=aor, address=address) for aor, address in found]


def _wanted(trunk: CarrierTrunk, files: TrunkFiles) -> set[str]:
    """Addresses and networks of which calls are the trunk's."""
    wanted = trunk.matches or (trunk.host,)
    return {*wanted, *(files.resolved if trunk.host in wanted else ())}


def _loopback(addresses: tuple[str, ...]) -> bool:
    return bool(addresses) and all(ipaddress.ip_address(one).is_loopback for one in addresses)


def _identify(trunk: CarrierTrunk, theirs: Conf, files: TrunkFiles, notes: list[str]) -> list[str]:
    """What identifies its calls, without addresses that are another endpoint's already: those calls go on as before."""
    wanted, addresses = list(trunk.matches or (trunk.host,)), _wanted(trunk, files)
    for section in theirs.of_type("identify"):
        for option in section.options:
            if option.name.lower() != "match" or not _covers(option.value, addresses):
                continue
            owner = theirs.value(section, "endpoint")
            told = (
                "{place}: calls from {match} are those of {owner} already, and stay so; only calls out use this trunk"
            )
            notes.append(t(told, place=option.place, match=option.value, owner=owner.value if owner else section.name))
            return []
    return wanted


def _covers(match: str, addresses: set[str]) -> bool:
    for one in (part.strip() for part in match.split(",")):
        if one in addresses:
            return True
        try:
            network = ipaddress.ip_network(one, strict=False)
        except ValueError:
            continue
        for address in addresses:
            try:
                known = ipaddress.ip_network(address, strict=False)
            except ValueError:
                continue
            if known.version == network.version and known.overlaps(network):
                return True
    return False
