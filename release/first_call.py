"""From a clean Debian with an Asterisk to the first answered call, by the commands of the guide; each one counts."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from release import beside
from release.booted import Booted
from release.errors import PackageError
from release.stage import CALLER_ID, CAMPAIGN, CAMPAIGN_S, PACKAGES, PROJECT, SANDBOX_S, USER
from sandbox.sip import CarrierCall, read_calls

MOST_COMMANDS, MOST_MINUTES = 9, 10.0
CARRIER = ("agi-app", "sandbox", "carrier", "--project", PROJECT)  # in a terminal of its own
FILES = ("/etc/agi-app", "/etc/asterisk", "/etc/credstore", "/etc/fstab", "/etc/systemd/system", PROJECT)
_MADE = (f"{PROJECT}/var", f"{PROJECT}/prompts/.prepared", f"{PROJECT}/.prepared")  # by the worker
_OWN = ("runuser", "-u", USER, "--", "agi-app")
_STATUS = ("agi-app", "sandbox", "status")


def commands(package: str) -> list[tuple[str, ...]]:
    """What an admin types, in this order. docs/how-to/install-the-package.md says the same."""
    there = ("--project", PROJECT)
    return [
        ("apt-get", "install", "-y", package),
        (*_OWN, "init", PROJECT),
        ("agi-app", "asterisk", "setup", "--yes", *there),
        CARRIER,
        (*_OWN, "callerid", "prove", CALLER_ID, "--letter", f"{PROJECT}/caller-id-letter.txt", *there),
        (*_OWN, "consent", "import", f"{PROJECT}/consent.csv", *there),
        (*_OWN, "contacts", "import", CAMPAIGN, f"{PROJECT}/contacts.csv", *there),
        (*_OWN, "campaign", "start", CAMPAIGN, *there),
        ("systemctl", "enable", "--now", "agi-app"),
    ]


class ByHand:
    """Counts the files that changed while no command of the admin ran: somebody edited them."""

    def __init__(self, host: Booted) -> None:
        self._host, self._known = host, _files_now(host)
        self.edited: set[str] = set()

    @contextmanager
    def command(self) -> Iterator[None]:
        """What changes in here, the command changes."""
        self.edited |= differing(self._known, _files_now(self._host))
        yield
        self._known = _files_now(self._host)


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """The files that are not as they were."""
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


class Carrier:
    """``agi-app sandbox carrier`` in a terminal of its own; a context manager that returns once it is up."""

    def __init__(self, host: Booted, command: Sequence[str] = CARRIER) -> None:
        self._host, self._command = host, command
        self._child: subprocess.Popen[bytes] | None = None
        self._capture, self._port = "", 0

    def __enter__(self) -> Self:
        words = [*self._host.enter(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
        log = self._host.log.with_name("carrier.log")
        with log.open("wb") as out:
            self._child = subprocess.Popen(
                [*words, *self._command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            state = json.loads(self._host.wait("the carrier", *_STATUS, limit_s=SANDBOX_S))
        except PackageError as error:
            self.__exit__(None, None, None)
            raise PackageError(f"{error}\n{log.read_text(errors='replace')[-2000:]}") from error
        self._capture, self._port = str(state["capture"]), int(state["carrier_port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PackageError, OSError):
            self._host.run("agi-app", "sandbox", "down", check=False)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(20)
            self._child.kill()
            self._child.wait()

    def calls(self) -> list[CarrierCall]:
        """Every call that the carrier saw."""
        return read_calls(self._host.file(self._capture), {self._port})

    def answered(self, limit_s: float = CAMPAIGN_S) -> float:
        """When the first call was answered, in seconds since the epoch. Raises PackageError when none is."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if found := [call.answered_at for call in self.calls() if call.answered_at is not None]:
                return min(found)
            time.sleep(1)
        log = self._host.run("journalctl", "-u", "agi-app", "-n", "40", "--no-pager", check=False)
        raise PackageError(f"no call was answered within {limit_s:.0f} s\n{log}")


@contextmanager
def first_call(host: Booted, package: Path, figures: dict[str, Any]) -> Iterator[Carrier]:
    """Type all commands up to the first answered call; the figures say how. The carrier is up until the end.

    Raises PackageError when a command fails or no call is answered.
    """
    by_hand = ByHand(host)
    typed = commands(f"{PACKAGES}/{package.name}")
    began = time.time()
    carrier = Carrier(host)
    try:
        for command in typed:
            with by_hand.command():
                if command == CARRIER:
                    carrier.__enter__()
                else:
                    host.run(*command)
        answered = carrier.answered()
        with by_hand.command():
            pass
        figures["minutes"] = round((answered - began) / 60, 2)
        figures["commands"] = len(typed)
        figures["commands_listed"] = [shlex.join(command) for command in typed]
        figures["files_edited_by_hand"] = len(by_hand.edited)
        if by_hand.edited:
            figures["edited"] = sorted(by_hand.edited)
        yield carrier
    finally:
        carrier.__exit__(None, None, None)


def _files_now(host: Booted) -> dict[str, str]:
    there = [place for place in FILES if host.file(place).exists()]
    return {path: what for path, what in beside.files(host, *there).items() if not path.startswith(_MADE)}
