"""`call-person`: the agent's telephone rings first, then the person's; judged by the carrier's capture.

Agents and persons are people of the same carrier (sandbox/scenarios/carrier.xml), so both legs are in one capture.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agi_app.store.people.access_log import os_user
from sandbox.sip import CarrierCall
from tests.system.conftest import NewSite
from tests.system.site import CALLER_ID, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

NAME = "call-backs"
STAYS, LEAVES, STOPS_LATE, BUSY, RINGS, SLOW = 10, 11, 12, 20, 21, 27  # what the last two digits mean
AGENTS = dict(zip(("stays", "leaves", "busy", "slow"), people(STAYS, LEAVES, BUSY, SLOW), strict=True))
TALKS, STRANGER, STOPPED, RUNG, ENGAGED, REFUSES, ALONE, LEFT = PERSONS = people(
    LEAVES, LEAVES, LEAVES, RINGS, BUSY, STOPS_LATE, LEAVES, STAYS
)


@pytest.fixture(scope="module")
def closed(new_site: NewSite) -> Site:
    """A project with four agents and a campaign in which nobody is called by itself."""
    site = new_site("agents")
    agents = "".join(
        f'\n[destinations.{name}]\nendpoint = "PJSIP/{number}@sandbox-carrier"\n' for name, number in AGENTS.items()
    )
    with (site.project / "agi-app.toml").open("a", encoding="utf-8") as settings:
        settings.write(agents)
    site.our_phones(*AGENTS.values())
    site.consent([number for number in PERSONS if number != STRANGER])
    site.write_campaign(NAME, flow="bulk")
    file = site.project / "campaigns" / f"{NAME}.yaml"
    file.write_text(file.read_text() + "dialled_by: agents\nretry: {busy: [1s]}\n", "utf-8")
    site.app.ask("contacts", "import", NAME, site.write_contacts(PERSONS))
    site.app.ask("campaign", "start", NAME)
    return site


@pytest.fixture(scope="module")
def office(closed: Site) -> Iterator[Site]:
    """Its worker runs."""
    with closed.worker():
        yield closed


def call(site: Site, number: str, agent: str, *more: str) -> subprocess.CompletedProcess[str]:
    return site.app.run("call-person", NAME, number, "--agent", agent, *more)


def legs(site: Site, agent: str, number: str, since: float) -> tuple[CarrierCall, CarrierCall]:
    """The agent's leg and the person's, of a call that began after ``since`` and is over."""
    return leg_of(site, agent, since), site.call(number)


def leg_of(site: Site, agent: str, since: float) -> CarrierCall:
    """The agent's leg, once it has ended."""

    def of_agent() -> CarrierCall:
        (found,) = [c for c in site.calls([AGENTS[agent]]) if c.invite_at >= since]
        return found

    until("the agent's leg has ended", lambda: of_agent().bye_at is not None)
    return of_agent()


def row_of(site: Site, number: str) -> dict[str, Any]:
    """What the report has of the last request for a contact."""
    asked = site.report(NAME)["agent_calls"]
    found: dict[str, Any] = [row for row in asked if f"+{row['external_id']}" == number][-1]
    return found


def test_a_killed_worker_leaves_neither_leg(closed: Site) -> None:
    """The next start hangs both up; the attempt counts as interrupted, and the request is over."""
    since = time.time()
    with closed.worker() as worker:
        command = closed.app.start("call-person", NAME, LEFT, "--agent", "stays")
        try:
            until("both talk", lambda: bool(closed.calls([LEFT])) and closed.call(LEFT).answered_at is not None)
            worker.send(signal.SIGKILL)
            worker.wait(5.0)
            with closed.worker():
                until("both end", lambda: all(c.bye_at is not None for c in legs(closed, "stays", LEFT, since)))
                _, errors = command.communicate(timeout=120)
        finally:
            command.kill()
            command.wait()
    assert (command.returncode, "interrupted" in errors) == (2, True), errors
    assert closed.attempts(NAME)[LEFT]["outcome"] == "interrupted"


def test_the_agent_rings_first_and_both_talk(office: Site) -> None:
    """By the contact's id; the person sees the proved number; both legs are in the report; nobody else is called."""
    since = time.time()
    done = call(office, TALKS.removeprefix("+"), "stays", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["disposition"] == "talked"
    agent, person = legs(office, "stays", TALKS, since)
    assert agent.answered_at is not None
    assert person.answered_at is not None
    assert agent.answered_at < person.invite_at
    assert person.from_user == CALLER_ID
    assert (person.bye_from, agent.bye_from) == ("carrier", "us"), "the person hung up, so the agent's leg ends"
    attempt = office.attempts(NAME)[TALKS]
    assert (attempt["outcome"], attempt["disposition"], attempt["counts"]) == ("answered", "talked", True)
    row = row_of(office, TALKS)
    assert (row["destination"], row["entered_by"], row["attempt_id"]) == (
        "stays",
        os_user(),
        attempt["attempt_id"],
    )
    assert row["rang_at"] < row["answered_at"] < attempt["marked_at"] < row["ended_at"]
    again = call(office, TALKS, "stays")
    assert (again.returncode, "cap_per_day" in again.stderr) == (1, True), "a second call is over the cap"
    assert [c.to_user for c in office.calls(PERSONS) if c.invite_at >= since] == [TALKS]
    assert json.loads(office.app.ask("audit", "verify", "--json"))["ok"] is True


def test_whoever_may_not_be_called_rings_no_agent(office: Site) -> None:
    """The gate is asked before; its no is a decision like any other, and the contact stays as it was."""
    before = len(office.calls(AGENTS.values()))
    done = call(office, STRANGER, "stays")
    assert (done.returncode, "not called: consent_missing" in done.stderr) == (1, True), done.stderr
    unknown = call(office, ALONE, "nobody")
    assert (unknown.returncode, "busy, leaves, slow, stays" in unknown.stderr) == (1, True), unknown.stderr
    assert len(office.calls(AGENTS.values())) == before
    assert office.calls([STRANGER, ALONE]) == []
    assert office.refused_by(NAME)[STRANGER] == {"consent_missing"}
    assert row_of(office, STRANGER)["result"] == "refused"


def test_a_stop_while_the_agent_rings_is_obeyed(office: Site) -> None:
    """The gate is asked again when the agent has answered: no INVITE."""
    since = time.time()
    command = office.app.start("call-person", NAME, STOPPED, "--agent", "slow")
    try:
        until("the agent rings", lambda: bool([c for c in office.calls([AGENTS["slow"]]) if c.invite_at >= since]))
        office.app.ask("stop", STOPPED)
        _, errors = command.communicate(timeout=120)
    finally:
        command.kill()
        command.wait()
    agent = leg_of(office, "slow", since)
    assert agent.answered_at is not None
    assert agent.answered_at > office.stops(STOPPED)[STOPPED]
    assert (command.returncode, "not called: " in errors, "suppressed" in errors) == (1, True, True), errors
    assert office.calls([STOPPED]) == []
    assert agent.bye_from == "us"


def test_an_agent_who_hangs_up_is_not_rung_for(office: Site) -> None:
    """The person's telephone rings no more: CANCEL."""
    since = time.time()
    done = call(office, RUNG, "leaves")
    while not office.calls([RUNG]):  # the agent, on a busy machine, was gone before the call left
        since = time.time()
        done = call(office, RUNG, "leaves")
    agent, person = legs(office, "leaves", RUNG, since)
    assert done.returncode == 1, done.stdout
    assert person.answered_at is None
    assert person.cancel_at is not None
    assert agent.bye_at is not None
    assert person.cancel_at - agent.bye_at < 5.0, "it would ring for 30 s"
    assert office.attempts(NAME)[RUNG]["outcome"] == "cancelled"


def test_a_busy_person_is_told_to_the_agent_and_not_retried(office: Site) -> None:
    """The agent hears the tone for a while, then the leg ends; the campaign's retries are for the dialer."""
    since = time.time()
    done = call(office, ENGAGED, "stays")
    assert (done.returncode, "busy" in done.stderr) == (1, True), done.stderr
    agent, person = legs(office, "stays", ENGAGED, since)
    assert person.final_status == 486
    assert agent.bye_from == "us"
    assert agent.bye_at is not None
    assert person.ended_at is not None
    assert 1.5 < agent.bye_at - person.ended_at < 6.0
    assert office.attempts(NAME)[ENGAGED]["outcome"] == "busy"
    assert office.sql(f"SELECT state FROM contact WHERE external_id = '{ENGAGED.removeprefix('+')}'") == [("done",)]


def test_a_busy_agent_costs_the_person_nothing(office: Site) -> None:
    """No attempt, no INVITE; the contact can be called by the next one."""
    done = call(office, ALONE, "busy")
    assert (done.returncode, "busy is busy" in done.stderr) == (1, True), done.stderr
    assert office.calls([ALONE]) == []
    assert row_of(office, ALONE)["attempt_id"] is None


def test_the_stop_key_works_while_both_talk(office: Site) -> None:
    """As in every call: on disk first, for ever; the agent's leg ends, too."""
    since = time.time()
    done = call(office, REFUSES, "stays")
    assert (done.returncode, "the person said stop" in done.stdout) == (0, True), done.stderr
    agent, person = legs(office, "stays", REFUSES, since)
    assert office.stops(REFUSES)
    assert (person.bye_from, agent.bye_from) == ("us", "us")
    assert office.attempts(NAME)[REFUSES]["disposition"] == "opted_out"
