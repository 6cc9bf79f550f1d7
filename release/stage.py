"""The stage of a check: a booted clean root with agi-app's package, a sandbox beside it, and what an admin types."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from release.booted import Booted
from release.errors import PackageError
from sandbox.sip import CarrierCall, read_calls

USER = "agi-app"
PROJECT = "/var/lib/agi-app/project"
CAMPAIGN = "march-checkup"
CALLER_ID = "+999862155500001"
CLINIC = "/usr/share/doc/agi-app/examples/clinic"
SANDBOX_S, CAMPAIGN_S = 60.0, 240.0
ASTERISK = "/asterisk"  # where the sandbox's Asterisk is seen in the root
_SANDBOX = ("env", f"AGI_APP_ASTERISK_ROOT={ASTERISK}", "AGI_APP_CACHE=/tmp/cache", "agi-app", "sandbox")


class Admin:
    """Types commands in the root, and notes them: what it takes to get to the first call is a figure."""

    def __init__(self, host: Booted) -> None:
        self.host = host
        self.typed: list[str] = []

    def types(self, *command: str) -> str:
        """Run a command as root. Raises PackageError when it fails."""
        self.typed.append(shlex.join(command))
        return self.host.run(*command)

    def app(self, *words: str, note: bool = True) -> str:
        """Run agi-app as its user, in its project. Raises PackageError when it fails."""
        command = ("runuser", "-u", USER, "--", "agi-app", *words)
        if note:
            self.typed.append(shlex.join(command))
        return self.host.run("env", "-C", PROJECT, *command) if words[0] != "init" else self.host.run(*command)

    def ask(self, *words: str) -> Any:
        """The JSON that a command of agi-app prints."""
        return json.loads(self.app(*words, note=False))


class Sandbox:
    """An Asterisk and a carrier in the root, by the package's own ``agi-app sandbox up``; a context manager."""

    def __init__(self, host: Booted) -> None:
        self._host = host
        self._child: subprocess.Popen[bytes] | None = None
        self._capture, self._port = "", 0

    def __enter__(self) -> Self:
        words = [*self._host.enter(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
        self._child = subprocess.Popen(
            [*words, *_SANDBOX, "up", "--project", PROJECT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            state = json.loads(self._host.wait("sandbox", *_SANDBOX, "status", limit_s=SANDBOX_S))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._capture, self._port = str(state["capture"]), int(state["carrier_port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PackageError, OSError):
            self._host.run(*_SANDBOX, "down", check=False)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(20)
            self._child.kill()
            self._child.wait()
        # Its copy of the settings was root's.
        self._host.run("chown", f"{USER}:{USER}", f"{PROJECT}/agi-app.toml", check=False)

    def calls(self) -> list[CarrierCall]:
        """Every call that the carrier saw."""
        return read_calls(self._host.file(self._capture), {self._port})


def main_process(host: Booted, unit: str) -> int:
    """The number of the unit's process in the root; 0 when it has none."""
    return int(host.run("systemctl", "show", "--property=MainPID", "--value", unit).strip())


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


def settle(admin: Admin, campaign: str = CAMPAIGN) -> dict[str, Any]:
    """Wait until nobody of the campaign is called or due any longer; its status then."""
    end = time.monotonic() + CAMPAIGN_S
    while time.monotonic() < end:
        status: dict[str, Any] = admin.ask("campaign", "status", campaign, "--json")
        if not status["open_attempts"] and not status["due_now"]:
            return status
        time.sleep(1)
    log = admin.host.run("journalctl", "-u", "agi-app", "-n", "40", "--no-pager", check=False)
    raise PackageError(f"campaign {campaign} did not come to its end within {CAMPAIGN_S:.0f} s\n{log}")


def kill(host: Booted, unit: str, sign: signal.Signals) -> None:
    """Send a signal to the unit's main process alone."""
    host.run("kill", f"-{sign.value}", str(main_process(host, unit)))
