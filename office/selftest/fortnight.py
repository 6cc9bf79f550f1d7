"""A fortnight that can be spoilt: finding what to spoil in it, and changing it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from office.selftest.simulation import RESULT
from office.selftest.times import Json, at, iso


class NoCandidate(Exception):
    """The perfect fortnight has nothing that could be spoilt like this."""


@dataclass
class Fortnight:
    """The scenario and what was seen, as the judge takes them."""

    s: Json
    calls: list[Json]
    runs: list[Json]
    results: list[Json]

    def copy(self) -> Fortnight:
        """One that can be changed without changing this one."""
        return copy.deepcopy(self)

    # looking

    def appointments(self, tag: str) -> list[Json]:
        """Those with a tag, or with one that begins so (`moved` for `moved:early`)."""
        return [a for a in self.s["appointments"] if any(t == tag or t.split(":")[0] == tag for t in a["tags"])]

    def of(self, a: Json) -> list[Json]:
        """The calls of an appointment whose numbers no other appointment has."""
        others = [b for b in self.s["appointments"] if b["id"] != a["id"] and set(a["numbers"]) & set(b["numbers"])]
        return [] if others else [c for c in self.calls if c["number"] in a["numbers"]]

    def result(self, c: Json) -> Json:
        """The result of a call. NoCandidate: there is none."""
        for r in self.results:
            numbers = next(a["numbers"] for a in self.s["appointments"] if a["id"] == r["id"])
            if numbers[r["number_place"] - 1] == c["number"] and abs(at(r["started"]) - at(c["at"])) < 60:
                return r
        raise NoCandidate

    def time(self, a: Json, n: int = -1) -> float:
        """The time of an appointment at a place of its timeline, or the one before if it is cancelled there."""
        row = a["timeline"][n]["row"] or a["timeline"][n - 1]["row"]
        return at(row["appointment"])

    def steady(self, a: Json, does: str, calls: int) -> bool:
        """One number that always does the same, an appointment that never changed, so many calls."""
        rings = self.s["numbers"][a["numbers"][0]]["rings"]
        return len(a["numbers"]) == 1 and rings == [does] and len(a["timeline"]) == 1 and len(self.of(a)) == calls

    def plain(self, does: str, calls: int, good: Callable[[Json], bool] = lambda a: True, tag: str = "plain") -> Json:
        """The first steady one that is good. NoCandidate: there is none."""
        for a in self.appointments(tag):
            if self.steady(a, does, calls) and good(a):
                return a
        raise NoCandidate

    # changing

    def add(self, a: Json, t: float, place: int = 1, how: str = "answered", result: bool = True) -> Json:
        """One more call, with its result."""
        call = {"at": iso(t), "number": a["numbers"][place - 1], "ended": iso(t + 20), "how": how, "rang": True}
        self.calls.append(call)
        if result:
            key = f"x{len(self.results)}"
            self.results.append(
                {"id": a["id"], "number_place": place, "outcome": RESULT[how], "started": iso(t), "key": key}
            )
        return call

    def drop(self, c: Json, result: bool = True) -> None:
        """Takes a call away, with its result."""
        if result:
            r = self.result(c)
            self.results.remove(r)
        self.calls.remove(c)

    def shift(self, c: Json, t: float) -> None:
        """Moves a call and its result to another time."""
        r = self.result(c)
        r["started"] = iso(t)
        by = t - at(c["at"])
        for k in ("at", "ended", "answered_at"):
            if k in c:
                c[k] = iso(at(c[k]) + by)

    def renumber(self, a: Json, c: Json, place: int) -> None:
        """Makes a call and its result those of another number of the row."""
        self.result(c)["number_place"] = place
        c["number"] = a["numbers"][place - 1]


def known(f: Fortnight, written: float) -> float:
    """When a good run had committed what was written then."""
    return min((at(r["committed"]) for r in f.runs if r["good"] and at(r["as_of"]) > written + 1), default=float("inf"))


def two_numbers(f: Fortnight) -> tuple[Json, list[Json]]:
    """An appointment whose first number did not answer and whose second was called a day later."""
    for a in f.appointments("second_number"):
        own = f.of(a)
        in_order = (
            len(own) == 2 and [c["number"] for c in own] == a["numbers"] and own[0]["how"] in ("no_answer", "busy")
        )
        if in_order and own[1]["how"] == "answered" and len(a["timeline"]) == 1:
            return a, own
    raise NoCandidate


Change = Callable[[Fortnight], None]


@dataclass(frozen=True)
class Spoil:
    """One way to spoil a fortnight, and the figure in which it must be found; none: it is right."""

    name: str
    count: str
    do: Change


def spoiler(spoils: list[Spoil]) -> Callable[[str], Callable[[Change], Change]]:
    """A decorator that takes the figure, and adds the function to the list under the words of its name."""

    def spoil(count: str) -> Callable[[Change], Change]:
        def keep(do: Change) -> Change:
            spoils.append(Spoil(do.__name__.replace("_", " "), count, do))
            return do

        return keep

    return spoil
