"""Campaigns that compete get calls by their priorities, whoever else waits, and nobody saves turns up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.fair_queue import DialTurns, Turns

PRIORITIES = st.lists(st.integers(1, 20), min_size=1, max_size=6)


@dataclass(frozen=True)
class One:
    """A campaign that wants all it can get."""

    trunk: str
    priority: int


def wants(campaigns: dict[str, One], waiting: list[str]) -> dict[str, tuple[str, float]]:
    return {name: (campaigns[name].trunk, campaigns[name].priority) for name in waiting}


def serve(turns: DialTurns, campaigns: dict[str, One], waiting: list[str], rounds: int, calls: int = 1) -> Counter[str]:
    """Who started how many calls."""
    made: Counter[str] = Counter()
    for _ in range(rounds):
        name = turns.next(wants(campaigns, waiting))
        turns.charge(calls)
        made[name] += calls
    return made


@given(PRIORITIES, st.integers(1, 10))
def test_shares_follow_the_priorities_to_within_a_turn(priorities: list[int], calls: int) -> None:
    campaigns = {f"c{n}": One("t", p) for n, p in enumerate(priorities)}
    rounds = 40 * sum(priorities)
    made = serve(DialTurns(), campaigns, [*campaigns], rounds, calls)
    for name, one in campaigns.items():
        fair = rounds * calls * one.priority / sum(priorities)
        assert abs(made[name] - fair) <= calls * (1 + one.priority)


def test_who_was_away_gets_no_credit_and_no_penalty() -> None:
    campaigns = {"a": One("t", 1), "b": One("t", 1)}
    turns = DialTurns()
    serve(turns, campaigns, ["a"], 1000)
    made = serve(turns, campaigns, ["a", "b"], 100)
    assert abs(made["a"] - made["b"]) <= 2


def test_one_that_could_not_use_its_turn_is_not_charged() -> None:
    campaigns = {"full": One("t", 1), "other": One("t", 1)}
    turns = DialTurns()
    for _ in range(50):
        name = turns.next(wants(campaigns, ["full", "other"]))
        if name == "full":  # every place of it is taken: the loop leaves it out for the rest of the round
            turns.charge(0)
            name = turns.next(wants(campaigns, ["other"]))
        turns.charge(5)
    assert serve(turns, campaigns, ["full", "other"], 10)["full"] <= 8, (
        "no more than the one turn that it could not use"
    )


def test_a_trunk_with_many_campaigns_counts_for_all_of_them() -> None:
    """Five equal campaigns, four of them through one trunk: each gets a fifth of what the node can start."""
    campaigns = {f"c{n}": One("crowded" if n else "empty", 1) for n in range(5)}
    made = serve(DialTurns(), campaigns, [*campaigns], 500)
    assert all(abs(number - 100) <= 2 for number in made.values())


def test_equals_begin_with_the_higher_priority() -> None:
    assert Turns().next({"low": 1, "high": 5}) == "high"
