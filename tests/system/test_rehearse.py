"""`rehearse` on a real Asterisk: a SIPp telephone is proved, hears a flow, keys; the capture says what was dialled."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from sandbox.supervise import Child
from sandbox.world import World
from tests.system.conftest import NewDatabase
from tests.system.office import MOST_S, PHONE, Office, open_office, set_clock
from tests.system.site import CALLER_ID, LETTER, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

MINE, STOPPED, STRANGER, LEFT = people(71, 72, 73, 74)
BY_NIGHT = "2026-03-04T23:30:00+08:00"
PROVE = ("rehearse", "--prove")


@pytest.fixture(scope="module")
def office(world: World, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A project with a proved caller ID."""
    with open_office(world, new_database(), tmp_path_factory.mktemp("rehearsals"), "w") as opened:
        opened.ask("callerid", "prove", CALLER_ID, "--letter", str(LETTER))
        yield opened


def test_a_flow_is_heard_on_a_proved_telephone_only(office: Office) -> None:
    """Nobody's before it is proved; then as a callee hears it, with its keys, until somebody keys the stop."""
    done = office.ask("rehearse", "patient", MINE, "--trunk", PHONE)
    assert (done.returncode, "no worker is running" in done.stderr) == (2, True), done.stderr
    with office.site.worker() as worker:
        _nobody_proved_it(office)
        _proved(office, MINE)
        _keys_count(office)
        _shows_a_caller_id_of_ours(office)
        _proved(office, STOPPED)
        _the_stop_is_real(office)
        _a_stop_elsewhere_ends_it(office)
        _proved(office, LEFT)
        _a_worker_that_ends_does(office, worker)
    sql = office.site.sql
    decided = sql("SELECT allowed, rules FROM decision WHERE campaign = 'rehearse FLOW' ORDER BY decision_id")
    assert decided == [
        (False, ["phone_unproved"]),
        (True, []),
        (True, []),
        (True, []),
        (False, ["suppressed"]),
        (True, []),
        (True, []),
    ]
    assert sql("SELECT count(*) FROM attempt") == [(0,)], "a rehearsal is no attempt on anybody"
    assert sql(
        "SELECT count(*) FROM rehearsal_call WHERE progress <> '[]' OR said IS NOT NULL OR script IS NOT NULL"
    ) == [(0,)], "what was said goes once it was read"


def test_by_night_nobody_rehearses(office: Office) -> None:
    set_clock(office, BY_NIGHT)
    before = len(office.calls(STOPPED))
    with office.site.worker():
        _proof_is_refused(office)
        done = office.ask("rehearse", "patient", STOPPED, "--trunk", PHONE)
    assert (done.returncode, "window_jurisdiction" in done.stderr) == (1, True), done.stderr
    assert len(office.calls(STOPPED)) == before


def _nobody_proved_it(office: Office) -> None:
    done = office.ask("rehearse", "patient", STRANGER, "--trunk", PHONE)
    assert (done.returncode, "phone_unproved" in done.stderr) == (1, True), done.stderr
    assert office.calls(STRANGER) == []


def _proved(office: Office, number: str) -> None:
    with office.proving(number, "--trunk", PHONE, by=PROVE) as (command, code), office.phone(code):
        output, errors = command.communicate(timeout=MOST_S)
        assert command.returncode == 0, errors
    assert "for rehearsals, not as a caller ID" in output
    assert [p["e164"] for p in office.proofs()] == [CALLER_ID], "it makes no caller ID"
    phones = json.loads(office.ask("rehearse", "--phones", "--json").stdout)
    assert [p["valid"] for p in phones if p["e164"] == number] == [True]


def _keys_count(office: Office) -> None:
    with office.phone("1"):
        done = office.ask("rehearse", "patient", MINE, "--trunk", PHONE, "--language", "en")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = "".join(lines)
    assert lines[0] == f"{MINE} is called now and sees {MINE}"
    assert "the stop is real" in lines[1]
    assert lines[2].startswith("plays greeting (en): Automated call, Sunshine Dental.")
    for line in ("> 1", "saves answer = yes", "disposition confirmed", "plays goodbye (en)", "hangs up (hangup)"):
        assert line in told, done.stdout
    assert lines[-2:] == ["disposition: confirmed", "answer answer: yes"]
    call = office.calls(MINE)[-1]
    assert (call.from_user, call.bye_from) == (MINE, "us")


def _shows_a_caller_id_of_ours(office: Office) -> None:
    arguments = ("rehearse", "patient", MINE, "--trunk", PHONE, "--caller-id", CALLER_ID, "--json")
    with office.phone("1"):
        done = office.ask(*arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["disposition"], told["answers"], told["opted_out"]) == ("confirmed", {"answer": "yes"}, False)
    assert office.calls(MINE)[-1].from_user == CALLER_ID


def _the_stop_is_real(office: Office) -> None:
    with office.phone("9"):
        done = office.ask("rehearse", "patient", STOPPED, "--trunk", PHONE)
    assert done.returncode == 0, done.stderr
    assert "stores the stop: this person is never called again" in done.stdout
    assert done.stdout.splitlines()[-1] == "disposition: opted_out"
    before = len(office.calls(STOPPED))
    again = office.ask("rehearse", "patient", STOPPED, "--trunk", PHONE)
    assert (again.returncode, "suppressed:" in again.stderr) == (1, True), again.stderr
    assert len(office.calls(STOPPED)) == before


def _a_stop_elsewhere_ends_it(office: Office) -> None:
    before = len(office.calls(MINE))
    with office.phone("5", after_s=20.0), office.command("rehearse", "patient", MINE, "--trunk", PHONE) as command:
        until("it is answered", lambda: [c for c in office.calls(MINE)[before:] if c.answered_at] != [])
        office.site.app.ask("stop", MINE)
        _, errors = command.communicate(timeout=MOST_S)
        assert (command.returncode, "suppression list" in errors) == (2, True), errors
    call = office.calls(MINE)[-1]
    assert call.bye_from == "us"
    assert (call.bye_at or 0) - office.site.stops(MINE)[MINE] <= 1.0


def _a_worker_that_ends_does(office: Office, worker: Child) -> None:
    with office.phone("5", after_s=20.0), office.command("rehearse", "patient", LEFT, "--trunk", PHONE) as command:
        until("it is answered", lambda: [c for c in office.calls(LEFT)[1:] if c.answered_at] != [])
        worker.send(signal.SIGTERM)
        _, errors = command.communicate(timeout=MOST_S)
        assert (command.returncode, "shutting down" in errors) == (2, True), errors
    assert office.calls(LEFT)[-1].bye_from == "us"


def _proof_is_refused(office: Office) -> None:
    done = office.ask("rehearse", "--prove", STRANGER, "--trunk", PHONE)
    assert (done.returncode, "window_jurisdiction" in done.stderr) == (1, True), done.stderr
    assert office.calls(STRANGER) == []
