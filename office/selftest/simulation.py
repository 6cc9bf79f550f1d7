"""A perfect product, in the simplest way: at each moment that matters it asks "may this person be called now?".

It shares no code with the judge. Instants are seconds since 1970, lengths seconds, both of rules time.
"""

from __future__ import annotations

import heapq
import random
import zlib
from dataclasses import dataclass, field
from typing import Any

from office.selftest.openings import Openings
from office.selftest.times import Json, at, day_bounds, iso

INF = float("inf")
REACHED = ("confirm", "later", "stop", "wrong")
HOW = {
    **dict.fromkeys(REACHED, "answered"),
    "no_answer": "no_answer",
    "busy": "busy",
    "declines": "declined",
    "invalid": "invalid",
}
RESULT = {
    "answered": "answered",
    "no_answer": "no_answer",
    "busy": "busy",
    "declined": "rejected",
    "invalid": "invalid_number",
}
SECONDS = {"answered": 25.0, "no_answer": 20.0, "busy": 1.0, "declined": 5.0, "invalid": 0.5}
DISPOSITION = {"confirm": "confirmed", "later": "change_requested", "stop": "opted_out", "wrong": "wrong_number"}
ANSWERS_AFTER_S = 3


@dataclass
class Contact:
    """An appointment as the product has it."""

    id: str
    numbers: list[str]
    row: Json | None = None
    points: list[float] = field(default_factory=list)
    now: int = -1  # the point that is being worked at
    tried: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    not_until: float = 0.0
    settled: bool = True
    over: bool = False
    ticket: int = 0


class Simulation:
    """One run of a scenario. ``loose`` decides what a product may do or not."""

    def __init__(self, s: Json, ratio: float, loose: random.Random, skip: bool) -> None:
        self.s, self.ratio, self.loose = s, ratio, loose
        self.spans = [(at(a), at(b)) for a, b in s["run_through"]] if skip else [(at(s["start"]), at(s["end"]))]
        self.last_good = 0.0
        self.contacts = {a["id"]: Contact(a["id"], a["numbers"]) for a in s["appointments"]}
        self.timelines = {a["id"]: [(at(e["at"]), e["row"]) for e in a["timeline"]] for a in s["appointments"]}
        self.calls: list[Json] = []
        self.runs: list[Json] = []
        self.results: list[Json] = []
        self.ringing: list[tuple[Json, str, float, float]] = []  # call, contact, from, to
        self.rung: dict[str, int] = {}
        self.wrong: dict[str, float] = {}
        self.stops = {r["number"]: at(r["at"]) for r in s["refusals"] if r["kind"] == "stop"}
        self.person = _persons(s)
        self.made: dict[str, list[float]] = {}
        self.declined: dict[str, float] = {}
        self.heap: list[tuple[float, int, str, Any]] = []
        self.order = 0
        self.free_at = 0.0
        self.openings = Openings(s["rules"]["closed_days"])
        self.tags = {a["id"]: a["tags"] for a in s["appointments"]}
        self.faults_done: set[str] = set()

    def push(self, t: float, what: str, data: Any) -> None:
        self.order += 1
        heapq.heappush(self.heap, (t, self.order, what, data))

    def end_of(self, row: Json) -> float:
        end = day_bounds(row.get("not_after"), end=True)
        return at(row["appointment"]) if end is None else end

    def plan(self, c: Contact, row: Json, now: float) -> None:
        """Works out the points of a contact that the feed has brought or changed."""
        points = [self.point(c, row, hours) for hours in (48, 3)]
        ahead = [p for p in points if p >= now]
        if len(ahead) < len(points):
            first = self.openings.open_from(now, row)
            if not ahead or first <= ahead[0]:
                ahead.insert(0, first)
        c.points, c.now, c.settled = ahead, -1, True
        self.wake(c, ahead[0] if ahead else INF)

    def point(self, c: Contact, row: Json, hours: int) -> float:
        """When the point so many hours before the appointment is called."""
        spread = len(self.s["appointments"]) / self.s["campaign"]["pace"]["calls_per_second"]
        floor = day_bounds(row.get("not_before"), end=False) or 0.0
        p = at(row["appointment"]) - hours * 3600
        if p < floor:
            return self.openings.open_from(floor, row)
        if self.openings.is_open(p, row):
            return p
        begin, end = self.openings.last_part(p, row, spread)
        return end - 2 - (zlib.crc32((c.numbers[0] + str(hours)).encode()) % 1000) / 1000 * (end - begin - 4)

    def following(self, c: Contact) -> float:
        """When the next point comes."""
        return c.points[c.now + 1] if c.now + 1 < len(c.points) else INF

    def wake(self, c: Contact, t: float) -> None:
        c.ticket += 1
        if t < INF:
            self.push(t, "look", (c.id, c.ticket))

    def consent(self, number: str, t: float) -> bool:
        for x in self.s["consents"]:
            if x["number"] == number and x["purpose"] == "transactional" and max(at(x["entered"]), at(x["given"])) < t:
                ended = [at(x["expires"])] if x["expires"] else []
                ended += [at(r["at"]) for r in self.s["refusals"] if r["number"] == number and r["kind"] == "withdraw"]
                ended += [self.wrong[number]] if number in self.wrong else []
                if all(t < e for e in ended if e >= at(x["given"])):
                    return True
        return False

    def run_from(self, t: float) -> float:
        """The moment from t on at which the clock runs."""
        return next((max(t, low) for low, high in self.spans if t < high), INF)

    def look(self, c: Contact, t: float) -> None:
        """Calls the contact if that is right now; else sets when to look again."""
        row = c.row
        if row is None or c.over or "switchboard" in self.tags[c.id]:
            return
        while self.following(c) <= t + 1e-6:
            c.now, c.tried, c.retries, c.settled, c.not_until = c.now + 1, {}, 0, False, 0.0
        following = self.following(c)
        if c.settled:
            self.wake(c, following)
        elif t >= self.end_of(row) - 1:
            return
        elif self.run_from(t) > t or t > self.last_good + 3600:
            self.wake(c, self.run_from(t) if self.run_from(t) > t else t + 1)
        elif (wait := self.closed_until(c, row, t)) > t:
            self.wake(c, min(wait, following))
        elif not self.stopped(c, t):
            self.try_now(c, t, following)

    def closed_until(self, c: Contact, row: Json, t: float) -> float:
        if not self.openings.is_open(t, row):
            return self.openings.open_from(t, row)
        return max(t, c.not_until)

    def stopped(self, c: Contact, t: float) -> bool:
        keys = {self.person[n] for n in c.numbers}
        return any(self.stops.get(n, INF) <= t for n, p in self.person.items() if p in keys)

    def try_now(self, c: Contact, t: float, following: float) -> None:
        """Calls if caps, consents and the pace let it."""
        free = self.free_from(self.person[c.numbers[0]], t)
        if free > t:
            self.wake(c, min(free, following))
            return
        usable = [n for n in c.numbers if self.consent(n, t)]
        turn = [n for n in usable if c.tried.get(n, 0) == min(c.tried.get(x, 0) for x in usable)]
        if not turn:
            self.wake(c, min(t + 900, following))
        elif t < self.free_at:
            self.wake(c, min(self.free_at, following))
        else:
            self.free_at = t + self.ratio / self.s["campaign"]["pace"]["calls_per_second"]
            self.call(c, turn[0], t)

    def free_from(self, key: str, t: float) -> float:
        """From when on caps and the week after a declined call let the person be called."""
        made = self.made.get(key, [])
        free = t
        for most, hours in ((1, 24), (2, 168), (4, 720)):
            recent = [x for x in made if x > t - hours * 3600 - 1.5 * self.ratio]
            if len(recent) >= most:
                free = max(free, recent[-most] + hours * 3600 + 2 * self.ratio)
        if key in self.declined:
            free = max(free, self.declined[key] + 168 * 3600 + 2)
        return free

    def call(self, c: Contact, number: str, t: float) -> None:
        rings = self.s["numbers"][number]["rings"]
        k = self.rung[number] = self.rung.get(number, 0) + 1
        does = rings[min(k, len(rings)) - 1]
        ended = t + SECONDS[HOW[does]] * self.ratio
        call: Json = {"at": iso(t), "number": number, "ended": iso(ended), "how": HOW[does], "rang": does != "invalid"}
        if does in REACHED:
            call["answered_at"] = iso(t + ANSWERS_AFTER_S * self.ratio)
        self.calls.append(call)
        c.tried[number] = c.tried.get(number, 0) + 1
        if does != "invalid":
            self.made.setdefault(self.person[c.numbers[0]], []).append(t)
        self.push(ended, "end", (c.id, number, does, t, call, c.ticket))
        self.ringing.append((call, c.id, t, t + ANSWERS_AFTER_S * self.ratio if does in REACHED else ended))

    def end(self, c: Contact, number: str, does: str, begun: float, call: Json, ticket: int, t: float) -> None:
        """A call ended: its result, what it changes for the person, and when to look again."""
        if call["how"] == "cancelled":
            if self.loose.random() < 0.5:
                self.result(c, number, "cancelled", begun, None)
            return
        self.result(c, number, RESULT[HOW[does]], begun, DISPOSITION.get(does))
        if does == "stop":
            self.stops[number] = t
        elif does == "wrong":
            self.wrong[number] = t
        elif does == "declines":
            self.declined[self.person[c.numbers[0]]] = begun
        if does in ("stop", "wrong", "declines"):
            c.over = True
        elif ticket == c.ticket:  # else the office gave it another time meanwhile
            self.go_on(c, does, begun, t)

    def go_on(self, c: Contact, does: str, begun: float, t: float) -> None:
        """After a call: the second number, the retry, or the next point."""
        following = self.following(c)
        if does in REACHED:
            c.settled = True
            self.wake(c, following)
            return
        usable = [n for n in c.numbers if self.consent(n, t)]
        if any(c.tried.get(n, 0) < max(c.tried.values()) for n in usable):
            c.not_until = t
        elif does in ("no_answer", "busy") and c.retries < 1:
            c.retries += 1
            c.not_until = begun + 86400 + 2 * self.ratio
        else:
            c.settled = True
        self.wake(c, min(max(c.not_until, t), following) if not c.settled else following)

    def result(self, c: Contact, number: str, outcome: str, begun: float, disposition: str | None) -> None:
        self.results.append(
            {
                "id": c.id,
                "number_place": c.numbers.index(number) + 1,
                "outcome": outcome,
                "started": iso(begun + 0.05),
                "key": f"k{len(self.results) + 1:05d}",
                "disposition": disposition,
            }
        )

    def feed(self, t: float) -> None:
        as_of, committed = t + 0.2 * self.ratio, t + 0.9 * self.ratio
        due = [f for f in self.s["feed"]["faults"] if at(f["at"]) <= t and f["kind"] not in self.faults_done]
        fault = due[0] if due else None
        good = fault is None
        if fault:
            self.faults_done.add(fault["kind"])
        self.push(committed, "commit", (as_of, good))

    def commit(self, as_of: float, good: bool, t: float) -> None:
        added = cancelled = 0
        changed: list[Contact] = []
        if good:
            self.last_good = t
            for c in self.contacts.values():
                rows = [row for when, row in self.timelines[c.id] if when <= as_of]
                row = rows[-1] if rows else None
                row = None if row is None or row["status"] == "cancelled" else row
                if row != c.row:
                    added += c.row is None
                    cancelled += row is None
                    c.row = row
                    changed.append(c)
        run = {"as_of": iso(as_of), "committed": iso(t), "good": good, "added": added, "cancelled": cancelled}
        self.runs.append(run)
        for c in changed:
            self.change(c, t)

    def change(self, c: Contact, t: float) -> None:
        """Ends what rings on old facts, and plans by the new ones."""
        c.ticket += 1
        for call, who, begun, until in self.ringing:
            if who == c.id and begun <= t < until:
                call["how"], call["ended"] = "cancelled", iso(t + 0.3 * self.ratio)
                call.pop("answered_at", None)
        if c.row is not None and not c.over:
            self.plan(c, c.row, t)

    def go(self) -> tuple[list[Json], list[Json], list[Json]]:
        """The whole fortnight: its calls, feed runs and results."""
        end = at(self.s["end"])
        for t in self.feed_times():
            self.push(t, "feed", None)
        while self.heap:
            t, _, what, data = heapq.heappop(self.heap)
            if t >= end and what != "end":
                continue
            if what == "feed":
                self.feed(t)
            elif what == "commit":
                self.commit(data[0], data[1], t)
                self.ringing = [r for r in self.ringing if r[3] > t]
            elif what == "end":
                self.end(self.contacts[data[0]], data[1], data[2], data[3], data[4], data[5], t)
            else:
                c = self.contacts[data[0]]
                if data[1] == c.ticket:
                    self.look(c, t)
        return self.calls, self.runs, self.results

    def feed_times(self) -> list[float]:
        """Every five minutes while the clock runs, and at the times that the scenario asks for."""
        times: list[float] = []
        for low, high in self.spans:
            t = low
            while t < high:
                times.append(t)
                t += 300
        more = {at(h["at"]) + h["plus_real_seconds"] * self.ratio for h in self.s["feed"]["run_at"]}
        return times + sorted(more)


def _persons(s: Json) -> dict[str, str]:
    """Of each number, the number that its person is known by; the switchboard's people have none."""
    person: dict[str, str] = {}
    for a in s["appointments"]:
        if "switchboard" not in a["tags"]:
            names = {person.get(n, n) for n in a["numbers"]}
            keep = min(names)
            for n in list(person) + a["numbers"]:
                if person.get(n, n) in names:
                    person[n] = keep
    return person


def simulate(s: Json, ratio: float = 1.0, skip: bool = False) -> tuple[list[Json], list[Json], list[Json]]:
    """The calls, feed runs and results of a perfect fortnight; the same for the same arguments.

    ``ratio``: rules seconds a real second; ``skip``: the clock runs only through what the scenario names.
    """
    return Simulation(s, ratio, random.Random(7), skip).go()


def skipped(s: Json) -> list[list[str]]:
    """What lies between the spans that are to be run through."""
    edges = [s["start"], *[x for span in s["run_through"] for x in span], s["end"]]
    return [[edges[n], edges[n + 1]] for n in range(0, len(edges), 2) if edges[n] < edges[n + 1]]
