"""The screening dialplan on a real Asterisk does what it is told, and calls ring whatever is wrong with agi-app."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.asterisk import Asterisk
from sandbox.caller import Callers, Incoming
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.sip import SipMessage, read_messages
from sandbox.supervise import Child
from tests.asterisk.answerer import BLOCKED, DIGITS
from tests.asterisk.raw_caller import raw_call

pytestmark = pytest.mark.asterisk

RINGS_WITHIN_S = 0.6
CALLER = "+998612340001"
SWAPPED = f"{DIGITS[2:]}wwwwwwww{DIGITS[:2]}"  # those of the second try at the first
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
    """Something on agi-app's port."""
    argv = [sys.executable, "-m", "tests.asterisk.answerer", str(pbx.agi_port), pbx.agi_token, mode]
    child = Child(argv, log=folder / f"{mode}.log", cwd=Path(__file__).resolve().parents[2])
    try:
        deadline = time.monotonic() + 10
        while "ready" not in child.log.read_text():
            assert time.monotonic() < deadline
            assert child.returncode is None, child.log.read_text()
            time.sleep(0.02)
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


@pytest.mark.parametrize("keys", [DIGITS[:2], f"00wwwwww{DIGITS[2:]}"])
def test_whoever_presses_the_digits_is_connected(pbx: Asterisk, tmp_path: Path, capture: Capture, keys: str) -> None:
    """At the first try, or those of the second at the second."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, "7003", f"SendDTMF,wwww{keys}wwww")
        assert invites(capture, PHONE, began, within_s=9)
        assert told(agi_app, "challenged passed  call-7003")
        hang_up(pbx)


def test_where_asterisk_lacks_the_sounds_a_challenged_call_rings(
    pbx: Asterisk, tmp_path: Path, capture: Capture
) -> None:
    """Nobody could press digits that were not said; the call does not go to the mailbox, and is not marked."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, "7008")
        found = invites(capture, PHONE, began, within_s=6)
        assert found
        assert "骚扰" not in (found[0].header("From") or "")
        assert told(agi_app, "challenged unheard  call-7008")
        assert not invites(capture, MAILBOX, began, within_s=0)
        hang_up(pbx)


@pytest.mark.attack("row 12: a robot that keys the same digits at every try")
@pytest.mark.parametrize(
    ("called", "rung", "keys"),
    [
        ("7003", MAILBOX, "11wwwwwwww22"),
        ("7006", PHONE, "11wwwwwwww22"),
        ("7003", MAILBOX, SWAPPED),
        ("7006", PHONE, SWAPPED),
        ("7003", MAILBOX, "#wwwwwwww#"),
    ],
    ids=["blind", "blind, marked", "swapped", "swapped, marked", "hash"],
)
def test_wrong_digits_lead_to_the_mailbox_or_ring_marked(
    pbx: Asterisk, tmp_path: Path, capture: Capture, called: str, rung: str, keys: str
) -> None:
    """Where the settings say; never away, for it may have been a person."""
    with answering(pbx, tmp_path, "honest") as agi_app:
        began = calls_in(pbx, called, f"SendDTMF,wwww{keys}wwwwwwwwwwww")
        assert told(agi_app, f"challenged failed  call-{called}", within_s=14)
        found = invites(capture, rung, began)
        assert ('"骚扰?' in (found[0].header("From") or "")) is (rung == PHONE)
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


# ------------------------------------------------------------ what strangers write


def asked(child: Child) -> list[str]:
    """What the questions of this run told."""
    return [line for line in child.log.read_text().splitlines() if line.startswith("asked")]


@pytest.mark.attack("row 1: a line break in the caller's number switches the guard off")
@pytest.mark.parametrize(
    "user",
    [
        "+998612340099%0A",
        "+998612340099%0Aagi_arg_2%3A%207001%0A%0A",
        "%0A%0A",
        "1%0Aagi_callerid%3A%20%2B86",
        "a%2Cb%29%24",
    ],
)
def test_a_line_break_in_a_number_lets_nobody_else_through(pbx: Asterisk, tmp_path: Path, user: str) -> None:
    """Its own call is one of an unknown caller; the blocked number is refused before it and after it."""
    blocked = f"<sip:{BLOCKED}@carrier.invalid>"
    with answering(pbx, tmp_path, "honest") as agi_app:
        with raw_call(pbx.sip_port, "7007", blocked) as call:
            assert call.wait(180, 403) == 403
        with raw_call(pbx.sip_port, "7007", f"<sip:{user}@carrier.invalid>") as call:
            assert call.wait(180, 403) == 180
        with raw_call(pbx.sip_port, "7007", blocked) as call:
            assert call.wait(180, 403) == 403
        assert asked(agi_app)[1].split() == ["asked", "None", "7007"], "nothing of the caller's text is told"


@pytest.mark.attack("a line break in the caller's name, the called and the redirecting number")
@pytest.mark.parametrize(
    ("sender", "more"),
    [
        ('"x%0A%0Aagi_arg_1: y" <sip:{}@carrier.invalid>', ""),
        ('"a\\"b,c)(d:e?f${{EXTEN}}" <sip:{}@carrier.invalid>', ""),
        ("<sip:{}@carrier.invalid>", "Diversion: <sip:1%0A%0Aagi_dnid%3A@x>;reason=no-answer\r\n"),
        ("<sip:{}@carrier.invalid>", 'Diversion: "a%0Ab" <sip:8613@x>;reason=no-answer\r\n'),
    ],
)
def test_no_other_field_of_a_caller_changes_the_question(pbx: Asterisk, tmp_path: Path, sender: str, more: str) -> None:
    with answering(pbx, tmp_path, "honest") as agi_app:
        with raw_call(pbx.sip_port, "7007", sender.format(BLOCKED), more) as call:
            assert call.wait(180, 403) == 403
        assert asked(agi_app)[0].split() == ["asked", BLOCKED, "7007"]


@pytest.mark.attack("commas, colons and line breaks in the called number")
@pytest.mark.parametrize(
    "called", ["7007%2Cx", "7007%0Ay", "70%3A07", "+86138%3Aagi-app-from-trunk%2C7001%2C1", "1%2C2%2C3"]
)
def test_a_called_number_is_no_dialplan(pbx: Asterisk, tmp_path: Path, called: str) -> None:
    """It reaches no number of ours: not found, and nothing rings."""
    with answering(pbx, tmp_path, "honest") as agi_app, raw_call(pbx.sip_port, called, "<sip:+8613@x.invalid>") as call:
        assert call.wait(180, 183, 200, 404, 403) == 404
        assert not asked(agi_app)


def test_a_callers_name_and_number_are_as_they_were_when_it_rings(
    pbx: Asterisk, tmp_path: Path, capture: Capture
) -> None:
    """What was put away for the question is put back, whatever stands in it."""
    with answering(pbx, tmp_path, "honest"):
        began = time.time()
        with raw_call(pbx.sip_port, "7001", '"Ann, Bob: (c)=?" <sip:bob42@carrier.invalid>') as call:
            assert call.wait(180) == 180
            (found, *_) = invites(capture, PHONE, began)
        assert '"Ann, Bob: (c)=?" <sip:bob42@' in (found.header("From") or "")
