"""A call with all that it is judged by, without a number in it: what a stored decision keeps to be made again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from agi_app.guard.call import CallerKind, Endpoint, IncomingCall, Stir
from agi_app.guard.facts import CallerFacts, Recent, ScriptHit, Vote
from agi_app.guard.lists import ListHit, hits
from agi_app.guard.subscriber_settings import Hours, Level, SubscriberSettings
from agi_app.model.reason_catalogue import GUARD
from agi_app.model.reason_text import told


class Action(StrEnum):
    """What happens to the call, the mildest first."""

    ALLOW = "allow"
    MARK = "mark"  # rings, with a warning before the name
    CHALLENGE = "challenge"  # a person presses a random digit to be connected
    VOICEMAIL = "voicemail"
    REJECT = "reject"


class Family(StrEnum):
    """Where a signal comes from; two of one family say the same thing twice."""

    NOVELTY = "novelty"  # nothing bad is known, only nothing good
    DIALLING = "dialling"  # how it goes through our numbers
    SWEEP = "sweep"  # how strangers together go through our numbers
    DECOY = "decoy"  # it calls numbers that nobody has
    RINGING = "ringing"  # how it lets us ring
    ANSWERING = "answering"  # what it does when it meets a challenge
    NUMBER = "number"  # the number itself, and its signature
    BLOCK = "block"  # its neighbours
    REPORTS = "reports"  # what people said of it
    SPEECH = "speech"  # what it said
    TRUST = "trust"  # speaks for it
    RULE = "rule"  # no signal: a rule that decided, or that held an action back


class GuardReason(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was found, and the values of its sentence. ``weight`` in points; rules have none."""

    rule: str
    family: Family
    weight: int
    values: dict[str, Any] = {}
    case: str = ""  # which of the rule's sentences, when it has several

    def told(self, language: str) -> str:
        """The sentence, in Chinese for ``zh…``, else in English."""
        return told(GUARD, self.rule, self.case, self.values, language)


def because(hit: ListHit, rule: str, family: Family, weight: int, values: dict[str, Any]) -> GuardReason:
    """A reason that is an entry of a list, with the entry's own reason if it has one."""
    if not hit.reason:
        return GuardReason(rule, family, weight, values)
    return GuardReason(rule, family, weight, values | {"why": hit.reason}, "why")


@dataclass(frozen=True, slots=True)
class GuardCase:
    """The inputs of one decision."""

    now: dt.datetime
    caller_kind: CallerKind
    endpoint: Endpoint
    stir: Stir | None
    hits: tuple[ListHit, ...]
    dialled_at: dt.datetime | None
    first_seen: dt.datetime | None
    last_seen: dt.datetime | None
    talked: bool
    recent: Recent
    block_10: float
    block_100: float
    votes: tuple[Vote, ...]
    script: ScriptHit | None
    passed_at: dt.datetime | None
    enabled: bool
    level: Level
    hours: tuple[Hours, ...]
    zone: str
    voicemail: bool


def case_of(call: IncomingCall, facts: CallerFacts, settings: SubscriberSettings, now: dt.datetime) -> GuardCase:
    """Bring everything together; the numbers are looked at here and not kept."""
    return GuardCase(
        now=now.astimezone(dt.UTC),
        caller_kind=call.caller_kind,
        endpoint=call.endpoint,
        stir=call.stir,
        hits=hits((*settings.lists, *facts.lists), call.caller, now),
        dialled_at=facts.dialled_at,
        first_seen=facts.first_seen,
        last_seen=facts.last_seen,
        talked=facts.talked,
        recent=facts.recent,
        block_10=facts.block_10,
        block_100=facts.block_100,
        votes=facts.votes,
        script=facts.script,
        passed_at=facts.passed_at,
        enabled=settings.enabled,
        level=settings.level,
        hours=settings.hours,
        zone=settings.zone,
        voicemail=settings.voicemail,
    )
