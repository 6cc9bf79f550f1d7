"""The screening dialplan on a real Asterisk does what it is told, and calls ring whatever is wrong with agi-app."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.asterisk import REPOSITORY, Asterisk
from sandbox.caller import Callers, Incoming
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.sip import SipMessage, read_messages
from sandbox.supervise import Child
from tests.asterisk.answerer import DIGIT

pytestmark = pytest.mark.asterisk

RINGS_WITHIN_S = 0.6
CALLER = "+998612340001"
PHONE, MAILBOX = "9998613770021", "9998613880021"  # ring until the caller gives up
DIALPLAN = f"""
[agi-app-from-trunk]
exten => _7XXX,1,Gosub(agi-app-screen,s,1(${{EXTEN}}))
 same => n,Dial(PJSIP/{PHONE}@sandbox-carrier,20)
exten => _8XXX,1,Gosub(agi-app-dialled,s,1(+99861380001101))
 same => n,Dial(PJSIP/{PHONE}@sandbox-carrier,20)
exten => _9XXX,1,Gosub(agi-app-screen,s,1(${{EXTEN}}))
 same => n,Dial(Local/${{EXTEN}}@phone/n,20,F(agi-app-after-call^s^1))
exten => _5XXX,1,Set(TIMEOUT(absolute)=2)
 same => n,Gosub(agi-app-screen,s,1(${{EXTEN}}))
 same => n,Wait(30)
[phone]
exten => _9XX1,1,Answer()
 same => n,Wait(2)
 same => n,SendDTMF(*)
 same => n,Wait(3)
[agi-app-mailbox]
exten => _7XXX,1,Dial(PJSIP/{MAILBOX}@sandbox-carrier,20)
"""


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory, asterisk_root: Path, carrier: Carrier) -> Iterator[Asterisk]:
    """An Asterisk whose trunk leads through the screening to somebody's phone."""
    folder = tmp_path_factory.mktemp("pbx")
    with Asterisk(asterisk_root, folder, carrier=carrier.address, extra_dialplan=DIALPLAN) as running:
        running.cli("module load res_clioriginate.so")
        yield running


@contextmanager
def answering(pbx: Asterisk, folder: Path, mode: str) -> Iterator[Child]:
    """Something on agi-app's port; each begins with an Asterisk that has forgotten earlier failures."""
    argv = [sys.executable, "-m", "tests.asterisk.answerer", str(pbx.agi_port), pbx.agi_token, mode]
    child = Child(argv, log=folder / f"{mode}.log", cwd=REPOSITORY)
    try:
        deadline = time.monotonic() + 10
        while "ready" not in child.log.read_text():
            assert time.monotonic() < deadline
            assert child.returncode is None, child.log.read_text()
            time.sleep(0.02)
        pbx.cli("dialplan set global AGI_APP_ASK_AFTER 0")
        yield child
    finally:
        child.send(signal.SIGCONT)
        child.end(1.0)


def rings(pbx: Asterisk, folder: Path, called: str = "7001", calls: int = 3, rate: float = 10) -> list[float]:
    """How long each of these calls waited until it rang."""
    incoming = [Incoming(CALLER, called)] * calls
    with Callers(folder / "callers", ("127.0.0.1", pbx.sip_port), incoming, rate=rate) as callers:
        return callers.wait(30)


def told(child: Child, words: str, within_s: float = 5.0) -> bool:
    """Whether the hook of this name was told this."""
    deadline = time.monotonic() + within_s
    while f"told {words}" not in child.log.read_text():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def invites(capture: Capture, number: str, since: float, within_s: float = 3.0) -> list[SipMessage]:
    """The calls to this number since then; waits for a first one."""
    deadline = time.monotonic() + within_s
    while True:
        found = [m for m in read_messages(capture.file) if m.method == "INVITE" and m.to_user == number]
        if (new := [m for m in found if m.at > since]) or time.monotonic() > deadline:
            return new
        time.sleep(0.05)


def calls_in(pbx: Asterisk, called: str, then: str = "Wait,8") -> float:
    """Somebody calls; when it is answered this application runs on the caller's side. Returns when it began."""
    began = time.time()
    application, _, arguments = then.partition(",")
    pbx.cli(f"channel originate Local/{called}@agi-app-from-trunk/n application {application} {arguments}")
    return began


def hang_up(pbx: Asterisk) -> None:
    """End every call, and wait until they have ended."""
    pbx.cli("channel request hangup all")
    while not pbx.cli("core show channels count").startswith("0 active channels"):
        time.sleep(0.02)


def test_a_call_rings_with_agi_app_well(pbx: Asterisk, tmp_path: Path) -> None:
    with answering(pbx, tmp_path, "honest"):
        assert max(rings(pbx, tmp_path)) < RINGS_WITHIN_S


def test_a_call_rings_with_agi_app_gone(pbx: Asterisk, tmp_path: Path) -> None:
    pbx.cli("dialplan set global AGI_APP_ASK_AFTER 0")
    assert max(rings(pbx, tmp_path)) < RINGS_WITHIN_S


@pytest.mark.parametrize("mode", ["mute", "nonsense", "refuses"])
def test_a_call_rings_whoever_is_on_the_port(pbx: Asterisk, tmp_path: Path, mode: str) -> None:
    with answering(pbx, tmp_path, mode):
        assert max(rings(pbx, tmp_path)) < RINGS_WITHIN_S


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL])
def test_a_call_rings_when_agi_app_stops_in_the_middle(pbx: Asterisk, tmp_path: Path, blow: signal.Signals) -> None:
    """Twenty calls a second, and after a second agi-app is no more; once it is back, calls are screened again."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        incoming = [Incoming(CALLER, "7001")] * 40
        with Callers(tmp_path / "callers", ("127.0.0.1", pbx.sip_port), incoming, rate=20) as callers:
            time.sleep(1)
            agi_app.send(blow)
            waited = callers.wait(30)
        assert max(waited) < RINGS_WITHIN_S
    with answering(pbx, tmp_path, "honest") as agi_app:
        assert max(rings(pbx, tmp_path, calls=1)) < 0.3


def test_a_wrong_token_screens_nothing(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest"):
        pbx.cli("dialplan set global AGI_APP_TOKEN wrongwrongwrongwrong")
        try:
            assert max(rings(pbx, tmp_path, called="7005", calls=1)) < RINGS_WITHIN_S
        finally:
            pbx.cli(f"dialplan set global AGI_APP_TOKEN {pbx.agi_token}")


def test_a_marked_call_rings_with_a_warning_before_its_name(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest"):
        began = calls_in(pbx, "7002")
        found = invites(capture, PHONE, began)
        hang_up(pbx)
    assert '"骚扰?' in (found[0].header("From") or "")


def test_a_rejected_call_does_not_ring(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest"):
        began = calls_in(pbx, "7005")
        assert not invites(capture, PHONE, began, within_s=0.5)


def test_a_call_for_the_mailbox_goes_there(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest"):
        began = calls_in(pbx, "7004")
        assert invites(capture, MAILBOX, began)
        assert not invites(capture, PHONE, began, within_s=0)
        hang_up(pbx)


def test_whoever_presses_the_digit_is_connected(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, "7003", f"SendDTMF,wwww{DIGIT}wwww")
        assert invites(capture, PHONE, began, within_s=6)
        assert told(agi_app, "challenged passed  call-7003")
        hang_up(pbx)


@pytest.mark.parametrize(("called", "rung"), [("7003", MAILBOX), ("7006", None)])
def test_three_wrong_digits_do_not_connect(
    pbx: Asterisk, tmp_path: Path, capture: Capture, called: str, rung: str | None
) -> None:
    """The caller is sent where the settings say: to the mailbox, or away."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, called, "SendDTMF,wwww1wwwwww2wwwwww3wwwwwwwwwwww")
        assert told(agi_app, f"challenged failed  call-{called}", within_s=12)
        if rung:
            assert invites(capture, rung, began)
        assert not invites(capture, PHONE, began, within_s=0.2)
        hang_up(pbx)


def test_a_dialled_number_is_told(pbx: Asterisk, tmp_path: Path, capture: Capture) -> None:
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, "8001")
        assert told(agi_app, "dialled +99861380001101")
        assert invites(capture, PHONE, began)
        hang_up(pbx)


def test_the_key_after_a_call_reports_it(pbx: Asterisk, tmp_path: Path) -> None:
    """The caller hangs up after a second; the phone that was called presses * a second later."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        calls_in(pbx, "9001", "Wait,1")
        assert told(agi_app, "report nuisance  call-9001", within_s=6)
        hang_up(pbx)


def test_a_time_limit_of_the_dialplans_own_is_kept(pbx: Asterisk, tmp_path: Path) -> None:
    with answering(pbx, tmp_path, "honest"):
        began = calls_in(pbx, "5001")
        while "Wait" not in pbx.cli("core show channels concise"):
            assert time.time() - began < 1.5
        while "Wait" in pbx.cli("core show channels concise"):
            assert time.time() - began < 6
        assert time.time() - began > 1.5
