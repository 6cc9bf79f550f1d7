"""What setup knows of an Asterisk, of its host and of the project, before it decides. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agi_app.errors import AsteriskError
from agi_app.messages import t

_SETTING = re.compile(r"^ ++([^\s:][^:\n]*+)::? ++(.*)$", re.MULTILINE)
_TRANSPORT = re.compile(r"^ *Transport: +([^\s<]+)", re.MULTILINE)
_MODULE = re.compile(r"^(\S+\.so)\b.*\bRunning\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AsteriskHost:
    """An Asterisk as it describes itself (`core show settings`)."""

    version: str
    config: Path
    spool: Path
    modules: Path
    pid_file: Path
    entityid: str

    @property
    def recordings(self) -> Path:
        """Where ARI stores what it records."""
        return self.spool / "recording"


def host_of(told: str) -> AsteriskHost:
    """Read what `core show settings` printed. Raises AsteriskError when it is something else."""
    known = {name.rstrip(): value.rstrip() for name, value in _SETTING.findall(told)}
    try:
        return AsteriskHost(
            known["Version"].split("+")[0].split("~")[0],
            Path(known["Configuration directory"]),
            Path(known["Spool directory"]),
            Path(known["Module directory"]),
            Path(known["PID file"]),
            known.get("Entity ID", ""),
        )
    except KeyError as error:
        message = "Asterisk does not say its {what} (`core show settings`); agi-app needs 20.16, 22.6 or a later LTS"
        raise AsteriskError(t(message, what=str(error).strip("'"))) from error


def running_modules(told: str) -> frozenset[str]:
    """Read what `module show` printed."""
    return frozenset(_MODULE.findall(told))


def transports_of_others(told: str) -> frozenset[str]:
    """Read what `pjsip show transports` printed."""
    return frozenset(name for name in _TRANSPORT.findall(told) if not name.startswith("agi-app-"))


@dataclass(frozen=True, slots=True)
class RecordingFolder:
    """Where recordings lie for a moment. ``files``: how many are in it, which a new tmpfs would hide."""

    path: Path
    tmpfs: bool
    files: int = 0


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """All that is known. Secrets are those in use, or new ones."""

    asterisk: AsteriskHost
    project: Path
    ari_user: str
    ari_password: str
    ami_user: str
    ami_password: str
    running: frozenset[str]  # modules
    installed: frozenset[str]  # modules whose file is there
    uid: int  # of Asterisk's process
    gid: int
    recording: RecordingFolder
    settings: Mapping[tuple[str, str], str | int | bool]  # those of agi-app.toml in force, of which setup judges
    settings_text: str
    secrets_there: frozenset[str] = frozenset()  # of "ari", "ami": the project has them already
    sip_bind: str = "0.0.0.0:5060"
    sip_free: bool = True
    transports: frozenset[str] = frozenset()  # of SIP that Asterisk has, without ours
    tmpfs: bool = True  # make the recording folder one
    systemd: bool = True
    root: bool = True
    outside: tuple[str, str] | None = None  # agi-app's user and Asterisk's group, of which it is no member
    agi_token: str = ""
    agi_address: str = "127.0.0.1:4573"
    shipped: Mapping[str, str] = field(default_factory=dict)  # our dialplan files
