"""Transfer to a staff telephone behind a trunk: a call, decided on each time; the carrier's capture judges."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.sip import CarrierCall
from tests.system.conftest import NewSite
from tests.system.site import CALLER_ID, Site, people, until

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.postgres,
    pytest.mark.attack("row 4: a destination that leaves by a trunk"),
]

LISTENS, RINGS = 10, 21  # what the last two digits mean
FLOW = """\
flow: to-%(name)s
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {key: "9", confirm: opted_out}
start: greeting
nodes:
  greeting:
    - play: greeting
    - transfer: {to: %(name)s, timeout: 25s}
      on: {done: bye, failed: bye}
  bye:
    - play: goodbye
    - hangup
"""
PROVED, STOPPED, STRANGER, STOPS = "proved", "stopped", "stranger", "stops"
PHONES = dict(zip((PROVED, STOPPED, STRANGER, STOPS), people(11, LISTENS, LISTENS, RINGS), strict=True))


@pytest.fixture(scope="module")
def site(new_site: NewSite) -> Iterator[Site]:
    """A project with four mobiles; three are proved, one of these is on the stop list."""
    made = new_site("destinations")
    with (made.project / "agi-app.toml").open("a", encoding="utf-8") as settings:
        for name, number in PHONES.items():
            settings.write(f'\n[destinations.{name}]\nendpoint = "PJSIP/{number}@sandbox-carrier"\n')
    for name in PHONES:
        (made.project / "flows" / f"to-{name}.yaml").write_text(FLOW % {"name": name}, "utf-8")
    made.our_phones(PHONES[PROVED], PHONES[STOPPED], PHONES[STOPS])
    made.app.ask("stop", PHONES[STOPPED])
    with made.worker():
        yield made


def handed_over(site: Site, name: str) -> CarrierCall:
    """A call to a consenting person whose flow transfers to ``name``."""
    (person,) = people(LISTENS)
    site.consent([person])
    site.add(f"to-{name}", [person], flow=f"to-{name}")
    until("the person answers", lambda: [c for c in site.calls([person]) if c.answered_at] != [])
    return site.call(person)


def test_a_proved_telephone_is_rung_and_its_decision_kept(site: Site) -> None:
    """The mark is older than the INVITE; it sees the number that the person sees."""
    person = handed_over(site, PROVED)
    until("the mobile is rung", lambda: site.calls([PHONES[PROVED]]) != [])
    leg = site.call(PHONES[PROVED])
    assert (leg.from_user, person.from_user) == (CALLER_ID, CALLER_ID)
    site.settle(f"to-{PROVED}")
    (row,) = site.sql(
        "SELECT extract(epoch FROM c.marked_at), d.allowed, d.inputs ->> 'destination' FROM destination_call c"
        " JOIN decision d USING (decision_id) JOIN person p ON p.person_id = c.person_id"
        f" WHERE p.e164 = '{PHONES[PROVED]}'"
    )
    assert float(row[0]) <= leg.invite_at
    assert row[1:3] == (True, PROVED)
    until("its end is stored", lambda: site.sql("SELECT 1 FROM destination_call WHERE ended_at IS NULL") == [])
    told = site.app.ask("consent", "show", PHONES[PROVED])
    assert "destination proved, as our own telephone" in told


@pytest.mark.parametrize(("name", "rule"), [(STOPPED, "suppressed"), (STRANGER, "phone_unproved")])
def test_nobody_else_is_rung_and_the_flow_goes_its_failed_way(site: Site, name: str, rule: str) -> None:
    """No INVITE; the person's call goes on; the story says that no call was made, and why."""
    handed_over(site, name)
    site.settle(f"to-{name}")
    assert site.calls([PHONES[name]]) == []
    decided = site.sql(
        "SELECT d.allowed, d.rules FROM decision d JOIN person p USING (person_id)"
        f" WHERE d.campaign = 'destination leg' AND p.e164 = '{PHONES[name]}'"
    )
    assert decided == [(False, [rule])]
    assert (
        site.sql(f"SELECT 1 FROM destination_call c JOIN person p USING (person_id) WHERE p.e164 = '{PHONES[name]}'")
        == []
    )
    told = site.app.ask("consent", "show", PHONES[name])
    assert f"not rung as destination {name} (1 times in all)" in told
    assert json.loads(site.app.ask("audit", "verify", "--json"))["ok"] is True


def test_a_stop_cancels_a_telephone_that_rings(site: Site) -> None:
    handed_over(site, STOPS)
    until("the mobile rings", lambda: [c for c in site.calls([PHONES[STOPS]]) if c.ringing_at] != [])
    site.app.ask("stop", PHONES[STOPS])
    until("it rings no more", lambda: site.call(PHONES[STOPS]).cancel_at is not None, 5.0)
    cancelled = site.call(PHONES[STOPS]).cancel_at or 0
    assert cancelled - site.stops(PHONES[STOPS])[PHONES[STOPS]] <= 1.0


def test_doctor_says_beforehand_who_would_not_be_rung(site: Site) -> None:
    told = site.app.run("doctor").stdout
    lines = {name: [line for line in told.splitlines() if f"destination {name}" in line] for name in PHONES}
    assert "your proved telephone" in lines[PROVED][0]
    assert "suppressed" in lines[STOPPED][0]
    assert "phone_unproved" in lines[STRANGER][0]
