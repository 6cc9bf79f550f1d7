"""The test world itself: each person answers as the list says, and two Asterisks run from one root."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from sandbox.asterisk import TRUNK, Asterisk
from sandbox.capture import CarrierCall
from sandbox.root import ensure_root, ensure_tools
from sandbox.world import World

pytestmark = pytest.mark.asterisk

REFUSALS = {20: 486, 22: 404, 23: 603, 24: 503, 29: 480, 30: 410, 31: 484, 32: 500, 33: 488}
ANSWERS = {1, 2, 9, 10, 11, 12, 25, 28, 34, 45}
RINGING = {21, 27}
SILENT = 26


@pytest.fixture(scope="module")
def root() -> Path:
    ensure_tools(print)
    return ensure_root(print)


def _call_everybody(world: World, seconds: float) -> dict[int, CarrierCall]:
    # Not loaded by our configuration, on purpose: it would be a second way to dial.
    world.asterisk.cli("module load res_clioriginate.so")
    for person in [*REFUSALS, *ANSWERS, *RINGING, SILENT]:
        number = f"+99986100000{person:02d}"
        world.asterisk.cli(f"channel originate PJSIP/{number}@{TRUNK} application Wait {seconds}")
    time.sleep(seconds)
    world.asterisk.cli("channel request hangup all")
    time.sleep(0.5)
    return {int(call.to_user[-2:]): call for call in world.capture.calls()}


def test_every_person_answers_as_listed(root: Path, tmp_path: Path) -> None:
    with World(root, tmp_path) as world:
        seen = _call_everybody(world, 3.0)
        stats = world.carrier.stats()
    assert {person: seen[person].final_status for person in REFUSALS} == REFUSALS
    assert all(seen[person].answered_at for person in ANSWERS)
    assert seen[11].bye_from == "carrier"
    for person in RINGING:
        assert seen[person].ringing_at is not None
        assert seen[person].cancel_at is not None
        assert seen[person].final_status == 487
    assert (seen[SILENT].final_status, seen[SILENT].ringing_at) == (None, None)
    assert seen[SILENT].invites > 1
    assert stats.failed == 0


def test_two_from_one_root_and_a_crash(root: Path, tmp_path: Path) -> None:
    with World(root, tmp_path, asterisks=2) as world:
        one, two = world.asterisks
        assert one.entityid != two.entityid
        assert one.ari_password != two.ari_password
        number, was = two.pid, one.ari_url
        one.kill()
        assert not one.running
        one.start()
        assert one.ari_url == was
        assert two.pid == number
        assert two.version() == one.version()


def test_root_is_read_only_and_everything_ends(root: Path, tmp_path: Path) -> None:
    with Asterisk(root, tmp_path / "a") as asterisk:
        if asterisk.is_local:
            pytest.skip("this machine's own Asterisk has no root of ours")
        pid = asterisk.pid
        write = ["nsenter", "-t", str(pid), "-m", "-r", "touch", "/etc/written"]
        assert subprocess.run(write, capture_output=True, check=False).returncode != 0
    assert not os.path.exists(f"/proc/{pid}/root/etc")
    log = asterisk.log_path.read_text()
    assert "ERROR" not in log, "the shipped configuration must load without an error"
