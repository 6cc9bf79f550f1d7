"""Campaigns that look who has answered, with people and mailboxes that really sound, by the carrier's record."""

from __future__ import annotations

import math
import shutil
import signal
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.speech.response_line import packets
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.carrier import Carrier
from sandbox.pcap import read_datagrams
from sandbox.root import ensure_root
from sandbox.speaker import RATE, Keys, Person, Says
from sandbox.supervise import Child
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]
PERSON, MAILBOX, STOPS = 41, 42, 43
HELLO_S, GREETING_S, GAP_S, BEEP_S = 0.6, 4.0, 0.8, 0.4
PORTS = range(54_200, 54_240)  # of its media; other carriers on this machine have media at the same address
ANALYSIS_S = 6.0  # the longest that a detection takes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Site]:
    """A project with a carrier of its own, whose people say hello, or go on talking and beep."""
    folder = tmp_path_factory.mktemp("machine")
    prompts = folder / "prompts"
    shutil.copytree(BULK / "prompts", prompts)
    speaking = {
        f"{PERSON}": Person([Says(0.4, _sound(folder, HELLO_S)), Keys(4.5, "1")]),
        f"{MAILBOX}": Person([Says(0.4, _sound(folder, GREETING_S)), Says(GAP_S, _sound(folder, BEEP_S))]),
        f"{STOPS}": Person([Keys(0.5, "9")]),
    }
    carrier = Carrier(folder / "carrier", speaking=speaking, media_ports=(min(PORTS), max(PORTS)))
    capture = Capture(folder / "sip.pcap", carrier.port, *PORTS)
    asterisk = Asterisk(
        ensure_root(print), folder / "asterisk", name="m", carrier=("127.0.0.1", carrier.port), prompts_dir=prompts
    )
    with carrier, capture, asterisk:
        made = Site(folder / "site", cast(Any, SimpleNamespace(capture=capture)), asterisk, new_database())
        for language, words in (("en", _SAYS_EN), ("zh-CN", _SAYS_ZH)):
            for place in (prompts, made.project / "prompts"):
                shutil.copy(BULK / "prompts" / language / "greeting.wav", place / language / "voicemail.wav")
                (place / language / "voicemail.txt").write_text(words, "utf-8")
        made.prepare()
        yield made


@pytest.fixture(scope="module", autouse=True)
def worker(site: Site) -> Iterator[Child]:
    """It runs all the while, unless a test kills it."""
    with site.worker() as child:
        yield child


_SAYS_EN = "This is an automated message from Sunshine Dental. To stop our calls, call us back on this number."
_SAYS_ZH = "这里是阳光口腔的自动语音。不想再接到电话，请回拨本号码。"


def _sound(folder: Path, seconds: float) -> Path:
    """Words of 0.4 s with 0.16 s between them: what never pauses is taken for noise."""
    file = folder / f"{seconds}.wav"
    tone = (9000 * math.sin(2 * math.pi * 300 * n / RATE) for n in range(int(seconds * RATE)))
    samples = array("h", (int(value) if n / RATE % 0.56 < 0.4 else 0 for n, value in enumerate(tone)))
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file


def run(site: Site, name: str, numbers: list[str], detection: str) -> None:
    """A campaign with this detection, to its end."""
    site.consent(numbers)
    site.add(name, numbers, start=False)
    file = site.project / "campaigns" / f"{name}.yaml"
    file.write_text(file.read_text("utf-8").replace("max_call: 30s", f"max_call: 90s\n{detection}"), "utf-8")
    site.app.ask("campaign", "start", name)
    site.settle(name)


def test_a_person_gets_the_flow_a_mailbox_is_hung_up_on_and_a_stop_during_the_detection_is_taken(site: Site) -> None:
    person, mailbox, stops = people(PERSON, MAILBOX, STOPS)
    run(site, "look", [person, mailbox, stops], "machine_detection: {action: hang_up}\nretry: {machine: [2d]}")
    attempts = site.attempts("look")
    found = {n: (attempts[n]["outcome"], attempts[n]["disposition"]) for n in (person, mailbox, stops)}
    assert found == {person: ("human", "confirmed"), mailbox: ("machine", None), stops: ("human", "opted_out")}
    assert set(site.stops(stops)) == {stops}
    call = site.call(mailbox)
    assert call.bye_from == "us"
    assert call.answered_at is not None
    assert call.bye_at is not None
    assert call.bye_at - call.answered_at < ANALYSIS_S
    states = {f"+{c['external_id']}": (c["state"], c["due_at"] != "") for c in site.report("look")["contact_list"]}
    assert states[mailbox] == ("pending", True), "to be called again, as the campaign says"
    assert states[person] == ("done", False)
    assert site.report("look")["outcomes"] == {"human": 2, "machine": 1}


def test_a_message_begins_after_the_beep_and_the_call_ends_with_it(site: Site) -> None:
    (mailbox,) = people(MAILBOX)
    run(site, "leave", [mailbox], "machine_detection: {action: leave_message, message: voicemail}")
    (attempt,) = site.attempts("leave").values()
    assert (attempt["outcome"], attempt["disposition"]) == ("machine", None)
    assert attempt["note"] == "a message was left"
    call = site.call(mailbox)
    assert call.bye_from == "us"
    assert call.answered_at is not None
    assert call.bye_at is not None
    said, heard = packets(read_datagrams(site.world.capture.file), call.answered_at, call.bye_at)
    beep_ends, begins = max(p.at for p in said if p.loud), min(p.at for p in heard if p.loud)
    assert beep_ends - call.answered_at > 0.4 + GREETING_S + GAP_S, "all of the greeting was sent"
    assert begins > beep_ends, "not a sound of ours before the beep is over"
    assert begins - beep_ends < 4.5, "two seconds of silence, and a slow machine's delay"


def test_without_our_dialplan_the_flow_begins_at_once_and_nothing_is_stuck(site: Site) -> None:
    (person,) = people(PERSON)
    site.asterisk.cli("dialplan remove context agi-app-amd")
    try:
        run(site, "without", [person], "machine_detection: {action: hang_up}")
        (attempt,) = site.attempts("without").values()
        assert (attempt["outcome"], attempt["disposition"]) == ("human", "confirmed"), "the key proves it"
    finally:
        site.asterisk.cli("dialplan reload")


def test_a_worker_that_is_killed_during_the_detection_leaves_nobody_in_silence(site: Site, worker: Child) -> None:
    """No other worker comes: the way back fails, and the dialplan hangs up long before the longest call is over."""
    (person,) = people(PERSON)
    site.consent([person])
    site.add("killed", [person], start=False)
    file = site.project / "campaigns" / "killed.yaml"
    file.write_text(f"{file.read_text('utf-8')}machine_detection: {{action: hang_up}}\n", "utf-8")
    site.app.ask("campaign", "start", "killed")
    until("the call is answered", lambda: any(c.answered_at for c in site.calls([person])), poll_s=0.02)
    worker.send(signal.SIGKILL)
    until("the call has ended", lambda: site.call(person).bye_at is not None)
    call = site.call(person)
    assert call.bye_from == "us"
    assert call.answered_at is not None
    assert call.bye_at is not None
    assert call.bye_at - call.answered_at < ANALYSIS_S + 2
