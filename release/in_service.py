"""What the kernel, the file system and systemd say of the worker's service."""

from __future__ import annotations

import time
from typing import Any

from release.beside import RECORDINGS
from release.booted import Booted
from release.errors import PackageError
from release.stage import PROJECT, USER, main_process

READY_S = 60.0
MOUNT = "var-spool-asterisk-recording.mount"


def in_force(host: Booted, unit: str) -> dict[str, Any]:
    """What the kernel says of the unit's process, and whether it is kept from writing."""
    pid = main_process(host, unit)
    if not pid:
        raise PackageError(f"{unit} has no process\n{host.run('journalctl', '-u', unit, '-n', '30', '--no-pager')}")
    status = dict(line.split(":\t", 1) for line in host.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
    inside = ("nsenter", f"--target={pid}", "--mount", "--")
    places = {
        place: host.tried(*inside, "touch", f"{place}/written")[1]
        for place in ("/usr", "/etc", "/opt/agi-app", "/var/lib")
    }
    return {
        "user": host.run("stat", "-c", "%U", f"/proc/{pid}").strip(),
        "seccomp": int(status["Seccomp"]),
        "no_new_privs": int(status["NoNewPrivs"]),
        "cap_eff": status["CapEff"].strip(),
        "cap_bnd": status["CapBnd"].strip(),
        "read_only": sorted(place for place, said in places.items() if "Read-only file system" in said),
        "home_hidden": host.tried(*inside, "ls", "/root")[1].strip()
        in ("", "ls: cannot open directory '/root': Permission denied"),
    }


def in_memory(host: Booted) -> str:
    """Whether recordings lie in memory by a unit that systemd starts, also after a restart of Asterisk.

    Raises PackageError when they do not.
    """
    if (state := host.run("systemctl", "is-enabled", MOUNT, check=False).strip()) != "enabled":
        raise PackageError(f"{MOUNT} is {state}")
    host.run("systemctl", "restart", "asterisk")
    if (kind := host.run("findmnt", "--noheadings", "--output", "FSTYPE", RECORDINGS, check=False).strip()) != "tmpfs":
        raise PackageError(f"after a restart of Asterisk {RECORDINGS} is {kind or 'no mount'}")
    host.run("touch", f"{RECORDINGS}/written", user="asterisk")
    host.run("rm", f"{RECORDINGS}/written")
    _until_ready(host)
    return "ok"


def takes_credentials(host: Booted) -> str:
    """Whether the worker works by a secret of /etc/credstore alone. Raises PackageError when it does not."""
    file = f"{PROJECT}/ami-password"
    secret = host.run("cat", file)
    host.run("sh", "-c", "umask 077; cat >/etc/credstore/agi-app.ami.password <$0", file)
    host.file(file).write_text("of another Asterisk\n", "utf-8")
    _restart(host)
    seen = host.run("ls", "/run/credentials/agi-app.service").split()
    host.run("rm", "/etc/credstore/agi-app.ami.password")
    if seen != ["agi-app.ami.password"]:
        raise PackageError(f"credentials of the service: {seen}")
    host.file(file).write_text(secret, "utf-8")
    _restart(host)
    return "ok"


def _restart(host: Booted) -> None:
    try:
        host.run("systemctl", "restart", "agi-app", limit_s=120)
    except PackageError as error:
        log = host.run("journalctl", "-u", "agi-app", "-n", "40", "--no-pager", check=False)
        raise PackageError(f"{error}\n{log}") from error
    _until_ready(host)


def _until_ready(host: Booted) -> None:
    """Until the worker dials or says that nobody is to be called: it reaches Asterisk and AMI."""
    status, end = "", time.monotonic() + READY_S
    while time.monotonic() < end:
        status = host.run("systemctl", "show", "--property=StatusText", "--value", "agi-app").strip()
        if status.startswith("dialling"):
            return
        time.sleep(1)
    log = host.run("journalctl", "-u", "agi-app", "-n", "30", "--no-pager", check=False)
    raise PackageError(f"the worker of {USER} is not ready within {READY_S:.0f} s: {status}\n{log}")
