"""How nuisance callers dial a range of numbers, made up by seed.

In order, in order but slowly, or at random; with 1, 50 or 1,000 numbers that they show in turn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from agi_app.guard.call import CallerKind
from bench.guard.callers import FIRST_LINE, Planned

POOLS = (1, 50, 1000)
ORDERS = ("sequential", "random", "slow")
PACE = {"sequential": (1.0, 20.0), "random": (1.0, 20.0), "slow": (0.1, 0.25)}  # calls a minute
MOST_CALLS = 300  # of one attack
WORKING_DAY = 8 * 3600.0


@dataclass(frozen=True, slots=True)
class Attack:
    """One robot's work on one day."""

    name: str  # also the group of its calls
    order: str
    pool: int  # numbers that it shows in turn
    in_a_block: bool  # numbers next to each other, or from anywhere
    a_minute: float  # calls

    @property
    def kind(self) -> str:
        """What it is reported under."""
        return f"{self.order}_{self.pool}"


def attack_of(number: int, rng: random.Random) -> Attack:
    """Every kind in turn, the rest by chance."""
    order, pool = ORDERS[number % len(ORDERS)], POOLS[number // len(ORDERS) % len(POOLS)]
    return Attack(f"attack {number}", order, pool, rng.random() < 0.5, rng.uniform(*PACE[order]))


def calls_of(attack: Attack, lines: int, start: float, rng: random.Random) -> Iterator[Planned]:
    """Every line once, from anywhere on, up or down; some ring off at once, some are answered."""
    pool = _pool(attack, rng)
    order = list(range(lines))
    if attack.order != "random":
        first, step = rng.randrange(lines), rng.choice((1, -1))
        order = [(first + step * n) % lines for n in range(lines)]
    else:
        rng.shuffle(order)
    at, until, hasty = start, start + WORKING_DAY, rng.random() < 0.2
    for count, line in enumerate(order[:MOST_CALLS]):
        answered = rng.random() < 0.4
        rings = rng.uniform(3, 20) if answered else rng.uniform(1, 4) if hasty else rng.uniform(12, 25)
        talk = rng.uniform(3, 25) if answered else 0.0
        caller = pool[count % len(pool)]
        yield Planned(at, caller, CallerKind.PERSON, FIRST_LINE + line, attack.name, 0.0, rings, talk)
        at += 60 / attack.a_minute * rng.uniform(0.6, 1.4)
        if at > until:
            return


def _pool(attack: Attack, rng: random.Random) -> list[str]:
    if not attack.in_a_block:
        return [f"+999862{rng.randrange(10**9):09}" for _ in range(attack.pool)]
    first = rng.randrange(10**9 - attack.pool)
    pool = [f"+999862{first + n:09}" for n in range(attack.pool)]
    rng.shuffle(pool)
    return pool
