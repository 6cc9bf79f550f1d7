"""Calls that come in, screened by a real worker and a real Asterisk, and what the commands tell about them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.asterisk import Asterisk
from sandbox.caller import Callers, Incoming
from sandbox.errors import SandboxError
from tests.system.conftest import NewSite
from tests.system.site import Site, until
from tests.system.watched import WATCHED

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

PHONE, ANSWERS = "9998613770021", "9998613770011"  # rings on; answers and hangs up after a second
DIALPLAN = f"""
[agi-app-from-trunk]
exten => _7XXX,1,Gosub(agi-app-screen,s,1(${{EXTEN}}))
 same => n,Dial(PJSIP/{PHONE}@sandbox-carrier,20)
exten => _6XXX,1,Gosub(agi-app-screen,s,1(${{EXTEN}}))
 same => n,Dial(PJSIP/{ANSWERS}@sandbox-carrier,20)
"""

WATCHED.site_dials |= {PHONE, ANSWERS}


@pytest.fixture(scope="module")
def guarded(new_site: NewSite) -> Iterator[Site]:
    """A project whose worker screens what comes in at its Asterisk."""
    site = new_site("guarded")
    local = site.asterisk.run_dir / "etc" / "extensions_local.conf"
    before = local.read_text()
    local.write_text(before + DIALPLAN)
    site.asterisk.cli("dialplan reload")
    with (site.project / "agi-app.toml").open("a") as file:  # as a new project has one: screening needs no trunk
        file.write('\n[trunks.nowhere]\nendpoint = "PJSIP/{number}@nowhere"\nsandbox = true\n')
    try:
        with site.worker():
            yield site
    finally:
        local.write_text(before)
        site.asterisk.cli("dialplan reload")


def rings(site: Site, *calls: Incoming, rate: float = 5) -> bool:
    """Whether these calls rang, each after the one before."""
    with Callers(site.folder / "callers", ("127.0.0.1", site.asterisk.sip_port), calls, rate=rate) as callers:
        try:
            return max(callers.wait(20)) < 0.6
        except SandboxError:
            return False


def answered(asterisk: Asterisk, called: str) -> None:
    """Somebody withholding the number calls and is answered."""
    asterisk.cli("module load res_clioriginate.so")
    asterisk.cli(f"channel originate Local/{called}@agi-app-from-trunk/n application Wait 8")


def test_a_blocked_number_does_not_ring_and_is_reported(guarded: Site) -> None:
    stranger, neighbour = "+999861380002101", "+999861380002102"
    assert rings(guarded, Incoming(stranger, "7001", "Ann"))
    guarded.app.ask("guard", "block", stranger, "--reason", "robot")
    assert not rings(guarded, Incoming(stranger, "7001"))
    assert rings(guarded, Incoming(neighbour, "7001"))
    told = guarded.app.ask("guard", "explain", stranger, "--line", "7001")
    assert told.startswith("now: reject: ")
    assert "robot" in told
    report = json.loads(guarded.app.ask("guard", "report", "--json", "--language", "zh-CN"))
    (blocked,) = report["blocked"]
    assert stranger not in json.dumps(report)
    assert "拒接" in blocked["why"]
    guarded.app.ask("guard", "unblock", stranger)
    assert rings(guarded, Incoming(stranger, "7001"))


def test_a_sequential_dialler_is_stopped_by_the_third_call(guarded: Site) -> None:
    robot = "+999861380003101"
    assert rings(guarded, Incoming(robot, "7201"), Incoming(robot, "7202"))
    assert not rings(guarded, Incoming(robot, "7203"), Incoming(robot, "7204"), rate=0.5)
    guarded.app.ask("guard", "appeal", robot)
    assert rings(guarded, Incoming(robot, "7205"))


def test_what_became_of_a_call_is_known(guarded: Site) -> None:
    answered(guarded.asterisk, "6001")
    until("the end is stored", lambda: bool(guarded.sql("SELECT 1 FROM guard_call WHERE called = '6001' AND answered")))
    ((talked,),) = guarded.sql("SELECT talked_s FROM guard_call WHERE called = '6001'")
    assert 0.5 < talked < 5
    rings(guarded, Incoming("+999861380004101", "7301"))
    until(
        "the caller's hang-up is stored",
        lambda: guarded.sql("SELECT answered, by_caller FROM guard_call WHERE called = '7301'") == [(False, True)],
    )


def test_every_decision_is_made_again(guarded: Site) -> None:
    rings(guarded, Incoming("+999861380005101", "7401"))
    until("it is stored", lambda: bool(guarded.sql("SELECT 1 FROM guard_call WHERE called = '7401'")))
    replayed = json.loads(guarded.app.ask("guard", "replay", "--json"))
    assert replayed["ok"]
    assert replayed["same"] >= 1
    guarded.sql(
        "UPDATE guard_call SET decision = replace(decision, '\"allow\"', '\"mark\"') WHERE called = '7401' RETURNING 1"
    )
    assert guarded.app.run("guard", "replay").returncode == 1


def test_an_erased_number_is_gone(guarded: Site) -> None:
    number = "+999861380006101"
    rings(guarded, Incoming(number, "7501"))
    until("it is stored", lambda: bool(guarded.sql(f"SELECT 1 FROM guard_caller WHERE number = '{number}'")))
    guarded.app.ask("guard", "allow", number)
    guarded.app.ask("erase", number, "--reason", "letter")
    assert not guarded.sql(f"SELECT 1 FROM guard_caller WHERE number = '{number}'")
    assert number not in guarded.app.ask("guard", "list", "--json")


def test_a_line_chooses(guarded: Site) -> None:
    guarded.app.ask("guard", "block", "+99986138000*", "--line", "7601")
    assert not rings(guarded, Incoming("+999861380007101", "7601"))
    guarded.app.ask("guard", "line", "7601", "--off")
    assert rings(guarded, Incoming("+999861380007101", "7601"))
    guarded.app.ask("guard", "line", "7601", "--on", "--hours", "mon-fri 03:00-03:01", "--zone", "Asia/Shanghai")
    assert rings(guarded, Incoming("+999861380007101", "7601"))


@pytest.mark.parametrize(
    "wrong",
    [
        ("block", "12x"),
        ("block", "+861000-+86100"),
        ("unblock", "+999861380009999"),
        ("line", "100", "--zone", "Mars"),
        ("line", "100", "--hours", "always"),
        ("line", "100", "--hours", "25:00-26:00"),
        ("appeal", "+999861380009999"),
    ],
)
def test_a_wrong_argument_is_said(guarded: Site, wrong: tuple[str, ...]) -> None:
    assert guarded.app.run("guard", *wrong).returncode == 1
