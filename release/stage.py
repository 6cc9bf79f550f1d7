"""The stage of a check: a booted clean root with agi-app's package, a sandbox beside it, and what an admin types."""

from __future__ import annotations

import json
import re
import shlex
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
SANDBOX_S, CAMPAIGN_S, MIDWAY_S = 60.0, 240.0, 90.0
# Where folders of the machine are seen in the root: the sandbox's Asterisk, the clone, and the package.
ASTERISK, CLONE, PACKAGES = "/asterisk", "/src", "/packages"
_ENVIRONMENT = ("env", f"AGI_APP_ASTERISK_ROOT={ASTERISK}", "AGI_APP_CACHE=/tmp/cache", "PYTHONDONTWRITEBYTECODE=1")
_INSTALLED = (*_ENVIRONMENT, "agi-app", "sandbox")
_CLONED = ("env", "-C", CLONE, *_ENVIRONMENT[1:], "python3", "-m", "sandbox")


class Admin:
    """Types commands in the root, and notes them: what it takes to get to the first call is a figure."""

    def __init__(self, host: Booted) -> None:
        self.host = host
        self.typed: list[str] = []
        self.began = time.time()

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
    """An Asterisk and a carrier in the root, by the package's own ``agi-app sandbox up``; a context manager.

    ``from_clone``: by the clone's, for a package of a version that has none. ``slow``: one new call a second, so that
    something can happen while it dials. ``without``: beginnings of tables and settings that the package does not know.
    """

    def __init__(
        self, host: Booted, *, from_clone: bool = False, slow: bool = False, without: tuple[str, ...] = ()
    ) -> None:
        self._slow, self._without = slow, without
        self._host = host
        self._command = _CLONED if from_clone else _INSTALLED
        self._child: subprocess.Popen[bytes] | None = None
        self._capture, self._port = "", 0

    def __enter__(self) -> Self:
        words = [*self._host.enter(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
        self._child = subprocess.Popen(
            [*words, *self._command, "up", "--project", PROJECT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            state = json.loads(self._host.wait("sandbox", *self._command, "status", limit_s=SANDBOX_S))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._settings()
        self._capture, self._port = str(state["capture"]), int(state["carrier_port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PackageError, OSError):
            self._host.run(*self._command, "down", check=False)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(20)
            self._child.kill()
            self._child.wait()
        # Its copy of the settings was root's.
        self._host.run("chown", f"{USER}:{USER}", f"{PROJECT}/agi-app.toml", check=False)

    def _settings(self) -> None:
        file = self._host.file(f"{PROJECT}/agi-app.toml")
        parts = re.split(r"(?m)^(?=\[|approval)", file.read_text("utf-8"))
        text = "".join(part for part in parts if not part.startswith(self._without))
        file.write_text(
            text.replace("calls_per_second = 10\n", "calls_per_second = 1\n") if self._slow else text, "utf-8"
        )

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


def begin(admin: Admin, clinic: str = CLINIC) -> None:
    """Start the clinic's campaign and the worker, as an admin would."""
    admin.app("callerid", "prove", CALLER_ID, "--letter", "caller-id-letter.txt")
    admin.app("consent", "import", f"{clinic}/consent.csv")
    admin.app("contacts", "import", CAMPAIGN, f"{clinic}/contacts.csv")
    admin.app("campaign", "start", CAMPAIGN)
    admin.types("systemctl", "enable", "--now", "agi-app")


def until_done(admin: Admin, contacts: int) -> None:
    """Wait until so many contacts are done. Raises PackageError with the worker's log when they never are."""
    end = time.monotonic() + MIDWAY_S
    while admin.ask("campaign", "status", CAMPAIGN, "--json")["done"] < contacts:
        if time.monotonic() > end:
            log = admin.host.run("journalctl", "-u", "agi-app", "-n", "40", "--no-pager", check=False)
            raise PackageError(f"fewer than {contacts} contacts are done within {MIDWAY_S:.0f} s\n{log}")
        time.sleep(1)


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
