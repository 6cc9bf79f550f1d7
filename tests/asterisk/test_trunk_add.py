"""`agi-app trunk add`, `list`, `test` and `remove` on an Asterisk that somebody else set up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.ports import free_port
from tests.asterisk.foreign_pbx import ForeignPbx
from tests.asterisk.test_setup import AGI_APP, calls_work, kept_of, pbx, project, setup
from tests.asterisk.tiny_carrier import PASSWORD, TinyCarrier

__all__ = ["pbx", "project"]  # its fixtures
pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

MINE = "+99986000077701"
ENGLISH = {**os.environ, "AGI_APP_LANG": "en"}
BY_DAY = {**ENGLISH, "AGI_APP_SANDBOX__CLOCK": "2026-03-03T10:00:00+08:00"}  # when telephones of China may ring


@dataclass
class TrunkCommand:
    """`agi-app trunk …` on a PBX."""

    pbx: ForeignPbx
    project: Path

    def argv(self, *words: str) -> list[str]:
        return [str(AGI_APP), "trunk", *words, "--project", str(self.project), "--asterisk", str(self.pbx.program)]

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str]:
        """Exit code and all that it said."""
        done = subprocess.run(
            self.argv(*words), input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            check=False, env=ENGLISH,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture
def trunk(pbx: ForeignPbx, project: Path) -> Iterator[TrunkCommand]:
    """After a setup, which is undone afterwards."""
    before = pbx.files(), kept_of(project)
    assert setup(pbx, project, "--yes")[0] == 0
    yield TrunkCommand(pbx, project)
    assert setup(pbx, project, "--undo", "--yes")[0] == 0
    assert (pbx.files(), kept_of(project)) == before


def test_a_trunk_comes_is_tested_and_goes(pbx: ForeignPbx, project: Path, trunk: TrunkCommand) -> None:
    before, own = pbx.files(), kept_of(project)
    with TinyCarrier() as carrier:
        host = f"127.0.0.1:{carrier.port}"
        code, said = trunk(
            "add", "carrier-a", "--host", host, "--auth", "me", "--register", "--yes", typed=f"{PASSWORD}\n"
        )
        assert code == 0, said
        assert f"sip:{host} answers OPTIONS in " in said
        assert " ms, is registered" in said
        assert PASSWORD not in said
        assert any('username="me"' in one for one in carrier.of("REGISTER"))
        assert pbx.cli("pjsip show endpoint carrier-a").count("carrier-a") > 1
        (shown,) = json.loads(trunk("list", "--json")[1])
        assert (shown["name"], shown["answer"], shown["registration"], shown["ok"]) == (
            "carrier-a",
            "Avail",
            "Registered",
            True,
        )
        assert "password" not in json.dumps(shown)
        ready = pbx.files(), kept_of(project)
        code, said = trunk("add", "carrier-a", "--host", host, "--auth", "me", "--register", typed=f"{PASSWORD}\n")
        assert (code, "nothing was changed" in said) == (0, True), said
        assert (pbx.files(), kept_of(project)) == ready
        calls_work(pbx)
        carrier.silent = True
        code, said = trunk("test", "carrier-a")
        assert (code, "does not answer OPTIONS (Unavail)" in said) == (2, True), "that it answered before is no answer"
        code, said = trunk("remove", "carrier-a", "--yes")
        assert code == 0, said
    after, after_own = pbx.files(), kept_of(project)
    manifest = "agi-app/backup/manifest.json"
    assert {name: f for name, f in after.items() if name != manifest} == {
        n: f for n, f in before.items() if n != manifest
    }
    assert after_own == own
    assert "Unable to find object carrier-a" in pbx.cli("pjsip show endpoint carrier-a")
    calls_work(pbx)


def test_a_carrier_that_does_not_answer_is_told(trunk: TrunkCommand) -> None:
    code, said = trunk("add", "gone", "--host", "127.0.0.1:9", "--yes")
    assert code == 2
    assert "sip:127.0.0.1:9 does not answer OPTIONS (Unavail)" in said
    code, said = trunk("add", "gone", "--host", "no.such.host.invalid", "--yes")
    assert code == 1
    assert "no.such.host.invalid: has no address" in said


def test_tls_checks_the_carrier_and_srtp_is_offered(pbx: ForeignPbx, trunk: TrunkCommand, tmp_path: Path) -> None:
    pbx.cli("module load res_clioriginate.so")
    (tmp_path / "other").mkdir()
    with TinyCarrier(tmp_path) as carrier, TinyCarrier(tmp_path / "other") as stranger:
        words = ("--tls", "--srtp", "--ca-file", str(tmp_path / "ca.pem"), "--yes")
        code, said = trunk("add", "safe", "--host", f"127.0.0.1:{carrier.port}", *words)
        assert code == 0, said
        pbx.cli("channel originate PJSIP/998@safe application Wait 1")
        deadline = time.monotonic() + 5
        while not carrier.of("INVITE") and time.monotonic() < deadline:
            time.sleep(0.1)
        (offer, *_) = carrier.of("INVITE")
        assert "RTP/SAVP" in offer
        assert "a=crypto:" in offer
        code, said = trunk("add", "posing", "--host", f"127.0.0.1:{stranger.port}", *words)
        assert code == 2, "its certificate is signed by nobody whom we know"
        assert "does not answer OPTIONS" in said
        assert stranger.requests == []


def test_a_call_through_the_trunk_to_a_telephone_of_ours(trunk: TrunkCommand, tmp_path: Path) -> None:
    """By the worker and the gate, with a code to key, as any proof of a telephone."""
    port, project = free_port(), trunk.project
    with (tmp_path / "phone.log").open("w") as heard, (tmp_path / "worker.log").open("w") as log:
        argv = [sys.executable, "-m", "sandbox.phone", str(port)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=heard, text=True, env=ENGLISH) as phone:
            try:
                until(tmp_path / "phone.log", "waits for a call")
                code, said = trunk("add", "desk", "--host", f"127.0.0.1:{port}", "--sandbox", "--plus", "--yes")
                assert code == 0, said
                code, said = trunk("test", "desk", "--call", MINE)
                assert code == 2
                assert "no worker is running" in said
                command = [str(AGI_APP), "run", "--project", str(project)]
                with subprocess.Popen(command, stdout=log, stderr=log, env=BY_DAY) as worker:
                    try:
                        until(tmp_path / "worker.log", "dialling                 ")
                        _the_call(trunk, phone, tmp_path)
                    finally:
                        worker.terminate()
                        worker.wait(40)
            finally:
                phone.kill()


def until(log: Path, word: str, seconds: float = 30.0) -> None:
    """Wait until a log has it."""
    deadline = time.monotonic() + seconds
    while word not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def _the_call(trunk: TrunkCommand, phone: subprocess.Popen[str], folder: Path) -> None:
    asked = folder / "asked.log"
    with asked.open("w") as out:
        argv = trunk.argv("test", "desk", "--call", MINE)
        with subprocess.Popen(argv, stdout=out, stderr=out, env=BY_DAY) as asking:
            try:
                until(asked, "keys this code: ")
                found = re.search(r"code: (\d{6})", asked.read_text())
                assert found
                until(folder / "phone.log", "answered")
                time.sleep(1)
                assert phone.stdin is not None
                phone.stdin.write(f"{found[1]}\n")
                phone.stdin.flush()
                assert asking.wait(60) == 0, asked.read_text()
            finally:
                asking.kill()
    assert "answers OPTIONS" in asked.read_text()
    assert f"{MINE}: was called through desk and keyed the code" in asked.read_text()
