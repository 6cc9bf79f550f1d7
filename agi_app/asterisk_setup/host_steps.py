"""What setup changes of the host itself: the recording folder in memory, and who may read the prompts. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from agi_app.asterisk_setup.facts import SetupFacts
from agi_app.messages import t

SIZE = "256m"  # 100 recorded calls of two minutes at once
_UNIT = """\
# Written by `agi-app asterisk setup`. What people say lies here for a moment, and must never reach the disk.
[Unit]
Description=Recordings of calls, in memory
Before=asterisk.service

[Mount]
What=tmpfs
Where={path}
Type=tmpfs
Options=size={size},mode=0750,uid={uid},gid={gid},nosuid,nodev,noexec

[Install]
WantedBy=local-fs.target
"""
_FSTAB = "tmpfs {path} tmpfs size={size},mode=0750,uid={uid},gid={gid},nosuid,nodev,noexec 0 0\n"


@dataclass(frozen=True, slots=True)
class HostStep:
    """A file of the host to be written, or a line to be added to one; the commands behind it, and their undoing.

    ``file`` "": commands alone.
    """

    file: str = ""
    text: str = ""
    added: bool = False  # to the end of the file; else the file is ours
    do: tuple[tuple[str, ...], ...] = ()
    undo: tuple[tuple[str, ...], ...] = ()


def recording_steps(facts: SetupFacts) -> tuple[list[HostStep], list[str]]:
    """The folder of recordings as a tmpfs, unless it is one; else what an admin has to do."""
    folder = facts.recording
    if folder.tmpfs or not facts.tmpfs:
        return [], []
    values = {"path": folder.path, "size": SIZE, "uid": facts.uid, "gid": facts.gid}
    line = _FSTAB.format(**{**values, "path": str(folder.path).replace(" ", "\\040")})
    if folder.files:
        told = "{path} has {files} files, which a tmpfs would hide: move them, and run this again"
        return [], [t(told, path=folder.path, files=folder.files)]
    if not facts.root:
        told = "only root can make {path} a tmpfs, so that nothing said reaches the disk: add to /etc/fstab: {line}"
        return [], [t(told, path=folder.path, line=line.strip())]
    if facts.systemd:
        unit = f"{escaped_path(str(folder.path))}.mount"
        return [HostStep(
            f"/etc/systemd/system/{unit}", _UNIT.format(**values),
            do=(("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", unit)),
            undo=(("systemctl", "disable", "--now", unit),),
        )], []  # fmt: skip
    mount = ("mount", str(folder.path))
    return [HostStep("/etc/fstab", line, added=True, do=(mount,), undo=(("umount", str(folder.path)),))], []


def group_steps(facts: SetupFacts) -> tuple[list[HostStep], list[str]]:
    """agi-app's user in Asterisk's group, which alone reads what is spoken for one person; else what an admin does."""
    if facts.outside is None:
        return [], []
    user, group = facts.outside
    add = ("usermod", "-aG", group, user)
    if facts.root:
        return [HostStep(do=(add,), undo=(("gpasswd", "-d", user, group),))], []
    told = "{name} must be in Asterisk's group, for prompts that are made for one person: usermod -aG {group} {name}"
    return [], [t(told, name=user, group=group)]


def escaped_path(path: str) -> str:
    """The name of a mount unit for a path, as systemd has it (`systemd-escape --path`)."""
    inner = path.strip("/") or "-"
    kept = re.sub(r"[^A-Za-z0-9:_./]", lambda sign: "".join(f"\\x{byte:02x}" for byte in sign[0].encode()), inner)
    return re.sub(r"\A\.", r"\\x2e", kept).replace("/", "-")


def shown_commands(step: HostStep) -> list[str]:
    """The commands of a step, as they are shown before anything is done."""
    return [shlex.join(command) for command in step.do]
