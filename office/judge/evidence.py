"""Everything that is known of a fortnight, also what the calls add to it as they are judged in their order."""

from __future__ import annotations

from office.judge.consents import facts_of
from office.judge.feed import judge_runs
from office.judge.model import Appointment, Call, Json, Result, Verdict
from office.judge.persons import person_of, shared_numbers
from office.judge.points import plan
from office.judge.reading import calls_of, clock_of, hours_of, limits_of, results_of, row_of, runs_of
from office.judge.spans import Spans, join, seconds
from office.judge.versions import versions_of


class Evidence:
    """The scenario and what was seen, as the model has them. Nothing that is passed in is changed."""

    def __init__(self, s: Json, calls: list[Json], runs: list[Json], results: list[Json], run: Json) -> None:
        self.s = s
        self.limits = limits_of(s)
        self.hours = hours_of(s)
        self.clock = clock_of(run, s)
        self.calls = calls_of(calls, s)
        self.runs = runs_of(runs)
        self.results = results_of(results)
        self.verdict = Verdict()
        self.facts = facts_of(s, run.get("entered", {}))
        self.paused = join((seconds(a), seconds(b)) for a, b in run.get("paused", []))
        self._openings: dict[str, Spans] = {}
        self.trusted = judge_runs(s["feed"]["faults"], self.runs, self.limits.every, self.verdict)
        self.good = [r for n, r in enumerate(self.runs) if r.good and n in self.trusted]
        self.appointments = {a["id"]: self._appointment(a) for a in s["appointments"]}
        rows = [a.numbers for a in self.appointments.values()]
        self.shared = shared_numbers(rows, self.limits.shared)
        self.of_number: dict[str, list[Appointment]] = {}
        for a in self.appointments.values():
            for n in a.numbers:
                self.of_number.setdefault(n, []).append(a)
        self.persons = {n: person_of(n, rows, self.shared) for n in self.of_number}
        self.calls_of_number: dict[str, list[Call]] = {}
        self.result_of: dict[int, list[Result]] = {}

    def openings(self, preferred: str) -> Spans:
        """When a person with these preferred hours may be called; "" for somebody who prefers none."""
        if preferred not in self._openings:
            self._openings[preferred] = self.hours.openings(preferred)
        return self._openings[preferred]

    def _appointment(self, a: Json) -> Appointment:
        events = sorted(((seconds(e["at"]), row_of(e["row"])) for e in a["timeline"]), key=lambda e: e[0])
        made = Appointment(a["id"], list(a["numbers"]), list(a.get("tags", [])), events)
        made.versions = versions_of(events, self.runs, self.trusted)
        for v in made.versions:
            for known, plans in ((v.may, made.plans), (v.must, made.late_plans)):
                plans.append(plan(v.row, known, self.openings(v.row.preferred), self.limits) if v.row else [])
        return made
