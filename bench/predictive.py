"""Progressive and predictive pacing beside each other, in simulated campaigns: who is abandoned, how busy agents are.

Each run is one campaign of its own: so many agents, such an answer rate, such handling times, all drawn by the seed of
the run. In half of the runs the answer rate jumps on the way, in both directions, since estimates are wrong just then.
In three of eight only some of those who answer ask for an agent, after a while in the flow.
The same calls (answered or not, after how long, how long the talk) are dialled once by each of both ways. Nothing
here dials: it is the pure part alone, played ahead by events.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agi_app.dialer.agents.agent_pacing import CEILING, AgentPool, Past, predictive, progressive
from agi_app.model.agents import AGENT_WAIT_S
from bench.output import machine

RUNS = 1000
WARM_UP = 0.1  # of the answered calls: occupancy counts from then on
RING_OUT_S = 25.0
Wanted = Callable[[AgentPool, Past], int]


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a simulated campaign is like."""

    agents: int
    answered: int  # it ends after so many
    rate: float
    later_rate: float  # from the middle on
    handling_s: float
    asking: float  # of those who answer, so many ask for an agent
    flow_s: float  # from the answer until they ask, or hang up


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    answered: int
    abandoned: int
    occupancy: float  # of the agents' time, how much was in calls
    longest_wait_s: float  # of anybody who was not abandoned


def drawn(seed: int) -> Campaign:
    """The campaign of one run."""
    chance = random.Random(seed)
    rate = chance.uniform(0.12, 0.6)
    later = min(0.9, rate * chance.choice((0.5, 2.0))) if seed % 2 else rate
    drawn = chance.randint(3, 40), chance.randint(300, 3000), rate, later, chance.uniform(20, 180)
    some = seed % 4 == 2 or seed % 8 == 5  # of both kinds of answer rates
    return Campaign(*drawn, *((chance.uniform(0.05, 0.6), chance.uniform(5, 40)) if some else (1.0, 0.0)))


class Simulation:
    """One campaign dialled in one way; time stands in seconds."""

    def __init__(self, campaign: Campaign, seed: int, wanted: Wanted) -> None:
        self._campaign, self._wanted = campaign, wanted
        self._calls = random.Random(seed)  # drawn call by call: both ways dial the same calls
        self._asking = random.Random(seed + 1)
        self._events: list[tuple[float, int, str, float]] = []
        self._serial = 0
        self._now = self._busy_since = self._worked = self._worked_before = 0.0
        self._measured_from = 0.0
        self._free = campaign.agents
        self._under_way = self._in_flow = self._asked = 0
        self._waiting: list[tuple[float, float]] = []  # (answered at, talk)
        self._ended = self._answered = self._abandoned = 0
        self._answer_s = self._handling_s = 0.0
        self._handled = 0
        self._longest = 0.0

    def play(self) -> Played:
        """Dial until enough have answered and all talks are over or the end is reached."""
        self._dial()
        while self._events and self._answered < self._campaign.answered:
            at, _, what, value = heapq.heappop(self._events)
            self._pass(at)
            match what:
                case "answer":
                    self._on_answer(value)
                case "asks":
                    self._in_flow -= 1
                    self._asks(value)
                case "hangs up":
                    self._in_flow -= 1
                case "no answer":
                    self._under_way, self._ended = self._under_way - 1, self._ended + 1
                case "free":
                    self._free += 1
                    self._handled += 1
                    self._handling_s += (value - self._handling_s) / self._handled
                case _:  # patience
                    self._give_up()
            self._connect()
            self._dial()
        time = (self._now - self._measured_from) * self._campaign.agents
        return Played(
            self._answered, self._abandoned, (self._worked - self._worked_before) / time if time else 0.0, self._longest
        )

    def _pass(self, at: float) -> None:
        self._worked += (at - self._now) * (self._campaign.agents - self._free)
        self._now = at
        if self._answered < self._campaign.answered * WARM_UP:
            self._measured_from, self._worked_before = at, self._worked

    def _on_answer(self, talk: float) -> None:
        self._under_way, self._ended, self._answered = self._under_way - 1, self._ended + 1, self._answered + 1
        if not (flow_s := self._campaign.flow_s):
            return self._asks(talk)
        self._in_flow += 1
        asks = self._asking.random() < self._campaign.asking
        return self._later(flow_s * self._asking.uniform(0.5, 1.5), "asks" if asks else "hangs up", talk)

    def _asks(self, talk: float) -> None:
        self._asked += 1
        self._waiting.append((self._now, talk))
        self._later(AGENT_WAIT_S, "patience", 0.0)

    def _connect(self) -> None:
        while self._waiting and self._free:
            since, talk = self._waiting.pop(0)
            self._longest = max(self._longest, self._now - since)
            self._free -= 1
            self._later(talk, "free", talk)

    def _give_up(self) -> None:
        while self._waiting and self._now - self._waiting[0][0] >= AGENT_WAIT_S - 1e-9:
            self._waiting.pop(0)
            self._abandoned += 1

    def _dial(self) -> None:
        answered = len(self._waiting) + self._in_flow
        pool = AgentPool(self._free, self._campaign.agents - self._free, self._under_way, answered)
        done = self._answered - self._in_flow  # as the database counts: calls that have ended, or met somebody
        past = Past(self._ended, done, self._abandoned, self._answer_s, self._handling_s, self._asked)
        for _ in range(self._wanted(pool, past)):
            self._under_way += 1
            self._one_call()

    def _one_call(self) -> None:
        campaign, chance = self._campaign, self._calls
        half = self._answered * 2 > campaign.answered
        answers = chance.random() < (campaign.later_rate if half else campaign.rate)
        ring, talk = chance.uniform(3, 18), chance.lognormvariate(0, 0.6) * campaign.handling_s
        if answers:
            self._answer_s += (ring - self._answer_s) * 0.05 if self._answer_s else ring
            self._later(ring, "answer", talk)
        else:
            self._later(RING_OUT_S if chance.random() < 0.7 else ring, "no answer", 0.0)

    def _later(self, seconds: float, what: str, value: float) -> None:
        self._serial += 1
        heapq.heappush(self._events, (self._now + seconds, self._serial, what, value))


def compare(seed: int) -> tuple[Played, Played]:
    """One campaign, progressive and predictive."""
    campaign = drawn(seed)
    careful = Simulation(campaign, seed, lambda pool, _: progressive(pool)).play()
    return careful, Simulation(campaign, seed, predictive).play()


def run(campaigns: int) -> dict[str, Any]:
    """So many campaigns, and what came of all of them."""
    pairs = [compare(seed) for seed in range(campaigns)]
    careful, ahead = [p for p, _ in pairs], [p for _, p in pairs]
    return {
        "bench": "predictive",
        **machine(),
        "campaigns": campaigns,
        "answered": sum(p.answered for p in ahead),
        "progressive": _figures(careful),
        "predictive": _figures(ahead),
        "occupancy_gain": round(statistics.mean(a.occupancy - c.occupancy for c, a in pairs), 4),
        "less_busy_than_progressive": sum(a.occupancy < c.occupancy - 0.01 for c, a in pairs),
    }


def faults(record: dict[str, Any]) -> list[str]:
    """What missed its target."""
    found = []
    ahead, careful = record["predictive"], record["progressive"]
    if ahead["over_the_ceiling"] or careful["over_the_ceiling"]:
        found.append(f"{ahead['over_the_ceiling']} campaigns abandoned more than {CEILING:.0%} of the answered calls")
    if ahead["occupancy"] <= careful["occupancy"]:
        found.append("predictive pacing kept agents no busier than progressive")
    return found


def _figures(played: list[Played]) -> dict[str, Any]:
    shares = [p.abandoned / p.answered for p in played]
    return {
        "abandoned_share": round(sum(p.abandoned for p in played) / sum(p.answered for p in played), 5),
        "abandoned_share_worst": round(max(shares), 5),
        "over_the_ceiling": sum(share > CEILING for share in shares),
        "occupancy": round(statistics.mean(p.occupancy for p in played), 4),
        "occupancy_p10": round(statistics.quantiles([p.occupancy for p in played], n=10)[0], 4),
        "longest_wait_s": round(max(p.longest_wait_s for p in played), 2),
    }
