"""Pacing for agents: everybody meets one when progressive, and one in a hundred at most does not when predictive."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.dialer.agents.agent_pacing import (
    CEILING,
    AgentPool,
    Past,
    answer_rate,
    asking_rate,
    budget,
    predictive,
    progressive,
)
from bench.predictive import compare

POOLS = st.builds(
    AgentPool,
    free=st.integers(0, 30),
    busy=st.integers(0, 30),
    under_way=st.integers(0, 120),
    waiting=st.integers(0, 5),
)
PASTS = st.integers(0, 5000).flatmap(
    lambda ended: st.integers(0, ended).flatmap(
        lambda answered: st.builds(
            Past,
            ended=st.just(ended),
            answered=st.just(answered),
            abandoned=st.integers(0, answered // 50),
            answer_s=st.floats(0, 30),
            handling_s=st.floats(0, 300),
            asked=st.none() | st.integers(0, answered),
        )
    )
)
SEEN = Past(ended=1000, answered=300, abandoned=0, answer_s=10, handling_s=60)


@given(POOLS)
def test_progressive_has_an_agent_for_every_call(pool: AgentPool) -> None:
    begun = progressive(pool)
    assert begun == 0 or begun + pool.under_way + pool.waiting == pool.free


@given(POOLS, PASTS)
def test_without_a_budget_predictive_is_progressive_and_never_slower(pool: AgentPool, past: Past) -> None:
    begun = predictive(pool, past)
    assert begun >= progressive(pool)
    if budget(past) == 0:
        assert begun == progressive(pool)


def test_a_hundred_answered_calls_are_needed_for_each_that_may_be_lost() -> None:
    past = Past(ended=300, answered=99, abandoned=0, answer_s=10, handling_s=60)
    assert budget(past) == 0
    assert budget(Past(300, 100, 0, 10, 60)) == 1
    assert budget(Past(300, 100, 1, 10, 60)) == 0
    assert budget(Past(900, 299, 5, 10, 60)) == 0


def test_it_looks_ahead_to_agents_who_will_be_free() -> None:
    """All thirty talk: some will be done when a call is answered, the sooner the shorter their talks are."""
    pool = AgentPool(free=0, busy=30, under_way=0)
    short, long = (predictive(pool, Past(1000, 300, 0, 10, seconds)) for seconds in (30.0, 300.0))
    assert short > long >= 0
    assert predictive(AgentPool(0, 0, 0), SEEN) <= budget(SEEN) * 2, "nobody works: hardly a call is begun"


def test_the_fewer_answer_the_more_calls_are_begun() -> None:
    pool = AgentPool(free=4, busy=16, under_way=0)
    rare, often = (predictive(pool, Past(3000, answered, 0, 10, 60)) for answered in (450, 1800))
    assert rare >= 2 * often > 0


def test_the_answer_rate_is_held_to_be_high_while_little_is_known() -> None:
    assert answer_rate(Past(19, 1, 0, 10, 60)) == 1.0
    assert answer_rate(Past(100, 20, 0, 10, 60)) > 0.2 > answer_rate(Past(10_000, 1800, 0, 10, 60)) - 0.02


def test_the_fewer_ask_for_an_agent_the_more_calls_are_begun() -> None:
    """A desk of four, and one in fifteen presses the key for it: several calls may be under way for each of them."""
    pool, answers = AgentPool(free=4, busy=0, under_way=0), {"answered": 1500, "abandoned": 0, "answer_s": 10}
    all_ask, half, few = (
        predictive(pool, Past(3000, **answers, handling_s=60, asked=asked)) for asked in (1500, 750, 100)
    )
    assert all_ask < half < few
    assert predictive(replace(pool, waiting=20), Past(3000, **answers, handling_s=60, asked=100)) < few, (
        "each of those who have answered may still ask"
    )
    assert predictive(pool, Past(3000, **answers, handling_s=60)) == all_ask, "None: everybody"


def test_everybody_is_held_to_ask_while_little_is_known() -> None:
    assert asking_rate(Past(1000, 19, 0, 10, 60, asked=0)) == 1.0
    assert 0.1 < asking_rate(Past(1000, 100, 0, 10, 60, asked=10)) < 0.2


def test_what_may_be_abandoned_is_a_share_of_those_who_answered() -> None:
    assert budget(Past(9000, 300, 2, 10, 60, asked=5)) == 1


@pytest.mark.slow
def test_simulated_campaigns_stay_under_the_ceiling_and_keep_agents_busier() -> None:
    """Of every 25th of the thousand that ``scripts/bench predictive`` plays; half of them with rates that jump."""
    pairs = [compare(seed) for seed in range(0, 1000, 25)]
    assert all(careful.abandoned == 0 for careful, _ in pairs)
    assert all(ahead.abandoned <= CEILING * ahead.answered for _, ahead in pairs)
    gain = statistics.mean(ahead.occupancy - careful.occupancy for careful, ahead in pairs)
    assert gain > 0.05
    assert min(ahead.occupancy - careful.occupancy for careful, ahead in pairs) > -0.02
