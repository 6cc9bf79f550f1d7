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
STOP_HEARD_S, TALKS = 3.0, 2
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
    ``ends_within``: seconds that calls may go on when the worker is told to end.
    """

    def __init__(
        self,
        host: Booted,
        *,
        from_clone: bool = False,
        slow: bool = False,
        without: tuple[str, ...] = (),
        ends_within: int | None = None,
    ) -> None:
        self._slow, self._without, self._ends_within = slow, without, ends_within
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
        if self._command is _CLONED:  # the clone's copy of the settings was root's
            self._host.run("chown", f"{USER}:{USER}", f"{PROJECT}/agi-app.toml", check=False)

    def _settings(self) -> None:
        file = self._host.file(f"{PROJECT}/agi-app.toml")
        parts = re.split(r"(?m)^(?=\[|approval)", file.read_text("utf-8"))
        text = "".join(part for part in parts if not part.startswith(self._without))
        if self._slow:
            text = text.replace("calls_per_second = 10\n", "calls_per_second = 1\n")
        if self._ends_within is not None:
            text = text.replace("[asterisk]\n", f"[asterisk]\ncalls_end_within = {self._ends_within}\n")
        file.write_text(text, "utf-8")

    def calls(self) -> list[CarrierCall]:
        """Every call that the carrier saw."""
        return read_calls(self._host.file(self._capture), {self._port})


def end_with_calls(admin: Admin, sandbox: Sandbox, within: int) -> dict[str, Any]:
    """Stop the service while calls are on the line; how they ended. Raises PackageError when that was not in order."""
    talking = _wait_for_talks(sandbox)
    began, started = time.time(), time.monotonic()
    admin.host.run("systemctl", "stop", "agi-app")
    took = time.monotonic() - started
    calls, status = sandbox.calls(), admin.ask("campaign", "status", CAMPAIGN, "--json")
    late = [call for call in calls if call.invite_at > began + STOP_HEARD_S]
    left = [call for call in calls if call.answered_at is not None and call.ended_at is None]
    ends = [call.ended_at - began for call in calls if call.call_id in talking and call.ended_at is not None]
    if late or left or status["open_attempts"] or took > within + STOP_HEARD_S * 2:
        told = f"{len(late)} calls were begun after the stop, {len(left)} did not end"
        raise PackageError(f"{told}, {status['open_attempts']} results are missing, and it took {took:.1f} s")
    if main_process(admin.host, "agi-app"):
        raise PackageError("the worker did not end")
    return {"calls_on_the_line": len(talking), "last_call_ended_s": round(max(ends), 1), "stopped_s": round(took, 1)}


def _wait_for_talks(sandbox: Sandbox) -> set[str]:
    """Until people are on the line; which calls these are."""
    end = time.monotonic() + MIDWAY_S
    while time.monotonic() < end:
        talking = {call.call_id for call in sandbox.calls() if call.answered_at is not None and call.ended_at is None}
        if len(talking) >= TALKS:
            return talking
        time.sleep(0.5)
    raise PackageError(f"fewer than {TALKS} people were on the line at once within {MIDWAY_S:.0f} s")


def main_process(host: Booted, unit: str) -> int:
    """The number of the unit's process in the root; 0 when it has none."""
    return int(host.run("systemctl", "show", "--property=MainPID", "--value", unit).strip())


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
