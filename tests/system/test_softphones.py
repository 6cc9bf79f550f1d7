"""Softphones of others as the people called and as agents: baresip and linphone, each a program of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.root import ensure_root, ensure_tools
from tests.softphones.baresip import Baresip
from tests.softphones.linphone import Linphone
from tests.softphones.sound import heard_s
from tests.softphones.switchboard import AGENT_HZ, KINDS, PERSON_HZ, PhoneSite, Switchboard
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

NUMBERS = people(*[0] * 40)
HOLD_S = 6.5  # from the answer on: sound is looked for after 5 s
TALK_S = 0.8
BEGUN_S = 0.2
PROMPTS = BULK / "prompts" / "zh-CN"
MOSTLY = 0.9  # of what a prompt has is surely heard: the sound of a line is not that of a file
ASKED_S = MOSTLY * (heard_s(PROMPTS / "greeting.wav") + heard_s(PROMPTS / "key.wav"))
GOODBYE_S = MOSTLY * heard_s(PROMPTS / "goodbye.wav")
OPTED_OUT_S = MOSTLY * heard_s(PROMPTS / "opted_out.wav")
each_kind = pytest.mark.parametrize("kind", list(KINDS))


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switchboard]:
    ensure_tools(print)
    ensure_tools(print, [kind.command_name for kind in KINDS.values()])
    with Switchboard(ensure_root(print), tmp_path_factory.mktemp("board")) as running:
        running.let_phones_log_in()
        yield running


@pytest.fixture(scope="module")
def site(
    board: Switchboard, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PhoneSite]:
    """A project whose worker runs all the while; everybody has agreed to be called."""
    made = PhoneSite(tmp_path_factory.mktemp("site"), board, board.asterisk, new_database())
    made.prepare()
    made.write_campaigns(NUMBERS)
    with made.worker():
        yield made


@pytest.fixture
def number() -> str:
    """Of somebody who was not called yet."""
    return NUMBERS.pop()


@pytest.mark.parametrize("info", [False, True], ids=["rfc4733", "info"])
@each_kind
def test_a_person_hears_the_prompts_and_presses_a_key(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path, kind: str, info: bool
) -> None:
    """The greeting and the question are in the phone's recording, and the key is stored as an answer."""
    with board.person(kind, number, tmp_path, info=info) as phone:
        site.call_up(kind, number)
        phone.until_ringing()
        phone.answer()
        until("the greeting and the question are heard", lambda: heard_s(phone.heard) > ASKED_S)
        phone.press("1")
        heard = heard_s(phone.recording())
    assert site.result(number) == ("answered", "confirmed")
    assert site.attempts(kind)[number]["answers"] == {"answer": "yes"}
    assert heard > ASKED_S + GOODBYE_S


def test_whoever_hangs_up_with_nine_still_down_is_never_called_again(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path
) -> None:
    """The end of the key never comes; its beginning is a stop, for every campaign."""
    with board.person("baresip", number, tmp_path) as phone:
        assert isinstance(phone, Baresip)
        site.call_up("baresip", number)
        phone.until_ringing()
        phone.answer()
        until("the greeting has begun", lambda: heard_s(phone.heard) > BEGUN_S)
        phone.press_and_hang_up("9")
        phone.until_over()
        until("the stop is stored", lambda: site.has_stopped(number))
    assert site.result(number) == ("answered", "opted_out")
    assert not site.may_be_called(number)
    assert len(site.calls([number])) == 1


def test_whoever_presses_nine_hears_that_it_was_understood(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path
) -> None:
    """In the greeting: the confirmation is heard, we hang up, and nobody calls again."""
    with board.person("linphone", number, tmp_path) as phone:
        site.call_up("linphone", number)
        phone.until_ringing()
        phone.answer()
        until("the greeting has begun", lambda: heard_s(phone.heard) > BEGUN_S)
        phone.press("9")
        assert heard_s(phone.recording()) > BEGUN_S + OPTED_OUT_S
    assert site.result(number) == ("answered", "opted_out")
    assert site.call(number).bye_from == "us"
    assert not site.may_be_called(number)


@pytest.mark.parametrize(("kind", "status", "outcome"), [("baresip", 486, "busy"), ("linphone", 603, "rejected")])
def test_whoever_rejects(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path, kind: str, status: int, outcome: str
) -> None:
    """Each phone has its own way to say no."""
    with board.person(kind, number, tmp_path) as phone:
        site.call_up(kind, number)
        phone.until_ringing()
        phone.reject()
        phone.until_over()
    assert site.result(number)[0] == outcome
    assert site.call(number).final_status == status


def test_a_call_on_hold_goes_on_when_it_is_taken_back(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path
) -> None:
    """For longer than the look at whether sound comes takes; then the key still counts."""
    with board.person("linphone", number, tmp_path) as phone:
        site.call_up("linphone", number)
        phone.until_ringing()
        phone.answer()
        phone.hold()
        answered = site.call(number).answered_at
        assert answered is not None
        until("the look at the sound is over", lambda: time.time() > answered + HOLD_S)
        phone.resume()
        phone.press("1")
        heard = heard_s(phone.recording())
    assert site.result(number) == ("answered", "confirmed")
    assert heard > GOODBYE_S, "what comes after the hold is heard"


@each_kind
def test_whoever_hangs_up_in_the_middle_of_a_prompt(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path, kind: str
) -> None:
    """The call is over for Asterisk too, and counted as one that was answered."""
    with board.person(kind, number, tmp_path) as phone:
        site.call_up(kind, number)
        phone.until_ringing()
        phone.answer()
        until("the greeting has begun", lambda: heard_s(phone.heard) > BEGUN_S)
        phone.hang_up()
        phone.until_over()
    assert site.result(number) == ("answered", "hung_up")
    assert site.call(number).bye_from == "carrier"


def test_a_redirect_makes_asterisk_call_nobody(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path
) -> None:
    """linphone says 302 to a number at the other trunk; no INVITE goes there."""
    elsewhere = NUMBERS.pop()
    with board.person("linphone", number, tmp_path) as phone:
        assert isinstance(phone, Linphone)
        site.call_up("linphone", number)
        phone.until_ringing()
        phone.redirect(f"sip:{elsewhere}@127.0.0.1:{board.person_ports['baresip']}")
        result = site.result(number)
    assert site.call(number).final_status == 302
    assert site.calls([elsewhere]) == []
    assert result == ("failed", None)


@pytest.mark.parametrize("ends", ["agent", "person"])
@each_kind
def test_a_person_and_an_agent_hear_each_other(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path, kind: str, ends: str
) -> None:
    """Each says a tone and has the other's in the recording; when one of them hangs up, the call is over for both."""
    name = f"{kind}-agents"
    with board.agent(kind, tmp_path) as agent, board.person(board.other(kind), number, tmp_path) as person:
        site.call_up(name, number)
        person.until_ringing()
        person.answer()
        agent.until_on()
        until("the agent hears the person", lambda: heard_s(agent.heard, PERSON_HZ) > TALK_S)
        until("the person hears the agent", lambda: heard_s(person.heard, AGENT_HZ) > TALK_S)
        (agent if ends == "agent" else person).hang_up()
        assert heard_s(agent.recording(), PERSON_HZ) > TALK_S
        assert heard_s(person.recording(), AGENT_HZ) > TALK_S
    assert site.result(number) == ("answered", "hung_up" if ends == "person" else "completed")
    assert site.call(number).bye_from == ("carrier" if ends == "person" else "us")


@each_kind
def test_an_agent_who_rejects_costs_the_person_nothing(
    site: PhoneSite, board: Switchboard, number: str, tmp_path: Path, kind: str
) -> None:
    """The agent's phone rings first and says no: the person's does not ring."""
    name = f"{kind}-first"
    with board.agent(kind, tmp_path, answers=False) as agent:
        site.call_up(name, number)
        command = site.app.start("call-person", name, number, "--agent", f"desk-{kind}")
        try:
            agent.until_ringing()
            agent.reject()
            _, errors = command.communicate(timeout=120)
        finally:
            command.kill()
            command.wait()
    assert (command.returncode, f"not called: desk-{kind} is busy" in errors) == (1, True), errors
    assert site.calls([number]) == []


def test_while_the_agent_is_logged_out_nobody_is_called(site: PhoneSite, board: Switchboard, tmp_path: Path) -> None:
    """Logged out in the middle of a talk, the talk goes on; the next person is called when the agent is back."""
    talks, waits = NUMBERS.pop(), NUMBERS.pop()
    with board.agent("linphone", tmp_path) as agent:
        with board.person("baresip", talks, tmp_path / "first") as person:
            site.call_up("linphone-agents", talks)
            person.until_ringing()
            person.answer()
            agent.until_on()
            agent.unregister()
            before = heard_s(person.heard, AGENT_HZ)
            until("both talk on", lambda: heard_s(person.heard, AGENT_HZ) > before + TALK_S)
            person.hang_up()
            agent.until_over()
        site.call_up("linphone-agents", waits)
        until("it is known that nobody is there", lambda: site.held_by("linphone-agents") == ["agents"])
        assert site.calls([waits]) == []
        with board.person("baresip", waits, tmp_path / "second") as person:
            board.log_in(agent)
            person.until_ringing()
            person.answer()
            agent.until_on()
            person.hang_up()
    assert site.result(waits)[0] == "answered"
