"""A robot that changes its number: what it plays at a challenge is written down, and its next call is judged by it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.project import write_settings
from tests.system.conftest import NewSite
from tests.system.site import CLOCK, Site, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

FIRST, SECOND, PERSON = "+999861380008101", "+999861390008201", "+999861370008301"
LOANS = (
    "hello this is peter from the credit department your application for a loan of fifty thousand was approved this"
    " morning press one now to speak with an advisor before the offer expires tonight"
)
HEARD = LOANS.replace("department", "apartment").replace("approved", "improved").replace("advisor", "a wiser")
# Who calls shows the 16 characters before the star as its number; the call comes in like one of a trunk.
DIALPLAN = """
[agi-app-from-trunk]
exten => _7XXX,1,Gosub(agi-app-screen,s,1(${EXTEN}))
 same => n,Answer()
 same => n,Dial(Local/rings@agi-app-test-phone)
[agi-app-test-phone]
exten => rings,1,Answer()
 same => n,Wait(30)
[agi-app-mailbox]
exten => _7XXX,1,Answer()
 same => n,Wait(30)
[agi-app-test-robot]
exten => _+X!,1,Set(CALLERID(num)=${EXTEN:0:16})
 same => n,Goto(agi-app-from-trunk,${EXTEN:17},1)
"""


@pytest.fixture(scope="module")
def listening(new_site: NewSite) -> Iterator[Site]:
    """A worker that listens to callers who are challenged; what it understands stands in a file, in this order."""
    site = new_site("listening")
    (site.project / "said.txt").write_text("\n".join((LOANS, HEARD, HEARD, HEARD)), "utf-8")
    speech, guard = 'engine = "scripted"\nmodel = "said.txt"', "listen = true\nmailbox = true"
    more = f'[sandbox]\nclock = "{CLOCK}"\n[speech]\n{speech}\n[guard]\n{guard}\n'
    write_settings(site.project, site.settings(more))
    local = site.asterisk.run_dir / "etc" / "extensions_local.conf"
    before = local.read_text()
    local.write_text(before + DIALPLAN)
    site.asterisk.cli("dialplan reload")
    site.asterisk.cli("module load res_clioriginate.so")
    site.app.ask("guard", "line", "7801", "--level", "strict")  # challenges every stranger
    try:
        with site.worker():
            yield site
    finally:
        local.write_text(before)
        site.asterisk.cli("dialplan reload")


def plays(site: Site, caller: str, called: str, what: str = "Playback tt-weasels") -> None:
    """A call of this number that plays a recording as soon as it is answered, and hangs up after it."""
    site.asterisk.cli(f"channel originate Local/{caller}*{called}@agi-app-test-robot/n application {what}")


def heard(site: Site) -> list[tuple[str, str, str | None]]:
    return site.sql(
        "SELECT c.number, t.source, s.name FROM guard_transcript t JOIN guard_caller c USING (caller_id)"
        " LEFT JOIN guard_script s USING (script_id) ORDER BY t.transcript_id"
    )


def test_a_robot_is_known_by_its_words_when_it_changes_its_number(listening: Site) -> None:
    plays(listening, FIRST, "7801")
    until("its words are stored", lambda: heard(listening) == [(FIRST, "challenge", None)], 25)
    listening.app.ask("guard", "complain", FIRST)
    plays(listening, SECOND, "7801")
    until("its words are known", lambda: len(heard(listening)) == 2, 25)
    (_, _, script), (_, _, again) = heard(listening)
    assert script is not None
    assert again == script
    plays(listening, SECOND, "7802")  # a line of the standard level, on which a stranger rings
    judged = (
        f"SELECT g.action, g.decision FROM guard_call g JOIN guard_caller USING (caller_id) WHERE number = '{SECOND}'"
    )
    until(
        "the next call is judged and heard", lambda: len(listening.sql(judged)) == 2 and len(heard(listening)) == 3, 25
    )
    ((action, decision),) = listening.sql(f"{judged} AND called = '7802'")
    assert action == "challenge"
    assert "script" in {reason["rule"] for reason in json.loads(decision)["reasons"]}
    assert f"spoke the known script {script} before" in listening.app.ask("guard", "explain", SECOND)
    plays(listening, SECOND, "7801")  # the strict line sends whoever said a script to the mailbox
    sources = ["challenge", "challenge", "challenge", "voicemail"]
    until("the mailbox's caller is known", lambda: [source for _, source, _ in heard(listening)] == sources, 25)
    (told,) = json.loads(listening.app.ask("guard", "report", "--json"))["scripts"]
    assert (told["name"], told["calls"], told["callers"]) == (script, 4, 2)
    assert json.loads(listening.app.ask("guard", "replay", "--json"))["ok"]
    assert listening.app.run("audit", "verify").returncode == 0
    until("no sound is left", lambda: not list(listening.asterisk.recording_dir.iterdir()))


def test_who_is_put_through_is_not_listened_to(listening: Site) -> None:
    """The line lets the call through after the first one; nothing is recorded while they talk."""
    before = len(heard(listening))
    plays(listening, PERSON, "7802", "Wait 3")
    judged = f"SELECT g.answered FROM guard_call g JOIN guard_caller USING (caller_id) WHERE number = '{PERSON}'"
    until("the call has ended", lambda: [row[0] for row in listening.sql(judged)] == [True], 20)
    assert len(heard(listening)) == before
    assert not list(listening.asterisk.recording_dir.iterdir())
