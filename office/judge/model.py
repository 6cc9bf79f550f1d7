"""What is judged: rows and their versions, calls, feed runs, results; and the verdict.

Instants are seconds since 1970, lengths seconds. Both are of rules time, unless a name says that it is real time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from office.judge.spans import INF, Span, say

Json = dict[str, Any]
History = tuple[tuple[int, int], ...]  # one way to read an appointment's calls: version and point of each

COUNTS = (
    "callable_not_called",
    "called_late",
    "called_cancelled",
    "wrong_number_order",
    "called_without_consent",
    "called_after_stop",
    "caps_broken",
    "unexplained",
    "results_mismatch",
)
MORE_COUNTS = ("points_missed", "feed_violations")  # what the specification does not list


@dataclass(frozen=True)
class Row:
    """A row as it is to be called. `end`: from then on nobody may be called."""

    appointment: float
    not_before: float
    end: float
    preferred: str


@dataclass(frozen=True)
class Version:
    """What a feed run brought: the office wrote it at `written`; a run that began at `may` committed it by `must`."""

    row: Row | None
    written: float
    may: float
    must: float


@dataclass(frozen=True)
class Window:
    """Where a point of time lets a call begin: from `start`, at `latest` by then the point has come."""

    point: int
    kind: str  # open, moved, floor, late
    start: float
    latest: float
    until: float
    opening_start: float  # of a moved point: the beginning of the opening whose end it moved to


@dataclass
class Call:
    """What the carrier saw of one INVITE. `n` counts from 1, in their order."""

    n: int
    at: float
    ended: float
    number: str
    how: str
    answered_at: float | None
    rang: bool | None
    behaviour: str
    appointment: str | None = None

    @property
    def counts(self) -> bool | None:
        """Whether caps count it; None: nobody can tell."""
        if self.how in ("answered", "no_answer", "busy", "declined"):
            return True
        if self.rang is not None:
            return self.rang
        return None if self.how == "cancelled" else False

    def __str__(self) -> str:
        return f"call {self.n} at {say(self.at)} to {self.number} ({self.how})"


@dataclass(frozen=True)
class Run:
    """A feed run that ended: what was written before `as_of` is in it, and counts from `committed` on."""

    as_of: float
    committed: float
    good: bool
    cancelled: int
    added: int


@dataclass(frozen=True)
class Result:
    """A row that came back into the office's database. `place` counts from 1."""

    n: int
    id: str
    place: int
    outcome: str
    started: float
    key: str
    disposition: str | None


@dataclass
class Appointment:
    """An appointment: what the office wrote, what agi-app could know of it, and the calls that were made for it."""

    id: str
    numbers: list[str]
    tags: list[str]
    events: list[tuple[float, Row | None]]
    versions: list[Version] = field(default_factory=list)
    plans: list[list[Window]] = field(default_factory=list)  # of each version, as soon as it may be known
    late_plans: list[list[Window]] = field(default_factory=list)  # of each version, as late as it may be known
    calls: list[Call] = field(default_factory=list)
    histories: list[History] = field(default_factory=lambda: [()])  # ways to read the calls
    over_at: float = INF
    over_why: str = ""

    def must_after(self, version: int) -> float:
        """When the version after this one is known for sure; INF: there is none."""
        return self.versions[version + 1].must if version + 1 < len(self.versions) else INF


@dataclass(frozen=True)
class Limits:
    """The rules and the campaign in numbers."""

    at: tuple[float, ...]  # how long before the appointment each point is, the longest first
    retry: dict[str, tuple[float, ...]]
    caps: tuple[tuple[int, float], ...]  # so many calls in so many seconds
    gap_declined: float
    shared: int  # a number of more than so many persons joins nobody
    tries: int
    per_second: float  # calls a real second
    concurrent: float
    max_age: float
    every: float
    starts: float
    call_back: float | None  # how long after a call "later" is a call back; None: it settles the point
    spread: float  # of an opening's end, in which moved points are called
    last: float = 0.0  # so long before the end of an opening the last moved point is


@dataclass(frozen=True)
class Clock:
    """How fast rules time went (rules seconds a real second), and what was skipped."""

    ratios: tuple[tuple[float, float, float], ...]
    default: float
    skipped: tuple[Span, ...]
    until: float
    allowed: float  # real seconds that a change may take
    doubt: float  # real seconds above which it is no longer doubtful but wrong

    def ratio(self, t: float) -> float:
        """Rules seconds a real second at an instant."""
        return next((r for low, high, r in self.ratios if low <= t < high), self.default)

    def tolerance(self, t: float) -> float:
        """Rules seconds that a change may take at an instant, and that no clock can tell apart."""
        return self.allowed * max(self.ratio(t), 1.0)


@dataclass
class Verdict:
    """The sentences of each figure."""

    lists: dict[str, list[str]] = field(default_factory=lambda: {k: [] for k in COUNTS + MORE_COUNTS})
    doubtful: list[str] = field(default_factory=list)

    def add(self, count: str, sentence: str) -> None:
        """``count``: a figure of COUNTS or MORE_COUNTS, or doubtful; KeyError for another."""
        (self.doubtful if count == "doubtful" else self.lists[count]).append(sentence)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a call, and the figure that it counts in."""

    count: str
    text: str
