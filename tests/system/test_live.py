"""Stops, withdrawals and campaign control while the worker runs, judged by the carrier's capture."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest

from sandbox.sip import CarrierCall
from tests.system.site import CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

WITHIN_S = 1.0
CONFIRMS, RINGS_ON, RINGS_8_S, LISTENS = 1, 21, 27, 28
NOT_RESERVED = "+441134960018"  # of Ofcom's numbers for drama, so nobody's; but not one of our test ranges


def _ringing(site: Site, *numbers: str) -> bool:
    return len([c for c in site.calls(numbers) if c.ringing_at and not c.answered_at]) == len(numbers)


def _answered(site: Site, *numbers: str) -> bool:
    return len([c for c in site.calls(numbers) if c.answered_at]) == len(numbers)


def test_a_stop_entered_while_the_phone_rings_and_while_they_talk(live: Site) -> None:
    """CANCEL or BYE within a second of the journal's time; and both are never called again, whatever is imported."""
    numbers = ringing, talking = people(RINGS_8_S, LISTENS)
    live.consent(numbers)
    live.add("stopped", numbers)
    until("one phone rings and one is answered", lambda: _ringing(live, ringing) and _answered(live, talking))
    live.app.ask("stop", ringing)
    live.app.ask("stop", talking)
    until("both calls have ended", lambda: all(c.ended_at for c in live.calls(numbers)), 5)
    at = live.stops(*numbers)
    cancelled, ended = live.call(ringing), live.call(talking)
    assert cancelled.answered_at is None
    assert cancelled.cancel_at is not None
    assert cancelled.cancel_at - at[ringing] <= WITHIN_S
    assert ended.bye_from == "us"
    assert ended.bye_at is not None
    assert ended.bye_at - at[talking] <= WITHIN_S
    live.settle("stopped")
    attempts = live.attempts("stopped")
    assert attempts[ringing]["outcome"] == "cancelled"
    assert attempts[talking]["outcome"] == "answered"
    assert attempts[talking]["disposition"] == "cut_off", "the person hung up on nobody"

    _again_after_a_new_consent(live, numbers)


@pytest.mark.parametrize("way", ["stop", "stop --file", "suppression import"])
def test_every_way_onto_a_list_acts_on_calls_that_are_on(live: Site, way: str) -> None:
    """Some ring and some talk: CANCEL or BYE within a second, no INVITE after it, and each refused with its reason."""
    each = 1 if way == "stop" else 3
    ringing, talking, waiting = people(*[RINGS_ON] * each), people(*[LISTENS] * each), people(*[CONFIRMS] * 20)
    numbers = [*ringing, *talking, *waiting]
    live.consent(numbers)
    name = way.replace(" ", "-").replace("--", "")
    live.add(name, numbers, rate=5)
    until("they ring and they talk", lambda: _ringing(live, *ringing) and _answered(live, *talking))
    file = live.project / f"{name}.txt"
    file.write_text("\n".join(numbers), "utf-8")
    match way:
        case "stop":
            for number in (*ringing, *talking):
                live.app.ask("stop", number)
        case "stop --file":
            live.app.ask("stop", "--file", str(file))
        case _:
            live.app.ask("suppression", "import", "register", str(file), "--region", "CN", "--as-of", CLOCK[:10])
    stopped = time.time()
    told = numbers if each > 1 else [*ringing, *talking]
    until("all their calls have ended", lambda: all(c.ended_at for c in live.calls(told)), 5)
    live.settle(name)
    on = live.calls([*ringing, *talking])
    assert len(on) == 2 * each
    assert all((c.cancel_at or c.bye_at or 0) <= stopped + WITHIN_S for c in on)
    if each > 1:
        assert max(c.invite_at for c in live.calls(numbers)) <= stopped + WITHIN_S
    reason = "external_list" if way == "suppression import" else "suppressed"
    refused = live.refused_by(name)
    assert all(reason in refused[number] for number in ringing), "who was rung sees the reason at once, not tomorrow"
    assert {live.attempts(name)[number]["outcome"] for number in ringing} == {"cancelled"}


def _again_after_a_new_consent(live: Site, numbers: list[str]) -> None:
    (control,) = people(CONFIRMS)
    everybody = [*numbers, control]
    given = live.last_stop_at() + dt.timedelta(seconds=0.5)
    live.app.ask("consent", "import", live.write_consents(everybody, at=given.isoformat()))
    live.app.ask("contacts", "import", "stopped", live.write_contacts(everybody))
    live.add("after-the-stop", everybody)
    live.settle("stopped", "after-the-stop")
    assert len(live.calls([control])) == 1
    assert [len(live.calls([number])) for number in numbers] == [1, 1]
    refused = live.refused_by("after-the-stop")
    assert all(refused[number] == {"suppressed", "cap_per_day"} for number in numbers)


def test_a_withdrawal_for_one_purpose(live: Site) -> None:
    """It ends the call of that purpose only, and leaves the other consents as they are."""
    numbers = for_this, for_another = people(RINGS_8_S, RINGS_8_S)
    live.consent(numbers, "transactional", "survey")
    live.add("reminder", numbers)
    until("both phones ring", lambda: _ringing(live, *numbers))
    live.app.ask("consent", "withdraw", for_another, "--purpose", "survey")
    live.app.ask("consent", "withdraw", for_this, "--purpose", "transactional")
    told = time.time()
    until("one call was cancelled", lambda: live.call(for_this).cancel_at is not None, 5)
    live.settle("reminder")
    cancelled = live.call(for_this)
    assert cancelled.cancel_at is not None
    assert cancelled.cancel_at <= told + WITHIN_S
    assert live.attempts("reminder")[for_this]["outcome"] == "cancelled"
    assert live.call(for_another).answered_at is not None
    assert live.attempts("reminder")[for_another]["disposition"] == "confirmed"

    # Both were called today, so the cap refuses them everywhere; the consent only where it was withdrawn.
    withdrawn, capped = {"consent_revoked", "cap_per_day"}, {"cap_per_day"}
    live.add("again", numbers, start=False)
    assert live.preview("again") == {for_this: withdrawn, for_another: capped}
    live.add("poll", numbers, purpose="survey", start=False)
    assert live.preview("poll") == {for_this: capped, for_another: withdrawn}


def test_pause_and_resume(live: Site) -> None:
    """No INVITE later than a second after the pause; calls in progress go on; the rest follows after the resume."""
    numbers = people(*[CONFIRMS] * 4, *[LISTENS] * 2, *[CONFIRMS] * 16)
    live.consent(numbers)
    live.add("paused", numbers, flow="bulk", rate=4)
    until("eight are called", lambda: len(live.calls(numbers)) >= 8)
    live.app.ask("campaign", "pause", "paused")
    paused = time.time()
    time.sleep(2)
    before = live.calls(numbers)
    assert len(before) < len(numbers)
    assert max(c.last_invite_at for c in before) <= paused + WITHIN_S
    assert all(c.cancel_at is None for c in before)
    assert live.status("paused")["state"] == "paused"

    live.app.ask("campaign", "resume", "paused")
    live.settle("paused")
    calls = live.calls(numbers)
    assert sorted(c.to_user for c in calls) == sorted(numbers)
    assert live.report("paused")["dispositions"] == {"confirmed": 20, "no_answer_given": 2}


def test_pause_everything(live: Site) -> None:
    """Two campaigns, one command: no INVITE after it, calls that are on go on, and the rest follows the resume."""
    groups = [people(*[CONFIRMS] * 60), people(*[CONFIRMS] * 60)]
    numbers = [number for group in groups for number in group]
    live.consent(numbers)
    for place, group in enumerate(groups):
        live.add(f"everything-{place}", group, flow="bulk", rate=4)
    until("some of both are called", lambda: all(len(live.calls(group)) >= 3 for group in groups))
    began = time.time()
    try:
        said = live.app.ask("pause", "--all", "--reason", "the auditor asks")
        assert "no new call is made on any node" in said
        assert "dials nobody" in said
        time.sleep(2)
        before = live.calls(numbers)
        assert len(before) < len(numbers)
        assert max(c.last_invite_at for c in before) <= began + 1.5 + WITHIN_S, "the command itself takes a second"
        assert all(c.cancel_at is None for c in before)
        assert "the auditor asks; `agi-app resume --all`" in live.app.ask("campaign", "status", "everything-1")
    finally:
        live.app.ask("resume", "--all")
    live.settle("everything-0", "everything-1")
    assert sorted(c.to_user for c in live.calls(numbers)) == sorted(numbers)


def test_campaign_stop(live: Site) -> None:
    """Ringing calls are cancelled within a second, answered ones finish, nobody else is called."""
    ringing, talking, waiting = people(*[RINGS_ON] * 3), people(*[LISTENS] * 3), people(*[CONFIRMS] * 12)
    everybody = [*ringing, *talking, *waiting]
    live.consent(everybody)
    live.add("halted", [*ringing, *talking], concurrent=6)
    until("three ring and three talk", lambda: _ringing(live, *ringing) and _answered(live, *talking))
    live.app.ask("contacts", "import", "halted", live.write_contacts(waiting))  # every place is taken: they wait
    live.app.ask("campaign", "stop", "halted")
    stopped = time.time()
    until("all calls have ended", lambda: all(c.ended_at for c in live.calls(everybody)), 20)
    assert all(_cancelled_by(c, stopped + WITHIN_S) for c in live.calls(ringing))
    answered = live.calls(talking)
    assert all(c.bye_at is not None and c.bye_at > stopped + 2 for c in answered)
    assert live.calls(waiting) == []
    outcomes = live.report("halted")["outcomes"]
    assert outcomes == {"cancelled": 3, "answered": 3}


def _cancelled_by(call: CarrierCall, latest: float) -> bool:
    return call.cancel_at is not None and call.cancel_at <= latest


def test_one_call_is_ended_by_hand(live: Site) -> None:
    """CANCEL or BYE within a second of the word; the others go on, and neither of the two is called again."""
    ringing, talking, other = numbers = people(RINGS_8_S, LISTENS, LISTENS)
    live.consent(numbers)
    live.add("by-hand", numbers)
    until("one rings and two talk", lambda: _ringing(live, ringing) and _answered(live, talking, other))
    on = {f"+{one['external_id']}": one["attempt_id"] for one in json.loads(live.app.ask("calls", "now", "--json"))}
    for number in (ringing, talking):
        began = time.time()
        live.app.ask("calls", "end", on[number], "--reason", "the wrong list")
        at = live.call(number).cancel_at or live.call(number).bye_at
        assert at is not None
        assert began <= at <= time.time() + WITHIN_S
    assert live.call(talking).bye_from == "us"
    again = live.app.run("calls", "end", on[talking], "--reason", "once is enough")
    assert (again.returncode, "is over already" in again.stderr) == (1, True)
    live.settle("by-hand")
    attempts = live.attempts("by-hand")
    assert [attempts[number]["outcome"] for number in numbers] == ["cancelled", "answered", "answered"]
    assert attempts[talking]["disposition"] == "cut_off"
    assert attempts[other]["disposition"] == "no_answer_given"
    notes = live.sql("SELECT note FROM attempt WHERE campaign = 'by-hand' AND note LIKE 'ended by %: the wrong list'")
    assert len(notes) == 2
    assert [len(live.calls([number])) for number in numbers] == [1, 1, 1]
    done = live.sql("SELECT state FROM contact WHERE campaign = 'by-hand'")
    assert done == [("done",)] * 3


def test_a_second_worker_on_the_same_asterisk(live: Site) -> None:
    """Exit 3 with one clear line; the first one goes on undisturbed."""
    (number,) = people(LISTENS)
    live.consent([number])
    live.add("undisturbed", [number], flow="bulk")
    until("they talk", lambda: _answered(live, number))
    second = live.app.run("run")
    assert second.returncode == 3
    (line,) = second.stderr.strip().splitlines()
    assert "another worker drives Asterisk" in line
    live.settle("undisturbed")
    assert live.attempts("undisturbed")[number]["disposition"] == "no_answer_given"
    assert live.call(number).bye_from == "us"


def test_a_sandbox_trunk_calls_test_numbers_only(live: Site) -> None:
    """A number that could be somebody's is refused with its reason and never dialled; the others are called."""
    (control,) = people(CONFIRMS)
    live.consent([NOT_RESERVED, control])
    live.add("reserved-only", [NOT_RESERVED, control], flow="bulk", jurisdictions="CN, GB")
    live.settle("reserved-only")
    assert len(live.calls([control])) == 1
    assert live.calls([NOT_RESERVED]) == []
    assert live.refused_by("reserved-only")[NOT_RESERVED] == {"number_not_reserved"}
