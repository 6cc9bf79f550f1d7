"""Whose turn it is at a point of time: the order of the numbers, retries, and how many tries there are."""

from __future__ import annotations

from dataclasses import dataclass

from office.judge.consents import consent_at
from office.judge.evidence import Evidence
from office.judge.model import Appointment, Call, History, Problem, Window
from office.judge.spans import HOUR

Done = list[tuple[Call, tuple[int, int]]]  # the calls before, and the version and point that each was for


@dataclass(frozen=True)
class Order:
    """How the numbers of a row stand at a point when a call begins."""

    names: list[str]
    times: dict[str, int]  # how often each was called at this point
    may: dict[str, str]  # whether its consents let it be called: yes, no, maybe
    absent: set[str]  # numbers that may be passed over

    @property
    def rounds(self) -> int:
        return max(self.times.values())

    def waits(self, name: str, times: int) -> bool:
        """Whether a number that was called at most so often has to come first."""
        return self.times[name] <= times and self.may[name] == "yes" and name not in self.absent


def turn(e: Evidence, a: Appointment, c: Call, at: tuple[int, Window], history: History) -> Problem | None:
    """Whether it is this number's turn, by one reading of the calls before; ``at``: version and point."""
    n, w = at
    done = list(zip(a.calls, history, strict=True))
    tries = [x for x, _ in done if x.counts]
    if len(tries) >= e.limits.tries:
        return Problem("unexplained", f"the {len(tries) + 1}th try")
    here = [x for x, where in done if where == (n, w.point) and x.how not in ("cancelled", "failed")]
    reached = [x for x in here if x.how == "answered"]
    if reached:
        return Problem("unexplained", f"this point was settled by {reached[-1]}")
    if c.number not in a.numbers:
        return Problem("unexplained", "the row does not have this number")
    order = _order(e, a, c, here, done)
    if order.times[c.number] < order.rounds or order.rounds == 0:  # its turn within the present round
        return _in_the_round(e, c, order, at, done)
    return _again(e, c, order, here)


def _order(e: Evidence, a: Appointment, c: Call, here: list[Call], done: Done) -> Order:
    tolerance = e.clock.tolerance(c.at)
    # no such number: called again or passed over, both will do; and a call that was wrong itself spoils no later one
    absent = {x.number for x in a.calls if x.how == "invalid"} | {x.number for x, where in done if where[1] < 0}
    return Order(
        a.numbers,
        {name: sum(1 for x in here if x.number == name) for name in a.numbers},
        {name: consent_at(e.facts, name, c.at, tolerance)[0] for name in a.numbers},
        absent,
    )


def _in_the_round(e: Evidence, c: Call, order: Order, at: tuple[int, Window], done: Done) -> Problem | None:
    for name in order.names[: order.names.index(c.number)]:
        if order.waits(name, order.times[c.number]):
            before = _carried_on(e, at, done, name)
            if before:
                return Problem("doubtful", f"goes on with the order of the point before ({before})")
            return Problem("wrong_number_order", f"{name} comes before it and was not tried at this point")
    return None


def _carried_on(e: Evidence, at: tuple[int, Window], done: Done, name: str) -> Call | None:
    """The call to an earlier number at the point before, when this number's turn was left over from there."""
    if not done:
        return None
    n, w = at
    x, (version, point) = done[-1]
    unsettled = x.how in e.limits.retry or x.how == "invalid"
    return x if unsettled and x.number == name and version == n and point < w.point else None


def _again(e: Evidence, c: Call, order: Order, here: list[Call]) -> Problem | None:
    """A call to a number that had its turn: the campaign's retry, from the first number on."""
    waiting = [name for name in order.names if order.waits(name, order.rounds - 1)]
    if waiting:
        return Problem("wrong_number_order", f"{waiting[0]} was to be tried before {c.number} again")
    last = here[-1]
    delays = e.limits.retry.get(last.how, ())
    if not delays:
        return Problem("unexplained", f"this point was settled by {last}: retry does not name it")
    rounds = order.rounds
    if rounds > len(delays):
        return Problem("unexplained", f"retry has only {len(delays)} further tries, and {last} was the last")
    if c.at < last.at + delays[rounds - 1] - e.clock.tolerance(c.at):
        return Problem("unexplained", f"retry comes {delays[rounds - 1] / HOUR:g} h after {last}")
    names, may = order.names, order.may
    first = next((x for x in names if may[x] == "yes" and x not in order.absent), c.number)
    if may[c.number] == "yes" and names.index(c.number) > names.index(first):
        return Problem("wrong_number_order", f"retry begins again at {first}")
    return None
