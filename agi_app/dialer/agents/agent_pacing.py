"""How many calls to begin for agents, from what was observed of them and counted of their calls. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from agi_app.model.agents import AGENT_WAIT_S, AgentCounts, AgentsNow
from agi_app.model.campaign import Pacing


def to_begin(pacing: Pacing, now: AgentsNow, counts: AgentCounts, ceiling_percent: float) -> int:
    """How many more calls may be under way."""
    pool = AgentPool(now.free, now.busy, counts.under_way, counts.waiting)
    if pacing is Pacing.PROGRESSIVE:
        return progressive(pool)
    return predictive(pool, past_of(counts, now.wrap_up_s), ceiling_percent / 100)


def past_of(counts: AgentCounts, wrap_up_s: float) -> Past:
    """The averages of what was counted."""
    return Past(
        ended=counts.ended,
        answered=counts.answered,
        abandoned=counts.abandoned,
        answer_s=counts.answer_s / counts.answered if counts.answered else 0.0,
        handling_s=counts.talk_s / counts.met + wrap_up_s if counts.met else 0.0,
        asked=counts.met + counts.abandoned,
    )


# How many calls to have under way when agents wait behind them. Pure: a guess and a bound, no clock and no chance.
#
# *Progressive*: a call for each free agent, never more, so that everybody who answers meets one.
#
# *Predictive*: more, because most calls are not answered and some agents will be free by the time one is. Two limits
# hold:
#
# - The bound, about bad luck. What may still be abandoned is the ceiling's share of the calls answered so far, less
#   those abandoned: one call for each hundred. While that is zero, pacing is progressive. Otherwise no more calls are
#   under way than are answered, all at once and with no other agent getting free, by more than the free agents and
#   what may be abandoned with a chance of ``SURE`` at most.
# - The guess, about the average. Of those who answer, no more than ``TARGET`` of the ceiling is expected to meet
#   nobody: calls under way are answered at the rate seen so far, agents in a call are done at the rate of the handling
#   times seen so far.
#
# Only some of those who answer may ask for an agent (press 0 to move the appointment). Both limits count those who ask,
# by the share seen so far; what may be abandoned stays a share of those who answer, as the rules have it.
#
# Agents who leave while calls are under way are missed by those calls: an agent should be asked for a call to leave, or
# count as busy for a while before.


CEILING = 0.01  # of answered calls
SURE = 1e-5  # the chance that the bound leaves to bad luck, at each look
TARGET = 0.7  # of the ceiling: what the guess aims at, since it is one
FEW = 20  # calls, or answered ones: before that everybody is held to answer, or to ask for an agent
MOST_CALLS = 2000  # under way for one campaign
GRID = 50  # rates are looked at in steps of a fiftieth, upwards, so that answers can be remembered


@dataclass(frozen=True, slots=True)
class AgentPool:
    """The agents of a campaign and the calls made for them, now."""

    free: int  # agents who could take a call at once
    busy: int  # agents in a call, or in the work after it
    under_way: int  # calls that were begun and have neither been answered nor ended
    waiting: int = 0  # persons who answered, and have no agent yet


@dataclass(frozen=True, slots=True)
class Past:
    """What the campaign's calls were like so far."""

    ended: int  # calls that came to an end or an answer
    answered: int
    abandoned: int  # of the answered: nobody was there in time
    answer_s: float  # from the start of a call to its answer, on average
    handling_s: float  # of an agent, from one call to being free for the next, on average
    asked: int | None = None  # of the answered: who asked for an agent; None: everybody


def progressive(pool: AgentPool) -> int:
    """How many calls to begin now so that there is an agent for each."""
    return max(0, pool.free - pool.waiting - pool.under_way)


def predictive(pool: AgentPool, past: Past, ceiling: float = CEILING) -> int:
    """How many calls to begin now; never fewer than progressive."""
    spare = budget(past, ceiling)
    if spare == 0:
        return progressive(pool)
    share = asking_rate(past)
    sure = share == 1.0  # each of those who wait gets one of the free agents
    free, waiting = (max(0, pool.free - pool.waiting), 0) if sure else (pool.free, pool.waiting)
    asks = (_up(answer_rate(past) * share), waiting, share)
    most = _surely_met(free + spare, *asks)
    if most <= pool.under_way:
        return progressive(pool)
    part = round(ceiling * TARGET, 6)
    fits = _most_under_way(free, pool.busy, *asks, answer_rate(past), _soon_free(past), part, most)
    return max(progressive(pool), fits - pool.under_way)


def budget(past: Past, ceiling: float = CEILING) -> int:
    """How many of those under way may still be abandoned without passing the ceiling."""
    return max(0, math.floor(past.answered * ceiling + 1e-9) - past.abandoned)


def answer_rate(past: Past) -> float:
    """How many of the calls are answered: the rate seen and one standard error more; all, while few are known."""
    return _rate_and_more(past.answered, past.ended)


def asking_rate(past: Past) -> float:
    """How many of those who answer ask for an agent: the rate seen and one standard error more; all, while few are."""
    return 1.0 if past.asked is None else _rate_and_more(past.asked, past.answered)


def _rate_and_more(happened: int, times: int) -> float:
    if times < FEW:
        return 1.0
    rate = (happened + 1) / (times + 2)
    return min(1.0, _up(rate + math.sqrt(rate * (1 - rate) / times)))


def _soon_free(past: Past) -> float:
    """The chance that a busy agent is free by the time a call that begins now is answered; rounded down.

    The greeting before the transfer is not counted, and is longer than what of the wait is kept for a prompt.
    """
    if past.handling_s <= 0 or past.answer_s <= 0:
        return 0.0
    return math.floor((1 - math.exp(-(past.answer_s + AGENT_WAIT_S) / past.handling_s)) * GRID) / GRID


def _up(rate: float) -> float:
    return math.ceil(rate * GRID - 1e-9) / GRID


@lru_cache(maxsize=4096)
def _surely_met(have: int, rate: float, waiting: int, share: float) -> int:
    """The most calls of which, with those who wait, more than ``have`` ask with a chance of ``SURE`` at most."""
    calls = have if waiting == 0 else -1
    while calls < MOST_CALLS and sum(_asking(calls + 1, rate, waiting, share)[have + 1 :]) <= SURE:
        calls += 1
    return max(calls, 0)


@lru_cache(maxsize=65536)
def _most_under_way(  # noqa: PLR0913 - a pure function that remembers
    free: int, busy: int, rate: float, waiting: int, share: float, answers: float, soon: float, part: float, most: int
) -> int:
    """The greatest number of calls, up to ``most``, of whose answers no more than ``part`` ask and meet nobody."""
    agents = _binomial(busy, soon)
    least = free if waiting == 0 else 0
    more = range(least + 1, most + 1)

    def over(calls: int) -> bool:
        return _too_many(_asking(calls, rate, waiting, share), free, agents) > part * calls * answers

    return least + bisect_left(more, True, key=over)


def _too_many(asking: tuple[float, ...], free: int, agents: tuple[float, ...]) -> float:
    """How many who ask are expected beyond the agents that there will be."""
    return sum(
        chance * sum((n - have) * asking[n] for n in range(have + 1, len(asking)))
        for have, chance in enumerate(agents, free)
    )


@lru_cache(maxsize=4096)
def _asking(calls: int, rate: float, waiting: int, share: float) -> tuple[float, ...]:
    """The chances that 0, 1, … ask: of calls under way at ``rate``, of those who wait at ``share``."""
    of_calls, of_waiting = _binomial(calls, rate), _binomial(waiting, share)
    if waiting == 0:
        return of_calls
    sums = [0.0] * (calls + waiting + 1)
    for m, chance in enumerate(of_waiting):
        for n, other in enumerate(of_calls):
            sums[m + n] += chance * other
    return tuple(sums)


@lru_cache(maxsize=4096)
def _binomial(tries: int, chance: float) -> tuple[float, ...]:
    """The chances of 0, 1, … ``tries`` successes."""
    if chance <= 0 or chance >= 1:
        return tuple(float(n == (tries if chance >= 1 else 0)) for n in range(tries + 1))
    odds = math.log(chance / (1 - chance))
    none = tries * math.log1p(-chance)
    return tuple(math.exp(none + math.log(math.comb(tries, n)) + n * odds) for n in range(tries + 1))
