"""A worker that dies, stands still or is stopped in the middle of a campaign, under its service."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from release import roots
from release.booted import Booted
from release.errors import PackageError
from release.stage import (
    ASTERISK,
    CALLER_ID,
    PACKAGES,
    PROJECT,
    Admin,
    Sandbox,
    begin,
    end_with_calls,
    main_process,
    settle,
    until_done,
)
from sandbox.root import ensure_root
from sandbox.witness import judge

KILLED_AT, STALLED_AT = 6, 16  # contacts done
ENDS_WITHIN_S = 5  # calls in progress, when the worker is told to end
RESTART_S = 30.0  # beyond the watchdog's own time


def recover(package: Path) -> dict[str, Any]:
    """Kill the worker, let its process stand still, and stop it with calls on the line; what was found.

    Raises PackageError when it does not come back, or somebody is called twice.
    """
    binds = {package.parent.resolve(): PACKAGES, ensure_root(): ASTERISK}
    with Booted(roots.root("world"), binds) as host:
        admin = Admin(host)
        admin.types("apt-get", "install", "-y", f"{PACKAGES}/{package.name}")
        admin.app("init", PROJECT)
        with Sandbox(host, slow=True, ends_within=ENDS_WITHIN_S) as sandbox:
            begin(admin)
            until_done(admin, KILLED_AT)
            found: dict[str, Any] = {"killed_s": _restarted(host, signal.SIGKILL, 0)}
            watchdog = _seconds(host, "WatchdogUSec")
            if watchdog:
                until_done(admin, STALLED_AT)
                found["stalled_s"] = _restarted(host, signal.SIGSTOP, watchdog + _seconds(host, "TimeoutAbortUSec"))
            found["stop"] = end_with_calls(admin, sandbox, ENDS_WITHIN_S)
            restarts = int(_show(host, "NRestarts"))
            host.run("systemctl", "start", "agi-app")
            settle(admin)
            verdict = judge([sandbox.calls()], set(), CALLER_ID, {})
        if verdict.double_dials:
            raise PackageError(f"{verdict.double_dials} people were called twice")
        return {**found, "restarts": restarts, "double_dials": 0}


def _restarted(host: Booted, sign: signal.Signals, within: float) -> float:
    """Send a signal to the worker alone; seconds until another process of its service is active."""
    before = main_process(host, "agi-app")
    started = time.monotonic()
    host.run("kill", f"-{sign.value}", str(before))
    while time.monotonic() < started + within + RESTART_S:
        now = main_process(host, "agi-app")
        if now not in (0, before) and _show(host, "ActiveState") == "active":
            return round(time.monotonic() - started, 1)
        time.sleep(0.5)
    log = host.run("journalctl", "-u", "agi-app", "-n", "30", "--no-pager", check=False)
    raise PackageError(f"after {sign.name} the worker does not come back\n{log}")


def _seconds(host: Booted, name: str) -> float:
    """A span of the unit, as systemd prints it: 20s, 1min 30s, 0 or infinity."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
    total = 0.0
    for word in _show(host, name).split():
        number = word.rstrip("usminh")
        total += float(number) * units.get(word[len(number) :], 0.0) if number.isdigit() else 0.0
    return total


def _show(host: Booted, name: str) -> str:
    return host.run("systemctl", "show", f"--property={name}", "--value", "agi-app").strip()
