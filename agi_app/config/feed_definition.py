"""What a feed is: contacts or consents from a system of the office, and what exactly is approved of one. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256

from agi_app.messages import template


class FeedKind(StrEnum):
    """What a feed brings."""

    CONTACTS = "contacts"
    CONSENTS = "consents"


class FeedMode(StrEnum):
    """What a run brings: all who are to be called, or what has changed lately."""

    WHOLE = "whole"
    CHANGES = "changes"


class FeedState(StrEnum):
    """Where a feed stands; ``new``: nobody has approved any definition of it yet."""

    NEW = "new"
    STARTED = "started"
    PAUSED = "paused"
    ENDED = "ended"


class RunFault(StrEnum):
    """Why what was read is not taken, in one word for programs."""

    CHANGED = "changed"  # by another definition than the approved one
    EMPTY = "empty"
    SHRUNK = "shrunk"
    GENERATED = "generated"
    UNREADABLE = "unreadable"
    TOO_MUCH = "too_much"
    REFUSED = "refused"
    SETTINGS = "settings"
    DATABASE = "database"  # ours did not take it
    FAULT = "fault"  # of agi-app
    DROPPED = "dropped"  # the feed was paused or changed meanwhile
    EXPIRED = "expired"  # no worker took it
    OLDER = "older"  # a later one was imported before


class RunState(StrEnum):
    """Where one run of a feed stands."""

    WANTED = "wanted"  # somebody asked for it; nothing is read yet
    WAITING = "waiting"  # read, for a worker
    DONE = "done"
    REFUSED = "refused"  # what was read is not taken
    FAILED = "failed"  # nothing could be read


FEED_IS = {  # for people
    FeedState.NEW: template("is not started"),
    FeedState.STARTED: template("is started"),
    FeedState.PAUSED: template("is paused"),
    FeedState.ENDED: template("has ended"),
}
RUN_IS = {
    RunState.WANTED: template("is asked for"),
    RunState.WAITING: template("was read"),
    RunState.DONE: template("is done"),
    RunState.REFUSED: template("was refused"),
    RunState.FAILED: template("has failed"),
}


@dataclass(frozen=True, slots=True)
class FeedDefinition:
    """All that a second person approves: where it reads, what, how it is taken, and how much of it."""

    name: str
    kind: FeedKind
    campaign: str  # empty: of consents
    mode: FeedMode
    source: str  # the folder, or the database's address without its password
    query: str = ""
    ids_query: str = ""  # of changes: the ids of all coming appointments
    columns: Mapping[str, str] = field(default_factory=dict)  # ours -> theirs; empty: the same names, all of them
    most_a_day: int = 0  # new contacts
    max_age_s: int = 3600
    overlap_s: int = 600
    purpose: str = ""  # of consents
    wording: str = ""  # of consents: NAME/VERSION

    @property
    def max_age(self) -> dt.timedelta:
        """How old the last good run may be while people are called."""
        return dt.timedelta(seconds=self.max_age_s)

    @property
    def overlap(self) -> dt.timedelta:
        """How much of what was read before is read again."""
        return dt.timedelta(seconds=self.overlap_s)

    def as_json(self) -> str:
        """The same text for the same definition."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of all of it: what an approval is good for."""
        return sha256(self.as_json().encode()).digest()
