"""The judge of the demo: each promise broken on purpose is seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.sip import CarrierCall
from sandbox.witness import judge, read_stops

ANN, BEN = "+999861380000001", "+999861380000002"
OURS = "+999862155500001"


def call(to: str = ANN, at: float = 100.0, *, until: float | None = 110.0, shown: str = OURS) -> CarrierCall:
    """One call as the carrier saw it."""
    return CarrierCall(
        call_id=f"{to}-{at}",
        from_user=shown,
        to_user=to,
        invite_at=at,
        last_invite_at=at,
        last_seen_at=until or at,
        invites=1,
        ringing_at=at + 0.1,
        ended_at=until,
    )


def test_a_good_run() -> None:
    verdict = judge([[call(ANN), call(BEN)], [call(BEN, 900.0, until=910.0)]], {"+999861380000003"}, OURS, {ANN: 105.0})
    assert (verdict.invites, verdict.to_forbidden, verdict.double_dials, verdict.wrong_caller_id) == (3, 0, 0, 0)
    assert verdict.last_invite_after_stop_s == 0.0


def test_a_call_to_somebody_who_may_not_be_called() -> None:
    assert judge([[call(ANN)]], {ANN}, OURS, {}).to_forbidden == 1


def test_a_second_call_on_the_same_day_and_one_that_overlaps() -> None:
    assert judge([[call(ANN), call(ANN, 200.0, until=210.0)]], (), OURS, {}).double_dials == 1
    assert judge([[call(ANN)], [call(ANN, 105.0)]], (), OURS, {}).double_dials == 1
    assert judge([[call(ANN, until=None)], [call(ANN, 500.0)]], (), OURS, {}).double_dials == 1


@pytest.mark.parametrize("shown", ["", "anonymous", "+999862155500002"])
def test_another_number_or_none_shown(shown: str) -> None:
    assert judge([[call(shown=shown)]], (), OURS, {}).wrong_caller_id == 1


def test_one_person_sees_one_of_our_numbers() -> None:
    other = "+999862155500002"
    two = [[call(ANN), call(BEN, shown=other)], [call(ANN, 900.0, until=910.0, shown=other)]]
    assert judge(two, (), {OURS, other}, {}).wrong_caller_id == 1
    assert judge(two[:1], (), {OURS, other}, {}).wrong_caller_id == 0


def test_a_call_after_the_stop() -> None:
    late = judge([[call(ANN)], [call(ANN, 900.0, until=910.0)]], (), OURS, {ANN: 105.0})
    assert (late.to_forbidden, late.last_invite_after_stop_s) == (1, 795.0)
    within = judge([[call(ANN)], [call(ANN, 105.9)]], (), OURS, {ANN: 105.0})
    assert within.to_forbidden == 0
    assert within.last_invite_after_stop_s == pytest.approx(0.9)


def test_a_repeat_of_an_old_invite_is_no_new_call() -> None:
    assert judge([[replace(call(ANN), last_invite_at=130.0, invites=4)]], (), OURS, {ANN: 105.0}).to_forbidden == 0


def test_nobody_said_stop() -> None:
    assert judge([[call()]], (), OURS, {}).last_invite_after_stop_s is None


def test_the_first_of_two_stops_counts(tmp_path: Path) -> None:
    """A call between the two is a breach; the second stop must not hide it."""
    import hashlib
    import hmac

    (tmp_path / "suppression.key").write_text("00" * 32 + "\n")

    def line(number: str, at: str, via: str = "key") -> str:
        hashed = hmac.new(bytes(32), number.encode(), hashlib.sha256).hexdigest()
        return json.dumps({"hash": hashed, "at": at, "real_at": at, "via": via}) + "\n"

    (tmp_path / "refusals.jsonl").write_text(
        line(ANN, "1970-01-01T00:01:45+00:00")
        + line(ANN, "1970-01-01T00:15:00+00:00")
        + line(BEN, "1970-01-01T00:01:00+00:00", via="stop list")
    )
    assert read_stops(tmp_path, [ANN, BEN]) == {ANN: 105.0}
