"""Rows to what a report shows: totals, rates, the reasons nobody is dialled. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """How many agents could take a call now, by the word of one worker."""

    worker: str
    free: int | None
    busy: int | None
    unknown: str | None = None  # why it does not know


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """The agents of a campaign, and what happened to its calls for them in the last 30 days."""

    to: str
    pacing: str
    seen: Sequence[AgentsSeen]
    under_way: int  # calls, not answered yet
    waiting: int  # persons on the line, without an agent yet
    ended: int
    answered: int
    abandoned: int
    met: int
    handling_s: float | None  # an agent's time for one call, on average; None: there was none
    answer_rate: float  # answered by a person, of the calls that a person or their phone ended
    abandoned_percent: float  # of the answered calls


@dataclass(frozen=True, slots=True)
class NumberFigures:
    """The calls to the first, second or third numbers of a campaign's contacts; those that go on are not counted."""

    place: int  # from 1
    called: int
    rang: int
    answered: int
    reached: int  # answered by no machine


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group of a campaign's quota; ``wanted`` None: the quota names no number for it."""

    group: str  # empty: the contacts have nothing in the column
    wanted: int | None
    completed: int
    under_way: int  # in a call now
    waiting: int  # due now or later
    closed: bool  # nobody of it is called


@dataclass(frozen=True, slots=True)
class QuotaFigures:
    """How the groups of a campaign stand by its quota."""

    by: str  # contact.COLUMN
    dispositions: Sequence[str]  # what counts as completed
    groups: Sequence[GroupFigures]


@dataclass(frozen=True, slots=True)
class Totals:
    """A campaign in figures. ``refused`` counts a contact under each rule that refused it last."""

    campaign: str
    state: str
    purpose: str
    caller_id: str
    caller_id_proof: str  # how the number shown was proved
    contacts: int
    done: int
    waiting: int
    not_called: int  # refused until a person fixes something
    in_call: int
    attempts: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    dispositions: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    approval: str = ""  # by whom its start was approved
    local_caller_ids: Mapping[str, str] = field(default_factory=dict)  # other numbers shown -> how they were proved
    agents: AgentFigures | None = None  # None: it calls for nobody of ours
    expired: int = 0  # their time was over before they were reached
    cancelled: int = 0  # by the office
    quota: QuotaFigures | None = None  # None: all its contacts are called
    numbers: Sequence[NumberFigures] = ()  # by their order in the list; the first one is always there

    @property
    def answer_rate(self) -> float:
        """Answered calls of all calls dialled; 0 when there was none."""
        return self._answered / self.attempts if self.attempts else 0.0

    @property
    def machine_rate(self) -> float:
        """Calls that a machine answered of all answered ones; 0 when nobody looked."""
        return self.outcomes.get("machine", 0) / self._answered if self._answered else 0.0

    @property
    def _answered(self) -> int:
        return answered(self.outcomes)


def answered(outcomes: Mapping[str, int]) -> int:
    """How many of these calls somebody or something answered."""
    return sum(outcomes.get(one, 0) for one in ("human", "machine", "answered"))


def by_number(outcomes: Mapping[str, int], further: Mapping[str, int], rang: Mapping[str, int]) -> list[NumberFigures]:
    """Figures by number, of calls that have ended; the first number has what ``further`` leaves of ``outcomes``.

    ``further`` are outcomes of calls to second and third numbers by PLACE/OUTCOME, ``rang`` is by PLACE.
    """
    of_place: dict[int, dict[str, int]] = {1: dict(outcomes)}
    for name, number in further.items():
        place, _, outcome = name.partition("/")
        of_place.setdefault(int(place), {})[outcome] = number
        of_place[1][outcome] = of_place[1].get(outcome, 0) - number
    return [
        NumberFigures(
            place,
            sum(found.values()),
            rang.get(str(place), 0),
            answered(found),
            answered(found) - found.get("machine", 0),
        )
        for place, found in sorted(of_place.items())
    ]
