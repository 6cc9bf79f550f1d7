"""Lives a scenario: the clock jumps from one moment to the next, the office changes its database, agi-app calls.

At each moment a worker and the exchange are started by that time, as on a new day, and end when nobody is left to call.
Rules time runs at real speed meanwhile; what lies between two moments is skipped.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from agi_app.store.database import embedded
from office.clinic import Clinic
from office.people import numbers_of
from office.project import CALLER_ID, CAMPAIGN, FEED, Project
from sandbox.commands import COMMAND, AgiApp
from sandbox.errors import SandboxError
from sandbox.supervise import Child
from sandbox.world import World

STEP = dt.timedelta(minutes=10)  # between two moments of a span
APART = dt.timedelta(minutes=2)  # at least, between two moments
BEFORE_END = dt.timedelta(seconds=60)  # of an opening, its last moment, which is lived through to the end
ENDS = ("12:00", "17:30", "19:30")  # of openings, in the scenario
HELD_AFTER = dt.timedelta(minutes=50)  # without a run of the feed: soon the campaign would be held
BEFORE_DUE = dt.timedelta(seconds=14)  # at which a moment begins that the office needs a run at
QUIET_S, MOST_S, FAULTY_S, READS_WITHIN_S = 2.0, 150.0, 12.0, 30.0
_RUNS = "SELECT as_of, ended_at, state, result FROM feed_run WHERE what = 'run' ORDER BY run_id"
_BUSY = """
SELECT EXISTS (SELECT FROM contact k, sandbox_clock s
               WHERE k.state = 'claimed' OR k.state = 'pending'
                     AND k.due_at <= clock_timestamp() + (s.start - s.anchored_at))
    OR EXISTS (SELECT FROM result_delivery WHERE state = 'waiting')
"""
LETTER = Path(__file__).resolve().parents[1] / "examples" / "clinic" / "caller-id-letter.txt"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of rules time at which the clock stops jumping, and for how long at least."""

    at: dt.datetime
    runs_after: tuple[float, ...] = ()  # seconds: the feed runs once more
    least_s: float = 0.0  # the last contacts of an opening are due until its end


@dataclass(slots=True)
class Lived:
    """What was lived through: the moments with their ends (rules time), and when things were entered."""

    spans: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)
    entered: dict[str, str] = field(default_factory=dict)
    offsets: list[tuple[float, float, float]] = field(default_factory=list)  # real from, real until, rules minus real


def moments_of(scenario: Mapping[str, Any]) -> list[Moment]:
    """All of a scenario, in order."""
    found: dict[dt.datetime, Moment] = {}
    for low, high in scenario["run_through"]:
        at, until = dt.datetime.fromisoformat(low), dt.datetime.fromisoformat(high)
        ends = high[11:16] in ENDS
        while at < until - (BEFORE_END + APART if ends else APART):
            found[at] = Moment(at)
            at += STEP
        if ends:
            last = until - BEFORE_END
            found[last] = Moment(last, least_s=BEFORE_END.total_seconds())
    hinted: dict[dt.datetime, tuple[float, ...]] = {}
    for hint in scenario["feed"]["run_at"]:
        at = dt.datetime.fromisoformat(hint["at"]) - BEFORE_DUE
        hinted[at] = (*hinted.get(at, ()), BEFORE_DUE.total_seconds() + hint["plus_real_seconds"])
    near = [at for at in found if any(-APART < at - one < APART for one in hinted)]  # the clock never goes back
    for at in near:
        del found[at]
    found |= {at: Moment(at, tuple(sorted(set(after)))) for at, after in hinted.items()}
    return [found[at] for at in sorted(found)]


class Fortnight:
    """One run of a scenario in a world; ``folder`` keeps logs."""

    def __init__(self, scenario: Mapping[str, Any], world: World, clinic: Clinic, folder: Path, say: Say) -> None:
        self.scenario, self._world, self._clinic, self._folder, self._say = scenario, world, clinic, folder, say
        self.numbers = numbers_of(scenario)
        self.project = Project(folder / "project", world.asterisk, scenario)
        self.app = AgiApp(self.project.folder, folder, say)
        self.lived = Lived()
        self.feed_runs: list[dict[str, Any]] = []
        self._database = ""
        self._changes = sorted(
            (change["at"], one["id"], [self.numbers[name] for name in one["numbers"]], change["row"])
            for one in scenario["appointments"]
            for change in one["timeline"]
        )
        self._papers = sorted([
            *((one["entered"], "consent", one) for one in scenario["consents"]),
            *((one["at"], one["kind"], one) for one in scenario["refusals"]),
        ], key=lambda paper: (paper[0], paper[2]["id"]))  # fmt: skip
        self._faults = sorted((one["at"], one["kind"]) for one in scenario["feed"]["faults"])

    def run(self) -> None:
        """Live all moments. Raises SandboxError when something of agi-app does not do as it should."""
        moments = moments_of(self.scenario)
        start = dt.datetime.fromisoformat(self.scenario["start"])
        self.project.set_clock((min(start, moments[0].at) - dt.timedelta(minutes=1)).isoformat())
        self.app.ask("migrate")
        self.app.ask("exchange", "setup")  # an embedded database lets it in from its next start on
        with self._database_running():
            self._begin(start)
            try:
                for number, moment in enumerate(moments, start=1):
                    began = time.monotonic()
                    if self._matters(moment):
                        self._live(moment)
                        took = time.monotonic() - began
                        self._say(f"   {number}/{len(moments)} {moment.at:%a %m-%d %H:%M:%S} {took:.0f} s")
            finally:
                with psycopg.connect(self._database, row_factory=dict_row) as connection:
                    self.feed_runs = connection.execute(_RUNS).fetchall()

    @contextmanager
    def _database_running(self) -> Iterator[None]:
        """A command that stays, so that the embedded database is not started for each of them."""
        server = embedded.acquire(self.project.folder / "var")
        self._database = server.url
        try:
            yield
        finally:
            server.release()

    def _begin(self, start: dt.datetime) -> None:
        self.project.write(self._clinic)
        self._office_until(start)
        self.app.ask("callerid", "prove", CALLER_ID, "--letter", str(LETTER))
        self._enter_papers(start)
        self.app.ask("feed", "start", FEED)
        with self.app.worker("worker-first.log"), self._exchange():
            self._run_feed(good=True)
            self.app.ask("campaign", "start", CAMPAIGN)

    def _matters(self, moment: Moment) -> bool:
        """Whether anything can happen at a moment; else it is passed over, as a night is."""
        until = moment.at + dt.timedelta(seconds=moment.least_s)
        entered = [*self._changes[:1], *self._papers[:1], *self._faults[:1]]
        last = self.lived.spans[-1][0] if self.lived.spans else None
        return (
            last is None
            or moment.at - last > HELD_AFTER
            or bool(moment.runs_after)
            or any(dt.datetime.fromisoformat(one[0]) <= until for one in entered)
            or bool(self._one("SELECT count(*) FROM contact WHERE state = 'pending' AND due_at <= %s", until))
        )

    def _live(self, moment: Moment) -> None:
        self._office_until(moment.at)
        self.project.set_clock(moment.at.isoformat())
        self._enter_papers(moment.at)
        with ExitStack() as stack:
            if fault := self._fault(moment.at):
                stack.enter_context(self._clinic.broken(fault))
            stack.enter_context(self.app.worker(f"worker-{moment.at:%m%d-%H%M%S}.log"))
            began, offset = self._anchor()
            stack.enter_context(self._exchange())
            self._run_feed(good=not fault)
            for after in moment.runs_after:
                self._office_while(moment.at, began + after, offset)
                self._run_feed(good=True)
            self._office_while(moment.at, began + moment.least_s, offset)
            self._until_quiet(FAULTY_S if fault else MOST_S)
        until = dt.datetime.fromtimestamp(time.time() + offset, moment.at.tzinfo)
        self.lived.spans.append((moment.at, until))
        self.lived.offsets.append((began, time.time(), offset))

    def _anchor(self) -> tuple[float, float]:
        """Real time at which the new clock began, and rules time minus real time."""
        anchored = self._one("SELECT extract(epoch FROM anchored_at)::float8 FROM sandbox_clock")
        return anchored, self._one("SELECT extract(epoch FROM start - anchored_at)::float8 FROM sandbox_clock")

    def _office_until(self, at: dt.datetime) -> None:
        while self._changes and dt.datetime.fromisoformat(self._changes[0][0]) <= at:
            _, appointment, numbers, row = self._changes.pop(0)
            self._clinic.write(appointment, numbers, row)

    def _office_while(self, at: dt.datetime, until: float, offset: float) -> None:
        """The office works on by the clock until a moment of real time."""
        while (now := time.time()) < until:
            self._office_until(dt.datetime.fromtimestamp(now + offset, at.tzinfo))
            time.sleep(0.1)

    def _fault(self, at: dt.datetime) -> str:
        """What is wrong with the clinic's database at this moment, once."""
        if self._faults and dt.datetime.fromisoformat(self._faults[0][0]) <= at:
            return str(self._faults.pop(0)[1])
        return ""

    def _enter_papers(self, at: dt.datetime) -> None:
        """Consents and refusals of paper that somebody enters by hand."""
        due = [paper for paper in self._papers if dt.datetime.fromisoformat(paper[0]) <= at]
        self._papers = self._papers[len(due) :]
        consents = [paper for _, kind, paper in due if kind == "consent"]
        if consents:
            self._import_consents(consents)
        for when, kind, paper in due:
            number = self.numbers[paper["number"]]
            if kind == "stop":
                self.app.ask("stop", number, "--at", when)
            elif kind == "withdraw":
                self.app.ask("consent", "withdraw", number, "--purpose", paper["purpose"])
        self.lived.entered |= {paper["id"]: at.isoformat() for _, _, paper in due}

    def _import_consents(self, papers: list[Mapping[str, Any]]) -> None:
        lines = ["number,purpose,wording,method,time,source,expires,evidence"]
        lines += [
            f"{self.numbers[one['number']]},{one['purpose']},I agree to be called.,signed paper,{one['given']},"
            f"reception,{one['expires'] or ''},{one['evidence']}"
            for one in papers
        ]
        (self.project.folder / "consents.csv").write_text("\n".join(lines) + "\n", "utf-8")
        self.app.ask("consent", "import", "consents.csv")

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        child = Child([*COMMAND, "exchange", "--json-logs"], log=self._folder / "exchange.log",
                      env=dict(os.environ), cwd=self.project.folder)  # fmt: skip
        try:
            began = time.monotonic()
            while not self._one("SELECT count(*) FROM feed_reader WHERE seen_at > clock_timestamp() - interval '3 s'"):
                if time.monotonic() - began > READS_WITHIN_S:
                    raise SandboxError(f"nothing reads the feed; see {self._folder}/exchange.log")
                time.sleep(0.1)
            yield
        finally:
            child.send(signal.SIGTERM)
            child.end(20.0)

    def _run_feed(self, *, good: bool) -> None:
        """Have the feed read now: by itself it runs each few minutes of real time."""
        done = self.app.run("feed", "run", FEED, "--json")
        if (done.returncode == 0) is not good:
            raise SandboxError(f"a run of the feed should {'' if good else 'not '}be good: {done.stdout}{done.stderr}")

    def _until_quiet(self, most_s: float) -> None:
        """Wait until nobody is called nor due, and all results went out."""
        deadline, since = time.monotonic() + most_s, time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - since < QUIET_S:
            if self._one(_BUSY):
                since = time.monotonic()
            time.sleep(0.2)

    def _one(self, query: str, *values: object) -> Any:
        with psycopg.connect(self._database, autocommit=True) as connection:
            row = connection.execute(query, values).fetchone()
        return None if row is None else row[0]
