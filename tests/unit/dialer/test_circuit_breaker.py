"""A trunk that carries no calls is left alone for a while, and found again when it works."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.circuit_breaker import (
    FAULTS_TO_OPEN,
    FIRST_MUTE_S,
    FIRST_PAUSE_S,
    LONGEST_MUTE_S,
    LONGEST_PAUSE_S,
    MUTE_TO_HOLD,
    Breaker,
    Ticket,
)
from agi_app.model.call import Outcome


def opened(now: float = 100.0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker()
    for _ in range(FAULTS_TO_OPEN):
        breaker.ended(breaker.started(), Outcome.TRUNK_SILENT, now)
    return breaker


def test_single_faults_between_good_calls_pause_nothing() -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker.ended(breaker.started(), Outcome.CONGESTION, 1.0)
        breaker.ended(breaker.started(), Outcome.BUSY, 1.0)
    assert breaker.room(1.0) is None
    assert breaker.reason(1.0) is None


def test_faults_in_a_row_pause_the_trunk_and_say_why() -> None:
    breaker = opened(100.0)
    assert breaker.room(100.1) == 0
    assert "5 calls in a row failed" in (breaker.reason(100.1) or "")
    assert "trunk_silent" in (breaker.reason(100.1) or "")


def test_after_the_pause_exactly_one_call_probes() -> None:
    breaker = opened(100.0)
    later = 100.0 + FIRST_PAUSE_S
    assert breaker.room(later) == 1
    breaker.started()
    assert breaker.room(later) == 0


def test_a_probe_that_rings_lets_all_calls_go_again() -> None:
    breaker = opened(100.0)
    breaker.started()
    breaker.alive()
    assert breaker.room(116.0) is None


def test_failed_probes_wait_longer_each_time_but_not_for_ever() -> None:
    breaker, now, pauses = opened(0.0), FIRST_PAUSE_S, []
    for _ in range(8):
        assert breaker.ended(breaker.started(), Outcome.CONGESTION, now)
        assert breaker.open_until is not None
        pauses.append(breaker.open_until - now)
        now = breaker.open_until
    assert pauses[:3] == [30.0, 60.0, 120.0]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_late_failures_of_calls_from_before_the_pause_do_not_lengthen_it() -> None:
    """Neither while it waits nor while a probe is out, nor after the trunk has come back."""
    breaker = Breaker()
    late = [breaker.started() for _ in range(3 * FAULTS_TO_OPEN)]
    for ticket in late[:FAULTS_TO_OPEN]:
        breaker.ended(ticket, Outcome.TRUNK_SILENT, 100.0)
    assert not breaker.ended(late[5], Outcome.TRUNK_SILENT, 110.0)
    assert breaker.open_until == 100.0 + FIRST_PAUSE_S
    probe = breaker.started()
    assert not breaker.ended(late[6], Outcome.TRUNK_SILENT, 116.0)
    assert breaker.room(116.0) == 0, "the probe is still out"
    assert not breaker.ended(probe, Outcome.BUSY, 117.0)
    assert not any(breaker.ended(ticket, Outcome.TRUNK_SILENT, 118.0) for ticket in late[7:])
    assert breaker.room(118.0) is None


def test_calls_that_were_claimed_before_the_pause_do_not_leave_after_it() -> None:
    breaker = Breaker()
    waiting = breaker.started()
    assert breaker.stands(waiting)
    for _ in range(FAULTS_TO_OPEN):
        breaker.ended(breaker.started(), Outcome.CONGESTION, 100.0)
    assert not breaker.stands(waiting)
    assert breaker.stands(breaker.started()), "the probe may leave"


def test_a_trunk_that_refuses_most_calls_is_paused_though_some_get_through() -> None:
    """A carrier that answers 503 above its own limit lets every third call ring."""
    breaker, calls = Breaker(), 0
    while breaker.room(100.0) is None:
        outcome = Outcome.NO_ANSWER if calls % 3 == 2 else Outcome.CONGESTION
        breaker.ended(breaker.started(), outcome, 100.0)
        calls += 1
        assert calls < 60
    assert "of the latest" in (breaker.reason(100.0) or "")
    half = Breaker()
    for n in range(100):
        half.ended(half.started(), Outcome.CONGESTION if n % 2 else Outcome.BUSY, 200.0)
    assert half.room(200.0) is None, "half of the calls do get through"


def test_a_probe_that_was_not_dialled_does_not_block_the_next_one() -> None:
    breaker = opened(100.0)
    breaker.ended(breaker.started(), None, 120.0)
    assert breaker.room(120.0) == 1


@given(st.lists(st.sampled_from([*Outcome, None, "started", "alive", "heard"]), max_size=60))
def test_a_breaker_always_comes_back(events: list[Outcome | str | None]) -> None:
    """Whatever happened, there is a time at which a call may start, unless one is probing."""
    breaker, now, out = Breaker(), 0.0, list[Ticket]()
    for event in events:
        now += 1.0
        if event == "started":
            out.append(breaker.started())
        elif event == "alive":
            breaker.alive()
        elif event == "heard":
            breaker.heard()
        else:
            ticket = out.pop(0) if out else breaker.started()
            breaker.ended(ticket, None if event is None else Outcome(event), now)
    for ticket in out:
        breaker.ended(ticket, None, now)
    assert breaker.room(now + LONGEST_MUTE_S) != 0


# ---- a trunk that brings no sound


def mute(calls: int, now: float = 100.0) -> Breaker:
    """A breaker after so many answered calls that brought no sound; each rang and was answered."""
    breaker = Breaker()
    for _ in range(calls):
        ticket = breaker.started()
        breaker.alive()
        breaker.ended(ticket, Outcome.NO_MEDIA, now)
    return breaker


def test_three_answered_calls_without_a_sound_hold_the_trunk_and_it_says_how_to_go_on() -> None:
    assert mute(MUTE_TO_HOLD - 1).room(100.0) is None
    breaker = mute(MUTE_TO_HOLD)
    assert breaker.room(100.0) == 0
    why = breaker.reason(100.0) or ""
    for words in ("3 answered calls in a row brought no sound", "firewall, NAT", "next try in 900 s", "restart"):
        assert words in why


def test_a_mute_trunk_is_not_freed_by_ringing_but_by_the_first_sound() -> None:
    breaker = mute(MUTE_TO_HOLD)
    later = 100.0 + FIRST_MUTE_S
    assert breaker.room(later) == 1
    probe = breaker.started()
    breaker.alive()
    assert breaker.room(later) == 0, "one probe at a time"
    assert breaker.stands(probe)
    breaker.ended(probe, Outcome.BUSY, later)
    assert breaker.room(later) == 1, "busy says nothing about sound: another may try"
    probe = breaker.started()
    breaker.alive()
    breaker.heard()
    assert breaker.room(later) is None
    breaker.ended(probe, Outcome.ANSWERED, later)
    assert breaker.reason(later) is None


def test_each_mute_probe_doubles_the_hold() -> None:
    breaker, now = mute(MUTE_TO_HOLD), 100.0
    for pause in (FIRST_MUTE_S, 2 * FIRST_MUTE_S, 4 * FIRST_MUTE_S):
        assert breaker.room(now + pause - 1) == 0
        now += pause
        assert breaker.room(now) == 1
        ticket = breaker.started()
        breaker.alive()
        assert breaker.ended(ticket, Outcome.NO_MEDIA, now)


def test_a_sound_between_mute_calls_holds_nothing() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.ended(breaker.started(), Outcome.NO_MEDIA, 1.0)
        breaker.heard()
    assert breaker.room(1.0) is None


def test_a_wrong_password_pauses_the_trunk_and_is_named() -> None:
    breaker = Breaker()
    for _ in range(FAULTS_TO_OPEN):
        breaker.ended(breaker.started(), Outcome.FAILED, 100.0, 401)
    assert breaker.room(100.0) == 0
    assert "SIP 401, the carrier does not accept the trunk's password" in (breaker.reason(100.0) or "")


def test_a_trunk_without_an_endpoint_is_paused_until_a_restart() -> None:
    """Whatever the manager interface says of it later: it was not looked at when the worker began."""
    breaker = Breaker(absent="Asterisk has no endpoint of it")
    breaker.down = None
    assert (breaker.room(0.0), breaker.reason(0.0)) == (0, "Asterisk has no endpoint of it")
    assert breaker.paused_by == ("not_registered",)
    assert not breaker.stands(breaker.started())
