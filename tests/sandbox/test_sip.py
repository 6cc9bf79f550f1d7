"""The carrier's record is read right: agi-app is judged by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.capture import CarrierCall, overlapping, read_calls, read_messages
from sandbox.errors import SandboxError

# Recorded once on the real Asterisk: persons 01, 11, 20, 21 and 26 of sandbox/scenarios/carrier.xml.
FIVE_CALLS = Path(__file__).parent / "data" / "five-calls.capture"


@pytest.fixture(scope="module")
def calls() -> dict[str, CarrierCall]:
    """By the last two digits of the number called."""
    return {call.to_user[-2:]: call for call in read_calls(FIVE_CALLS)}


def test_reads_every_call_with_both_numbers(calls: dict[str, CarrierCall]) -> None:
    assert sorted(calls) == ["01", "11", "20", "21", "26"]
    assert calls["01"].to_user == "+9998610000001"
    assert {call.from_user for call in calls.values()} == {"+442079460001"}


def test_answered_call_ended_by_us(calls: dict[str, CarrierCall]) -> None:
    call = calls["01"]
    assert call.final_status == 200
    assert call.bye_from == "us"
    assert call.ringing_at is not None
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert call.answered_at - call.invite_at == pytest.approx(0.2, abs=0.05)
    assert call.ended_at - call.invite_at == pytest.approx(38.0, abs=0.1)


def test_answered_call_ended_by_the_person(calls: dict[str, CarrierCall]) -> None:
    assert calls["11"].bye_from == "carrier"
    assert calls["11"].open_until - calls["11"].invite_at == pytest.approx(1.2, abs=0.1)


def test_busy_is_over_at_once(calls: dict[str, CarrierCall]) -> None:
    assert calls["20"].final_status == 486
    assert calls["20"].answered_at is None
    assert calls["20"].open_until - calls["20"].invite_at < 0.1


def test_cancelled_call_ends_with_487(calls: dict[str, CarrierCall]) -> None:
    call = calls["21"]
    assert call.cancel_at is not None
    assert call.final_status == 487
    assert call.cancel_at <= call.open_until <= call.cancel_at + 0.1


def test_repeats_to_a_silent_trunk_are_one_call(calls: dict[str, CarrierCall]) -> None:
    call = calls["26"]
    assert call.invites == 7
    assert call.final_status is None
    assert call.ended_at is None
    assert call.last_invite_at - call.invite_at == pytest.approx(31.5, abs=0.1)
    assert call.open_until == call.last_seen_at


def test_second_call_while_the_first_is_open_is_found(calls: dict[str, CarrierCall]) -> None:
    first = calls["01"]
    during = replace(first, call_id="second", invite_at=first.invite_at + 30)
    after = replace(first, call_id="third", invite_at=first.open_until + 1)
    elsewhere = replace(during, call_id="fourth", to_user="+9998610000002")
    assert overlapping([after, first, during, elsewhere]) == [(first, during)]


def test_call_that_never_ended_is_open_for_ever(calls: dict[str, CarrierCall]) -> None:
    ringing = replace(calls["21"], ended_at=None)
    later = replace(ringing, call_id="later", invite_at=ringing.invite_at + 86_400)
    assert overlapping([ringing, later]) == [(ringing, later)]


def test_only_calls_to_the_named_ports() -> None:
    assert read_calls(FIVE_CALLS, carrier_ports=[1]) == []


def test_file_that_is_still_being_written(tmp_path: Path, calls: dict[str, CarrierCall]) -> None:
    """A record cut off at its end is left for the next look."""
    cut = tmp_path / "growing.pcap"
    cut.write_bytes(FIVE_CALLS.read_bytes()[:-10])
    whole = list(read_messages(FIVE_CALLS))
    assert list(read_messages(cut)) == whole[:-1]
    cut.write_bytes(b"")
    assert list(read_messages(cut)) == []


def test_headers_are_at_hand() -> None:
    invite = next(iter(read_messages(FIVE_CALLS)))
    assert invite.method == "INVITE"
    assert invite.header("max-forwards") == "70"
    assert invite.header("Diversion") is None


def test_other_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not a capture, but long enough to have a head")
    with pytest.raises(SandboxError, match="not a pcap file"):
        read_calls(other)
