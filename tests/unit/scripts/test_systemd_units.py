"""The units for systemd: what they restrict, and that they fit what the processes do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agi_app import credentials
from agi_app.cli.command_list import COMMANDS, GROUPS
from agi_app.config.asterisk import AsteriskSettings
from agi_app.dialer.inbound import line_calls
from agi_app.dialer.inbound.line_calls import CLOSE_S
from agi_app.dialer.loop import LEASE
from agi_app.dialer.worker.shutdown import LAST_WORDS_S
from agi_app.errors import InputError, OtherWorkerError
from agi_app.service_manager import TELL_EVERY_S

FOLDER = Path(__file__).resolve().parents[3] / "packaging" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
BACKUP = FOLDER / "agi-app-backup.service"
LASTING = [unit for unit in UNITS if unit != BACKUP]
WORKERS_USER = ("agi-app", "agi-app-deliver", "agi-app-jobs", "agi-app-backup")
TAKEN_AWAY = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "LimitCORE": "0",  # a core dump would hold people's numbers
    "LockPersonality": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
}
MOST_EXPOSED = 20  # tenths, of `systemd-analyze security`


def settings(unit: Path) -> dict[str, list[str]]:
    """What it sets, without its sections."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def seconds(text: str) -> float:
    """Of a time as these units write it."""
    number, unit = re.fullmatch(r"(\d+)(min)?", text).groups()  # type: ignore[union-attr]
    return float(number) * (60 if unit else 1)


@pytest.fixture(params=UNITS, ids=[unit.stem for unit in UNITS])
def unit(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(params=LASTING, ids=[unit.stem for unit in LASTING])
def lasting(request: pytest.FixtureRequest) -> Path:
    """One that goes on until it is ended."""
    found: Path = request.param
    return found


def test_each_long_lived_process_has_one() -> None:
    started = {settings(unit)["ExecStart"][0].removeprefix("/opt/agi-app/bin/agi-app ") for unit in LASTING}
    assert started == {"run", "console", "exchange", "deliver", "report run-jobs"}
    assert {words.split()[0] for words in started} <= {*COMMANDS, *GROUPS}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_it_is_hardened(unit: Path) -> None:
    """Whatever is taken away from it must be made up for elsewhere."""
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_what_no_unit_needs_is_taken_away(unit: Path) -> None:
    """Each by its name: a score may stay good enough without one of them."""
    found = settings(unit)
    for name, value in TAKEN_AWAY.items():
        assert found.get(name) == [value], name
    assert found["SystemCallFilter"][:2] == ["@system-service", "~@privileged @resources"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_knows_all_that_it_sets(unit: Path, tmp_path: Path) -> None:
    units, program = tmp_path / "usr/lib/systemd/system", tmp_path / "opt/agi-app/bin/agi-app"
    units.mkdir(parents=True)
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    shutil.copy(unit, units)
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", f"/usr/lib/systemd/system/{unit.name}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    about_it = [line for line in done.stderr.splitlines() if re.search(rf"{unit.name}:\d+:", line)]
    assert about_it == []


def test_only_the_process_itself_speaks_and_is_watched(lasting: Path) -> None:
    """Several signs of life fit into the watchdog's time."""
    found = settings(lasting)
    assert found["NotifyAccess"] == ["main"]
    assert seconds(found["WatchdogSec"][0]) >= 10 * TELL_EVERY_S


def test_a_wrong_input_is_not_tried_again(unit: Path) -> None:
    prevented = settings(unit)["RestartPreventExitStatus"][0].split()
    assert str(InputError.exit_code) in prevented
    assert (str(OtherWorkerError.exit_code) in prevented) == (unit.stem == "agi-app")


def test_a_worker_that_stands_still_is_killed_before_others_take_its_calls_over() -> None:
    """They do when its lease is over."""
    found = settings(FOLDER / "agi-app.service")
    assert seconds(found["WatchdogSec"][0]) < LEASE.total_seconds()


def test_a_stop_waits_for_the_calls_on_the_line() -> None:
    """However long the settings let them go on, also calls of lines before."""
    found = settings(FOLDER / "agi-app.service")
    (longest,) = (rule.le for rule in AsteriskSettings.model_fields["calls_end_within"].metadata if hasattr(rule, "le"))
    assert seconds(found["TimeoutStopSec"][0]) >= CLOSE_S + line_calls.LAST_WORDS_S + longest + LAST_WORDS_S


def test_what_reads_its_settings_again_can_be_reloaded(lasting: Path) -> None:
    expected = "notify" if lasting.stem == "agi-app-jobs" else "notify-reload"
    assert settings(lasting)["Type"] == [expected]


def test_a_backup_is_made_each_night_and_only_where_an_admin_wants_it() -> None:
    """Its service is nobody's wish at the boot; a night in which the machine was off is made up for."""
    timer, found = settings(FOLDER / "agi-app-backup.timer"), settings(BACKUP)
    assert timer["OnCalendar"] == ["*-*-* 02:30"]
    assert timer["Persistent"] == ["true"]
    assert timer["WantedBy"] == ["timers.target"]
    assert "WantedBy" not in found
    assert found["Type"] == ["oneshot"]
    assert found["ExecStart"] == ["/opt/agi-app/bin/agi-app backup"]
    assert "TMPDIR=/var/tmp" in found["Environment"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_knows_when_the_timer_is_due() -> None:
    when = settings(FOLDER / "agi-app-backup.timer")["OnCalendar"][0]
    done = subprocess.run(
        ["systemd-analyze", "calendar", when], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_each_takes_only_secrets_that_exist(unit: Path) -> None:
    """Neither a face nor the exchange takes one that opens the worker's database or its Asterisk."""
    taken = {name.removeprefix(credentials.PREFIX) for name in settings(unit)["ImportCredential"]}
    known = {name.replace("NAME.database_url", "*") for name in credentials.SECRETS}
    assert taken <= known
    if unit.stem not in WORKERS_USER:
        assert not taken & {"database_url", "suppression_key", "asterisk.password", "ami.password"}


def test_what_shares_the_embedded_database_kills_itself_alone() -> None:
    """The first of them has started it for all; and one process hangs up the calls of a worker that died."""
    for unit in UNITS:
        found = settings(unit)
        ours = unit.stem in WORKERS_USER
        assert (found["User"] == ["agi-app"]) == ours
        assert found.get("KillMode") == (["process"] if ours else None)
        assert "RemoveIPC" not in found


def test_the_faces_cannot_enter_the_workers_folder() -> None:
    for name in ("agi-app-console", "agi-app-exchange"):
        found = settings(FOLDER / f"{name}.service")
        assert found["User"] == found["Group"] == [name]
        assert found["InaccessiblePaths"] == ["-/var/lib/agi-app/project/var"]
        assert "StateDirectory" not in found, "it would make the worker's folder this user's"
        assert "-/etc/agi-app/worker.env" not in found["EnvironmentFile"], "it may hold the worker's secrets"
