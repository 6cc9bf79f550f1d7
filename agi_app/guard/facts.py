"""What the guard is told about a caller: plain data that an adapter looks up; unknown is None, zero or empty."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from agi_app.guard.lists import ListEntry


@dataclass(frozen=True, slots=True)
class Recent:
    """How the number has called ours of late, the call that is judged counted in. ``CallHistory.recent`` makes it."""

    calls_1m: int = 1
    calls_1h: int = 1
    calls_1d: int = 1
    lines_1m: int = 1  # different numbers of ours
    lines_1h: int = 1
    lines_1d: int = 1
    run: int = 1  # numbers of ours in a row, one after another up or down, ending with this call
    sweep: int = 1  # the same by all strangers together, whatever number each showed
    at_once: int = 1  # its calls that are in progress now
    decoys_1d: int = 0  # calls to numbers that nobody has
    decoy_lines_1d: int = 0  # different ones of them
    aborted_1d: int = 0  # rang less than 5 s, then hung up by the caller
    answered_1d: int = 0
    quick_retries_1d: int = 0  # again to the same line within a minute of an unanswered call
    calls_to_line_1d: int = 1
    challenges_failed_1d: int = 0


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's word about a number; a later word of the same voter replaces it."""

    voter: str  # opaque: a subscriber, or another PBX
    at: dt.datetime
    nuisance: bool  # False: "it was no nuisance"


@dataclass(frozen=True, slots=True)
class ScriptHit:
    """The number has spoken, in an earlier call, the words of a known script."""

    script: str  # its name or id
    at: dt.datetime
    words: int  # how many were compared
    share: float  # of their weight that agrees


@dataclass(frozen=True, slots=True)
class CallerFacts:
    """Everything known of one caller at one moment."""

    dialled_at: dt.datetime | None = None  # when somebody here last called this number; never: None
    first_seen: dt.datetime | None = None  # its first call before this one; None: first contact
    last_seen: dt.datetime | None = None  # its last call before this one
    talked: bool = False  # an earlier call lasted longer than 30 s
    recent: Recent = field(default_factory=Recent)
    block_10: float = 0.0  # nuisance numbers that share all digits but the last, decayed; ``blocks.weigh``
    block_100: float = 0.0  # … all but the last two
    votes: tuple[Vote, ...] = ()
    lists: tuple[ListEntry, ...] = ()  # of the site and shared ones; the subscriber's own are in the settings
    script: ScriptHit | None = None
    passed_at: dt.datetime | None = None  # when its caller last passed a challenge or appealed
