"""`callerid prove` by a call, on a real Asterisk: a SIPp telephone keys the code, the capture says what was dialled."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator

import pytest

from sandbox.world import World
from tests.system.conftest import NewDatabase
from tests.system.office import MOST_S, PHONE, Office, open_office
from tests.system.site import CALLER_ID, NEXT_DAY, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

RIGHT, WRONG, UNAVAILABLE, STOPS = people(61, 62, 29, 63)


@pytest.fixture(scope="module")
def office(world: World, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Nobody has proved anything yet; no worker runs."""
    with open_office(world, new_database(), tmp_path_factory.mktemp("office"), "v") as opened:
        yield opened


def test_without_a_worker_nobody_is_called(office: Office) -> None:
    done = office.ask("callerid", "prove", RIGHT, "--trunk", PHONE)
    assert done.returncode == 2
    assert "no worker is running" in done.stderr
    assert office.calls(RIGHT) == []


def test_three_calls_a_day_and_only_the_right_code_proves(office: Office) -> None:
    """Right code: a proof. Wrong codes, nobody there, a suppressed number, a fourth call: none."""
    site = office.site
    with site.worker():
        _the_right_code(office)
        _three_wrong_codes(office)
        _a_number_that_must_not_be_called(office)
        unavailable = office.ask("callerid", "prove", UNAVAILABLE, "--trunk", "sandbox")
        assert (unavailable.returncode, "nobody answered" in unavailable.stderr) == (1, True), unavailable.stderr
        assert len(office.calls(UNAVAILABLE)) == 1
        _a_fourth_call(office)
    assert [(p["e164"], p["kind"]) for p in office.proofs()] == [(RIGHT, "call")]
    decided = site.sql("SELECT allowed, rules FROM decision WHERE campaign = 'callerid prove' ORDER BY decision_id")
    assert decided == [(True, []), (True, []), (False, ["suppressed"]), (True, []), (False, ["verification_per_day"])]
    assert site.sql("SELECT count(*) FROM verification_call WHERE code_hash IS NOT NULL") == [(0,)]


def _the_right_code(office: Office) -> None:
    with office.proving(RIGHT, "--trunk", PHONE) as (command, code), office.phone(code):
        output, errors = command.communicate(timeout=MOST_S)
        assert command.returncode == 0, errors
    assert "verification call, entered by" in output
    (call,) = office.calls(RIGHT)
    assert call.from_user == RIGHT, "it shows the number itself"
    assert call.bye_from == "us"
    (proof,) = office.proofs()
    assert (proof["label"], proof["days_left"], proof["warning"]) == ("verification call", 364, "")
    assert code not in office.all_logs()


def _three_wrong_codes(office: Office) -> None:
    with office.proving(WRONG, "--trunk", PHONE, "--caller-id", RIGHT) as (command, code):
        other = f"{(int(code) + 1) % 1_000_000:06d}"
        with office.phone(other * 3):
            _, errors = command.communicate(timeout=MOST_S)
            assert command.returncode == 1
    assert "a wrong code was keyed" in errors
    (call,) = office.calls(WRONG)
    assert (call.from_user, call.bye_from) == (RIGHT, "us")


def _a_number_that_must_not_be_called(office: Office) -> None:
    office.site.app.ask("stop", STOPS)
    refused = office.ask("callerid", "prove", STOPS, "--trunk", PHONE)
    assert (refused.returncode, "suppressed:" in refused.stderr) == (1, True), refused.stderr
    assert office.calls(STOPS) == []


def _a_fourth_call(office: Office) -> None:
    (fourth,) = people(61)
    refused = office.ask("callerid", "prove", fourth, "--trunk", PHONE)
    assert refused.returncode == 1
    assert "3 of 3 verification calls in 24 hours" in refused.stderr
    time.sleep(1.0)
    assert office.calls(fourth) == []


def test_doctor_calls_the_shown_numbers_back(office: Office) -> None:
    """Inside our own Asterisk: no INVITE; and it notices when the dialplan no longer leads to us."""
    site, (person,) = office.site, people(21)
    site.write_campaign("shown")
    file = site.project / "campaigns" / "shown.yaml"
    file.write_text(file.read_text("utf-8").replace(CALLER_ID, RIGHT), "utf-8")
    site.app.ask("contacts", "import", "shown", site.write_contacts([person]))  # no consent: nobody is called
    site.app.ask("campaign", "start", "shown")
    before = len(office.capture.calls()) + len(site.world.capture.calls())
    with site.worker():
        found = _doctor(office)
        assert (found[f"call back {RIGHT}"], found["caller ID"]) == (True, True)
        site.asterisk.cli("dialplan remove extension _[+0-9].@agi-app-inbound")
        found = _doctor(office)
        assert (found[f"call back {RIGHT}"], found["caller ID"]) == (False, True)
        site.asterisk.cli("dialplan reload")
        until("all trial channels are gone", lambda: "0 active channels" in site.asterisk.cli("core show channels"))
    assert len(office.capture.calls()) + len(site.world.capture.calls()) == before


def test_a_stop_and_a_worker_that_ends_both_end_the_call(office: Office) -> None:
    """By a BYE of ours: within a second of the stop, and before the worker is gone."""
    site, (stopped, listens) = office.site, people(28, 28)
    site.set_clock(NEXT_DAY)
    with site.worker() as worker:
        with office.proving(stopped) as (command, _):
            until("the first is answered", lambda: [c.answered_at for c in site.calls([stopped])] not in ([], [None]))
            site.app.ask("stop", stopped)
            _, errors = command.communicate(timeout=MOST_S)
            assert (command.returncode, "suppression list" in errors) == (1, True), errors
        call = site.call(stopped)
        assert (call.bye_from, call.bye_at is not None) == ("us", True)
        assert (call.bye_at or 0) - site.stops(stopped)[stopped] <= 1.0
        with office.proving(listens) as (command, _):
            until("the second is answered", lambda: [c.answered_at for c in site.calls([listens])] not in ([], [None]))
            worker.send(signal.SIGTERM)
            _, errors = command.communicate(timeout=MOST_S)
            assert (command.returncode, "shutting down" in errors) == (1, True), errors
        assert site.call(listens).bye_from == "us"


def _doctor(office: Office) -> dict[str, bool]:
    return {f["check"]: f["ok"] for f in json.loads(office.ask("doctor", "--json").stdout)}
