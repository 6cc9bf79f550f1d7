"""Who calls a PBX honestly, made up by seed: the strangers whom a guard must not shut out, and the people we know.

Each kind is a function that plans one visit: the calls that one caller makes for one purpose on one day. What is
hard is meant to be there: couriers who ring through half an office, schools that call parent after parent, banks whose
machine speaks codes and cannot press a digit, taxis that ring once and hang up, people who try the desk next door,
wrong numbers that reach a line nobody has, and those who redial in distress.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agi_app.guard.call import CallerKind

HOUR = 3600.0
DAY = 24 * HOUR
FIRST_LINE = 8000


@dataclass(frozen=True, slots=True)
class Planned:
    """One call that will be made, and what would become of it if nobody came between."""

    at: float  # seconds from the start
    caller: str | None
    kind: CallerKind
    line: int
    group: str
    presses: float  # how likely its caller presses the digit of a challenge
    rings: float  # seconds until it is answered, or until the caller gives up
    talk: float  # seconds of talk; 0: not answered


@dataclass
class Town:
    """The lines of one PBX and the callers around it."""

    lines: int
    rng: random.Random
    couriers: list[str]
    firms: list[str]
    friends: list[str]  # numbers that somebody here dialled
    banks: list[str]

    @classmethod
    def of(cls, lines: int, rng: random.Random) -> Town:
        """A town whose callers are as many as the PBX needs."""
        town = cls(lines, rng, [], [], [], ["95001", "95002", "95003"])
        town.couriers = [town.number() for _ in range(max(8, lines // 8))]
        town.firms = [town.number() for _ in range(max(4, lines // 25))]
        town.friends = [town.number() for _ in range(lines * 6)]
        return town

    def number(self) -> str:
        """A number that hardly anybody else has."""
        return f"+999861{self.rng.randrange(10**9):09}"

    def line(self) -> int:
        """A line somebody has or had, as those who call honestly know it."""
        return FIRST_LINE + self.rng.randrange(self.lines)


Visit = Callable[[Town, float], Iterator[Planned]]


def day_of(town: Town, day: int) -> Iterator[Planned]:
    """All honest calls of a day; at night and at weekends there are few."""
    rng = town.rng
    busy = 1.0 if day % 7 < 5 else 0.25
    for _ in range(int(town.lines * 0.9 * busy)):
        visit = rng.choices(_KINDS, _OFTEN)[0]
        yield from visit(town, day * DAY + _time_of_day(rng))
    for courier in range(len(town.couriers)):  # some leave, others come
        if rng.random() < 0.03:
            town.couriers[courier] = town.number()


def _time_of_day(rng: random.Random) -> float:
    hour = rng.triangular(8, 20, 11) if rng.random() < 0.97 else rng.uniform(0, 24)
    return hour * HOUR


def _call(
    town: Town, at: float, caller: str | None, line: int, group: str, answer: float, talk: tuple[float, float],
    presses: float = 0.95,
) -> Planned:  # fmt: skip
    rng, kind = town.rng, CallerKind.PERSON
    if caller is None or not caller.startswith("+"):
        kind = CallerKind.SERVICE if caller else CallerKind.WITHHELD
    answered = rng.random() < answer
    rings = rng.uniform(3, 20) if answered else rng.uniform(8, 40)
    return Planned(at, caller, kind, line, group, presses, rings, rng.uniform(*talk) if answered else 0.0)


def courier(town: Town, at: float) -> Iterator[Planned]:
    """One to twenty parcels for one building: person after person, and again whoever did not answer."""
    rng, number = town.rng, town.rng.choice(town.couriers)
    for _ in range(min(20, 1 + int(rng.expovariate(0.4)))):
        line = town.line()
        for _ in range(3):
            call = _call(town, at, number, line, "courier", 0.65, (10, 50))
            yield call
            at += call.rings + call.talk + rng.uniform(5, 240)
            if call.talk:
                break


def clinic(town: Town, at: float) -> Iterator[Planned]:
    """A reminder: a person, or a machine that cannot press a digit."""
    machine = town.rng.random() < 0.4
    yield _call(town, at, town.number(), town.line(), "clinic", 0.6, (25, 90), presses=0.0 if machine else 0.95)


def school(town: Town, at: float) -> Iterator[Planned]:
    """The same number calls one parent after another."""
    number = town.number()
    for _ in range(town.rng.choice((1, 1, 1, 2, 3, 5, 12))):
        call = _call(town, at, number, town.line(), "school", 0.6, (20, 150))
        yield call
        at += call.rings + call.talk + town.rng.uniform(10, 120)


def taxi(town: Town, at: float) -> Iterator[Planned]:
    """Rings once to say it is there, perhaps twice."""
    number, line = town.number(), town.line()
    for _ in range(town.rng.choice((1, 1, 1, 2, 3))):
        short = town.rng.random() < 0.5
        call = _call(town, at, number, line, "taxi", 0.0 if short else 0.6, (5, 30))
        yield Planned(at, number, call.kind, line, "taxi", 0.95, town.rng.uniform(1, 5), 0.0) if short else call
        at += 60 + town.rng.uniform(0, 200)


def bank(town: Town, at: float) -> Iterator[Planned]:
    """A voice that says a code: the bank's short number calls many here, and nobody is there to press a digit."""
    number, line = town.rng.choice(town.banks), town.line()
    for _ in range(town.rng.choice((1, 1, 1, 2))):
        yield _call(town, at, number, line, "bank_code", 0.85, (12, 35), presses=0.0)
        at += town.rng.uniform(40, 90)


def customer(town: Town, at: float) -> Iterator[Planned]:
    """Somebody who calls for the first time; some try the desk next door, some redial at once."""
    rng, number, line = town.rng, town.number(), town.line()
    for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3))):
        call = _call(town, at, number, line, "customer", 0.6, (20, 400))
        yield call
        at += call.rings + call.talk + rng.expovariate(1 / 600)
        if rng.random() < 0.15:
            line = min(line + 1, FIRST_LINE + town.lines - 1)


def firm(town: Town, at: float) -> Iterator[Planned]:
    """The one number that a whole office shows: several of its people call several of ours."""
    number = town.rng.choice(town.firms)
    for _ in range(town.rng.choice((1, 1, 2, 3))):
        yield _call(town, at, number, town.line(), "firm", 0.7, (30, 500))
        at += town.rng.expovariate(1 / 900)


def wrong_number(town: Town, at: float) -> Iterator[Planned]:
    """A slip of the finger, and once more."""
    number, line = town.number(), town.line()
    for _ in range(town.rng.choice((1, 2))):
        yield _call(town, at, number, line, "wrong_number", 0.6, (3, 12))
        at += town.rng.uniform(15, 90)


def distress(town: Town, at: float) -> Iterator[Planned]:
    """Somebody who must reach one person and redials and redials."""
    number, line = town.number(), town.line()
    for _ in range(town.rng.randint(3, 7)):
        call = _call(town, at, number, line, "distress", 0.15, (30, 300))
        yield call
        at += call.rings + call.talk + town.rng.uniform(3, 50)


def hospital(town: Town, at: float) -> Iterator[Planned]:
    """A caller whose number is withheld."""
    yield _call(town, at, None, town.line(), "withheld", 0.6, (30, 200))


def friend(town: Town, at: float) -> Iterator[Planned]:
    """A number that somebody here dialled before."""
    number = town.rng.choice(town.friends)
    for _ in range(town.rng.choice((1, 1, 2))):
        yield _call(town, at, number, town.line(), "dialled", 0.7, (20, 600))
        at += town.rng.expovariate(1 / 1200)


def dialled_machine(town: Town, at: float) -> Iterator[Planned]:
    """The worst that a number may do which we dialled: our supplier's machine calls all lines, one after another."""
    number = town.friends[0]
    for line in range(FIRST_LINE, FIRST_LINE + 30):
        yield _call(town, at, number, line, "dialled", 0.3, (3, 9), presses=0.0)
        at += town.rng.uniform(2, 8)


_WEIGHTS: dict[Visit, float] = {
    courier: 30, clinic: 12, school: 6, taxi: 12, bank: 14, customer: 50, firm: 14, wrong_number: 5, distress: 1.5,
    hospital: 2, friend: 45, dialled_machine: 0.1,
}  # fmt: skip
_KINDS, _OFTEN = list(_WEIGHTS), list(_WEIGHTS.values())
