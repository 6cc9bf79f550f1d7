"""A campaign as its author wrote it: why we call, whom we may call, how fast, and from which number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agi_app.model.machine_detection import MachineDetection


class Purpose(StrEnum):
    """What a call is for; consent is given for one purpose and never leaks into another."""

    TRANSACTIONAL = "transactional"
    SURVEY = "survey"
    MARKETING = "marketing"
    REHEARSAL = "rehearsal"


class CampaignState(StrEnum):
    """A campaign's state is a row: ``paused`` makes no new call, ``stopped`` also ends ringing ones."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours in the callee's own time when a call may start: ``start`` included, ``end`` excluded."""

    days: frozenset[int]  # 0 = Monday … 6 = Sunday, as datetime.weekday()
    start: dt.time
    end: dt.time


@dataclass(frozen=True, slots=True)
class Pace:
    """The most a campaign may do, over all nodes, and its part where campaigns compete."""

    calls_per_second: float = 1.0
    concurrent: int = 10
    priority: int = 1  # 3: three calls for each of a campaign with 1, when a trunk or node cannot carry both


class Pacing(StrEnum):
    """How many calls are made for the agents who are free: one each, or as many as the figures so far allow."""

    PROGRESSIVE = "progressive"
    PREDICTIVE = "predictive"


@dataclass(frozen=True, slots=True)
class Agents:
    """The people whom a campaign's calls are made for."""

    to: str  # a destination of the settings
    pacing: Pacing = Pacing.PROGRESSIVE
    abandoned_percent: float = 1.0  # of answered calls in 30 days; over it the campaign stops


@dataclass(frozen=True, slots=True)
class Due:
    """When contacts of a campaign are due: by the time in a column of theirs."""

    column: str
    before: tuple[dt.timedelta, ...] = ()  # so long before that time, each once; none: at that time


@dataclass(frozen=True, slots=True)
class Quota:
    """How many contacts of each group are to be completed; then nobody of that group is called."""

    column: str  # of the contacts: what stands there is the group
    completed: int | None = None  # of each group; None: ``groups`` names all that are called
    groups: tuple[tuple[str, int], ...] = ()  # group -> of this one
    dispositions: tuple[str, ...] = ()  # a contact with one of them is completed

    def group_of(self, fields: Mapping[str, str]) -> str:
        """The group of a contact with these columns; empty: it has none."""
        return fields.get(self.column, "").strip(" ")

    def wanted(self, group: str) -> int | None:
        """How many of a group; None: none was named for it, so that it is not called."""
        return dict(self.groups).get(group, self.completed) if group else None


@dataclass(frozen=True, slots=True)
class ContactColumn:
    """What a column of the contacts must say; a row that says something else is not imported."""

    name: str
    digits: tuple[int, int] | None = None  # so many at least and at most, and nothing else
    one_of: tuple[str, ...] = ()  # empty: anything
    optional: bool = False  # a cell may be empty, and a file without the column is fine

    def takes(self, cell: str) -> bool:
        """Whether a cell, without spaces around it, says what it must."""
        if not cell:
            return self.optional
        if self.digits is not None:
            least, most = self.digits
            return cell.isascii() and cell.isdigit() and least <= len(cell) <= most
        return not self.one_of or cell in self.one_of


@dataclass(frozen=True, slots=True)
class Campaign:
    """Purpose + flow + jurisdictions + window + retry policy + caller ID + trunk."""

    name: str
    purpose: Purpose
    flow: str
    trunk: str
    caller_id: str  # E.164 with its plus sign
    jurisdictions: tuple[str, ...]  # ISO 3166 alpha-2; callees of other countries are refused
    pace: Pace = Pace()
    windows: tuple[Window, ...] = ()  # empty: the jurisdiction's window alone
    retry: dict[str, tuple[dt.timedelta, ...]] = field(default_factory=dict)  # outcome -> delays
    ring_time: dt.timedelta = dt.timedelta(seconds=30)
    max_call: dt.timedelta = dt.timedelta(seconds=120)
    region: str | None = None  # how numbers without a country code are read; default: first jurisdiction
    local_caller_ids: tuple[tuple[str, str], ...] = ()  # prefix of a callee's E.164 number -> our number of that place
    agents: Agents | None = None  # calls are made only while some of them are free
    machine_detection: MachineDetection | None = None  # None: nobody looks whether a machine has answered
    by_agents: bool = False  # nobody is called by itself: an agent asks for each call
    zone: str | None = None  # IANA name: of all times in the list that have no offset
    starts: dt.datetime | None = None  # aware; nobody is called before
    ends: dt.datetime | None = None  # aware; nobody is called from then on
    due: Due | None = None  # None: a contact is due as soon as it is imported
    quota: Quota | None = None  # None: all contacts are called
    columns: tuple[ContactColumn, ...] = ()  # of the contacts: what they must say


def is_unchanged(stored: Campaign, written: Campaign) -> bool:
    """Whether a campaign's file says what was stored of it.

    One that a version without zones has stored has none, while its file now has that of its countries. It has neither
    dates nor ``due`` then, and a zone is of times alone: nobody is called otherwise because of it.
    """
    return stored == (replace(written, zone=None) if stored.zone is None else written)
