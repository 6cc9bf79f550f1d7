"""What one try at one contact was and became: claims, outcomes, results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agi_app.model.contact_times import NO_TIMES, Times
from agi_app.model.number_location import NumberLocation


class Outcome(StrEnum):
    """What the network did with a call."""

    HUMAN = "human"
    MACHINE = "machine"
    ANSWERED = "answered"  # no detection was done
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    TRUNK_SILENT = "trunk_silent"
    FAILED = "failed"
    NO_MEDIA = "no_media"  # answered, and nothing at all could be heard
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


# Outcomes that a campaign's `retry` may name: nobody was reached.
RETRIED = ("no_answer", "busy", "congestion", "trunk_silent", "failed", "machine")


class Fault(StrEnum):
    """Behind an outcome: something on our side of the trunk, not the person and not the network beyond."""

    OURS = "ours"  # a password, credit: any person called
    LIKELY_OURS = "likely_ours"  # the number shown, how we ask; or this one number


@dataclass(frozen=True, slots=True)
class KeptRecording:
    """What is kept of a call's sound, encrypted; ``kind`` is ``message``, ``answer`` or ``call`` (both sides of it)."""

    name: str  # what the flow saved it as; ``call`` for the call itself
    kind: str
    sha256: str  # of the file, in hex
    seconds: float


@dataclass(frozen=True, slots=True)
class Unasked:
    """A call-back that the flow wants and nobody chose: bounded, and perhaps on the same day or not at all."""

    times: int  # answered calls of a contact that may end so
    today_only: bool


@dataclass(frozen=True, slots=True)
class CallResult:
    """How an attempt ended. All times are real time (UTC); ``None`` where it did not happen."""

    outcome: Outcome
    disposition: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    cause: int | None = None  # Q.850 hangup cause as Asterisk gave it
    tech_cause: int | None = None  # SIP status code, 0 after a normal BYE
    ringing_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    call_back_at: dt.datetime | None = None  # rules time: when the person asked to be called again
    unasked: Unasked | None = None  # the person did not ask: the flow did
    note: str | None = None  # for people: why it failed or was cut short
    recordings: tuple[KeptRecording, ...] = ()
    by_hand: bool = False  # not kept: our own staff ended it, so it is not due again at once
    fault: Fault | None = None  # not kept; it decides with the outcome whether the contact is to be called again


@dataclass(frozen=True, slots=True)
class Party:
    """The other side of one call, whatever asked for it, and what the call may tell them."""

    attempt_id: str  # of the call: an attempt at a contact, a rehearsal, a call that came in
    number: str  # E.164; empty: the call came in and shows none
    caller_id: str  # the number of ours that they see, or called; E.164
    language: str | None
    fields: Mapping[str, str]  # a contact's columns


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedCall:
    """A call that the gate allowed and the store recorded, no matter who asked for it; certainly not dialled yet."""

    attempt_id: str
    person_id: int
    number: str  # E.164
    place: NumberLocation  # what the gate found of the number
    caller_id: str  # E.164
    trunk: str
    decision_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(AllowedCall):
    """An attempt at a contact that the store reserved for a campaign."""

    contact_id: int
    campaign: str
    language: str | None
    fields: dict[str, str]  # the contact's own columns
    attempt_number: int  # 1 for the first call to this contact
    retries_used: dict[str, int] = field(default_factory=dict)  # outcome -> how often it ended an attempt
    counted: tuple[dt.datetime, ...] = ()  # rules time of the person's calls before it that count against caps
    times: Times = NO_TIMES  # what the office says of its time
    point: int = 0  # which of the contact's points of time this call is for
    tries: int = 0  # calls to this contact before it that rang or were answered
    priority: int = 0
    number_place: int = 1  # of the number among the contact's, from 1
    numbers: int = 1  # how many the contact has

    @property
    def party(self) -> Party:
        """Whom the call talks with."""
        return Party(self.attempt_id, self.number, self.caller_id, self.language, self.fields)
