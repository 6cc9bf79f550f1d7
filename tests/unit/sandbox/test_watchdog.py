"""The watchdog of every INVITE: what explains one, and what does not; on a real Asterisk: tests/system."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest

from sandbox.watchdog import Invite, Ledger, Mark, unexplained

KEY = b"key for tests"
NUMBER, OTHER, OURS = "+999861380000001", "+999861380000002", "+999862155500001"
INVITE = Invite(100.0, NUMBER, NUMBER, OURS, 5060, ("127.0.0.1", 5080))
PHONE = replace(INVITE, request_user="desk", to_user="desk", target=("127.0.0.1", 7000))


def mark(number: str = NUMBER, at: float = 99.9, **changes: object) -> Mark:
    made = Mark("attempt a", hmac.digest(KEY, number.encode(), "sha256"), OURS, at, True, True, "", KEY)
    return replace(made, **changes)  # type: ignore[arg-type]


def reasons(*seen: Invite, marks: tuple[Mark, ...] = (mark(),), **options: bool) -> list[str]:
    told = unexplained(seen, Ledger(marks, frozenset({OURS})), {7000}, **options)
    return [line.rpartition(": ")[2] for line in told]


def test_a_mark_explains_one_invite() -> None:
    assert reasons(INVITE) == []
    plain = replace(INVITE, request_user=NUMBER[1:], to_user=NUMBER[1:])
    assert reasons(plain) == [], "a trunk that dials without the plus sign"
    assert reasons(INVITE, replace(INVITE, at=100.5), marks=(mark(), mark(at=100.4))) == []


def test_a_trunk_with_a_prefix() -> None:
    dialled = replace(INVITE, request_user=f"00{NUMBER[1:]}", to_user=f"00{NUMBER[1:]}")
    assert reasons(dialled, marks=(mark(prefix="00"),)) == []
    assert len(reasons(dialled)) == len(reasons(INVITE, marks=(mark(prefix="9"),))) == 1


@pytest.mark.parametrize(
    ("invite", "marks", "why"),
    [
        (INVITE, (), "no mark of this number in any database"),
        (INVITE, (mark(OTHER),), "no mark of this number in any database"),
        (replace(INVITE, request_user="", to_user=""), (mark(),), "no mark of this number in any database"),
        (replace(INVITE, to_user=OTHER), (mark(),), f"its To names another number, {OTHER}"),
        (replace(INVITE, from_user="anonymous"), (mark(),), f"attempt a was to show {OURS}"),
        (INVITE, (mark(at=100.25),), "attempt a was marked 0.250 s after it left"),
        (INVITE, (mark(at=10.0),), "attempt a was marked 90.0 s before it left"),
        (INVITE, (mark(allowed=False),), "attempt a was not allowed by its decision"),
        (INVITE, (mark(dialled=False),), "attempt a was surely not dialled, says its row"),
        (PHONE, (), None),
        (replace(PHONE, from_user="anonymous"), (), "a phone of ours sees a number that is not proved to be ours"),
    ],
)
def test_what_is_wrong_is_named(invite: Invite, marks: tuple[Mark, ...], why: str | None) -> None:
    assert reasons(invite, marks=marks) == ([] if why is None else [why])


def test_a_second_invite_for_one_mark_is_seen() -> None:
    assert reasons(INVITE, replace(INVITE, at=101.0)) == ["attempt a explains one INVITE, and another one left"]


def test_of_a_moved_clock_only_the_times_are_not_compared() -> None:
    assert reasons(INVITE, marks=(mark(at=5000.0),), same_clock=False) == []
    assert len(reasons(INVITE, replace(INVITE, at=101.0), marks=(mark(at=5000.0),), same_clock=False)) == 1


def test_an_erased_person_explains_a_call_to_somebody_who_saw_that_number_then() -> None:
    erased = mark(erased=True, number_hash=b"random")
    assert reasons(INVITE, marks=(erased,)) == []
    assert len(reasons(INVITE, replace(INVITE, request_user=OTHER, to_user=OTHER), marks=(erased,))) == 1
