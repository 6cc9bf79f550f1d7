"""The module for FreePBX, run by PHP in a stand-in for it, and its dialplan on a real Asterisk with a real worker."""

from __future__ import annotations

import gettext
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sandbox.sip import SipMessage, read_messages
from sandbox.supervise import Child
from tests.asterisk.raw_caller import raw_call
from tests.system.conftest import NewSite
from tests.system.site import Site, until
from tests.system.watched import WATCHED

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "freepbx" / "agiapp"
TABLES = {
    table.attrib["name"]: [field.attrib["name"] for field in table]
    for table in ET.parse(MODULE / "module.xml").iter("table")
}
TOKEN = "a-token-of-the-module-1234"
PHONE, MAILBOX = "9998613770021", "9998613880021"  # ring until the caller gives up
STRANGER, LISTED, BLOCKED, NUISANCE = "+999861380012101", "+999861370012201", "+999861390012301", "+999861360012401"
DIALLED = "+999861340012601"
RINGS_WITHIN_S = 0.6
DIALPLAN = f"""
[agi-app-from-trunk]
include => from-pstn
[phones]
exten => 100,1,Dial(PJSIP/{PHONE}@sandbox-carrier,20)
[agi-app-mailbox]
exten => _70XX,1,Dial(PJSIP/{MAILBOX}@sandbox-carrier,20)
[test-outgoing]
exten => out,1,Gosub(macro-dialout-trunk,s,1(1,{DIALLED}))
"""
pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
WATCHED.site_dials |= {PHONE, MAILBOX}


def route(
    extension: str = "", cidnum: str = "", *, asks: bool = True, to: str | None = "phones,100,1"
) -> dict[str, Any]:
    """An inbound route; without ``to`` one that FreePBX's core has not written."""
    found = {"extension": extension, "cidnum": cidnum, "pricid": 0, "asks": asks}
    return found if to is None else {**found, "to": to}


def freepbx(folder: Path, **settings: Any) -> str:
    """What FreePBX writes, or shows, with the module in it."""
    file = folder / "freepbx.json"
    config = {"token": TOKEN, "address": "127.0.0.1:4573"}
    file.write_text(json.dumps({"tables": TABLES, "config": config, **settings}), "utf-8")
    words = [
        "php",
        "-d",
        "error_reporting=-1",
        "-d",
        "display_errors=stderr",
        "tests/system/freepbx.php",
        str(MODULE),
        str(file),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def steps(text: str) -> list[tuple[str, str, str]]:
    """Context, extension and step of each line of a dialplan; labels stay."""
    found, context, exten = [], "", ""
    for line in text.splitlines():
        if head := re.match(r"\[([^]]+)]", line):
            context = head[1]
        elif step := re.match(r"\s*(?:exten => ([^,]+),(?:1|n)|same => n)(\([^)]+\))?,(.+)", line):
            exten = step[1] or exten
            found.append((context, exten, f"{step[2] or ''}{step[3]}"))
    return found


# ------------------------------------------------------------ what FreePBX writes


def test_the_dialplan_is_that_of_agi_app_step_by_step(tmp_path: Path) -> None:
    written = [step for step in steps(freepbx(tmp_path)) if step[0].startswith("agi-app-")]
    assert written == steps((ROOT / "dialplan" / "extensions_agi_app_screen.conf").read_text("utf-8"))
    assert len(written) > 80


@pytest.mark.parametrize(
    ("extension", "cidnum", "context", "exten"),
    [
        ("7001", "", "ext-did-0002", "7001"),
        ("_70XX", "", "ext-did-0002", "_70XX"),
        ("7001", "13800", "ext-did-0001", "7001/13800"),
        ("", "13800", "ext-did-0002", "s/13800"),
        ("", "", "ext-did-0001", "s"),
    ],
)
def test_a_route_that_asks_does_so_where_it_goes_on(
    tmp_path: Path, extension: str, cidnum: str, context: str, exten: str
) -> None:
    routes = [route(extension, cidnum), route("7999", asks=False)]
    written = steps(freepbx(tmp_path, routes=routes))
    place = written.index((context, exten, "(dest-ext)Goto(phones,100,1)"))
    assert written[place - 1] == (context, exten, "Gosub(agi-app-screen,s,1(${FROM_DID}))")
    assert [step for step in written if "agi-app-screen,s,1" in step[2]] == [written[place - 1]], (
        "the other does not ask"
    )


def test_an_outgoing_call_tells_its_number(tmp_path: Path) -> None:
    written = steps(freepbx(tmp_path))
    place = written.index(("macro-dialout-trunk", "s", "(gocall)NoOp(predial hook)"))
    assert written[place - 1][2] == "Gosub(agi-app-dialled,s,1(${OUTNUM}))"


def test_what_freepbx_has_not_written_keeps_it_from_writing_nothing_else(tmp_path: Path) -> None:
    """An exception in a hook would leave the whole PBX without its new configuration."""
    text = freepbx(tmp_path, routes=[route("7001", to=None), route("7002")], no_trunks=True)
    assert [exten for _, exten, does in steps(text) if "agi-app-screen,s,1" in does] == ["7002"]


def test_without_a_token_nothing_is_added(tmp_path: Path) -> None:
    assert "agi-app" not in freepbx(tmp_path, config={}, routes=[route("7001")])


# ------------------------------------------------------------ what an admin sees


@pytest.mark.parametrize(
    ("token", "address", "told"),
    [("short", "", "16 to 200"), ("x" * 20 + "\n[globals]", "", "16 to 200"), (TOKEN, "http://x", "HOST:PORT")],
)
def test_wrong_settings_are_refused_and_say_why(tmp_path: Path, token: str, address: str, told: str) -> None:
    page = freepbx(tmp_path, page={"agiapp_token": token, "agiapp_address": address}, config={})
    assert told in page
    assert "Without a token no call is screened" in page


def test_a_token_is_kept_and_never_shown(tmp_path: Path) -> None:
    page = freepbx(tmp_path, page={"agiapp_token": "", "agiapp_address": "10.0.0.5:4573"})
    assert "10.0.0.5:4573" in page
    assert "empty: keep it" in page
    assert TOKEN not in page


def test_a_route_keeps_its_switch_when_its_number_changes_and_loses_it_with_the_route(tmp_path: Path) -> None:
    edited = {"action": "edtIncoming", "extdisplay": "7001/", "extension": "7002", "cidnum": "", "agiapp_asks": "yes"}
    deleted = {"action": "delIncoming", "extdisplay": "7002/"}
    routes = [route("7001")]

    def shown(number: str, *core: dict[str, str]) -> bool:
        page = freepbx(tmp_path, routes=routes, core=core, look=f"{number}/")
        return re.search(r'value="yes" checked', page) is not None

    assert shown("7001")
    assert not shown("7001", edited)
    assert shown("7002", edited)
    assert not shown("7002", edited, {**edited, "extdisplay": "7002/", "agiapp_asks": "no"})
    assert not shown("7002", edited, deleted)


def test_all_its_words_are_there_in_chinese() -> None:
    """In the file that FreePBX reads, made of the .po beside it by `msgfmt`."""
    words = {
        word for file in MODULE.rglob("*.php") for word in re.findall(r"\b_\('([^']*)'\)", file.read_text("utf-8"))
    }
    folder = MODULE / "i18n" / "zh_CN" / "LC_MESSAGES"
    with (folder / "agiapp.mo").open("rb") as file:
        chinese = gettext.GNUTranslations(file)
    said = dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', (folder / "agiapp.po").read_text("utf-8"), re.MULTILINE))
    assert {word: chinese.gettext(word) for word in words} == said


# ------------------------------------------------------------ what calls do


@pytest.fixture(scope="module")
def site(new_site: NewSite) -> Iterator[Site]:
    """An Asterisk with FreePBX's dialplan; the line 7003 challenges strangers, 7004 has a mailbox besides."""
    made = new_site("freepbx")
    asterisk = made.asterisk
    file = asterisk.run_dir / "etc" / "extensions.conf"
    before = file.read_text("utf-8")
    config = {"token": asterisk.agi_token, "address": f"127.0.0.1:{asterisk.agi_port}"}
    routes = [route(), *(route(f"700{n}") for n in range(1, 6)), route("7008", asks=False)]
    file.write_text(freepbx(made.folder, config=config, routes=routes) + DIALPLAN, "utf-8")
    asterisk.cli("dialplan reload")
    made.app.ask("guard", "block", BLOCKED, "--reason", "robot")
    made.app.ask("guard", "block", LISTED, "--shared", "--reason", "a list")
    made.app.ask("guard", "line", "7002", "--level", "notice")
    made.app.ask("guard", "line", "7003", "--level", "strict")
    made.app.ask("guard", "line", "7004", "--level", "strict", "--mailbox")
    try:
        yield made
    finally:
        file.write_text(before, "utf-8")
        asterisk.cli("dialplan reload")


def answered(site: Site, caller: str, called: str) -> tuple[int | None, float, SipMessage | None]:
    """The first answer to a call, the seconds until it, and the call that rings somewhere, if one does."""
    began = time.time()
    with raw_call(site.asterisk.sip_port, called, f"<sip:{caller}@carrier.invalid>") as calling:
        code = calling.wait(180, 200, 403, 404, 486, 603)
        waited = time.time() - began
        time.sleep(0.3)
        rung = [m for m in read_messages(site.world.capture.file) if m.method == "INVITE" and m.at > began]
    return code, waited, next((m for m in rung if m.to_user in (PHONE, MAILBOX)), None)


def test_a_call_rings_while_agi_app_is_not_there(site: Site) -> None:
    """Before any worker is started here."""
    code, waited, rung = answered(site, BLOCKED, "7001")
    assert (code, rung is not None) == (180, True)
    assert waited < RINGS_WITHIN_S


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[Child]:
    with site.worker() as running:
        yield running


@pytest.mark.parametrize(
    ("caller", "called", "code", "rings", "name"),
    [
        pytest.param(STRANGER, "7001", 180, PHONE, f'"{STRANGER}"', id="allow"),
        pytest.param(LISTED, "7002", 180, PHONE, f'"? {LISTED}"', id="mark"),
        pytest.param(BLOCKED, "7001", 403, None, "", id="reject"),
        pytest.param(BLOCKED, "7777", 403, None, "", id="reject a number without a route"),
        pytest.param(BLOCKED, "7008", 180, PHONE, f'"{BLOCKED}"', id="a route that does not ask"),
    ],
)
def test_a_call_goes_on_as_agi_app_says(
    site: Site, worker: Child, caller: str, called: str, code: int, rings: str | None, name: str
) -> None:
    answer, _, rung = answered(site, caller, called)
    assert answer == code
    assert (rung and rung.to_user) == rings
    assert name in ((rung.header("From") or "") if rung else "")


def test_a_caller_who_is_challenged_is_answered_and_rings_nowhere_yet(site: Site, worker: Child) -> None:
    answer, _, rung = answered(site, "+999861350012501", "7003")
    assert (answer, rung) == (200, None)
    assert site.sql("SELECT decision::jsonb ->> 'action' FROM guard_call WHERE called = '7003'") == [("challenge",)]


def test_who_calls_one_line_after_another_is_sent_to_the_mailbox(site: Site, worker: Child) -> None:
    for called in ("7001", "7002", "7005", "7006"):
        answered(site, NUISANCE, called)
    _, _, rung = answered(site, NUISANCE, "7004")
    assert rung is not None
    assert rung.to_user == MAILBOX


def test_a_call_rings_while_agi_app_is_frozen(site: Site, worker: Child) -> None:
    """Also one that would be refused: nobody is lost because a program is down."""
    worker.send(signal.SIGSTOP)
    try:
        code, waited, rung = answered(site, BLOCKED, "7001")
    finally:
        worker.send(signal.SIGCONT)
    assert (code, rung is not None) == (180, True)
    assert waited < RINGS_WITHIN_S
    assert answered(site, BLOCKED, "7001")[0] == 403, "it goes on when it is there again"


def test_who_was_dialled_from_here_may_call_back(site: Site, worker: Child) -> None:
    """By the hook of outgoing calls: also a number of a shared list, on a line that challenges strangers."""
    site.asterisk.cli("module load res_clioriginate.so")
    site.asterisk.cli("channel originate Local/out@test-outgoing/n application Wait 3")
    until("it is known", lambda: bool(site.sql(f"SELECT 1 FROM guard_caller WHERE number = '{DIALLED}'")))
    assert answered(site, DIALLED, "7003")[0] == 180
