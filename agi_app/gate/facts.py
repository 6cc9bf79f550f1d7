"""What the gate knows: everything it may judge by, as plain data read from the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import msgspec

from agi_app.model.campaign import CampaignState, Purpose
from agi_app.model.contact_times import NO_TIMES, Times


class ConsentFact(msgspec.Struct, frozen=True):
    """One consent for the number; ``revoked_at`` when the person withdrew it afterwards, or it was a wrong number."""

    consent_id: int
    purpose: Purpose
    given_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    wrong_number: bool = False  # why it was revoked; older decisions do not say


class ProofFact(msgspec.Struct, frozen=True):
    """The longest-lasting proof that a number that may be shown is ours."""

    number: str  # ours, E.164
    kind: str  # letter | call
    expires_at: dt.datetime


class CallFact(msgspec.Struct, frozen=True):
    """A call that rang or was answered, or may have."""

    at: dt.datetime  # rules time
    outcome: str | None


@dataclass(frozen=True, slots=True)
class ListState:
    """The version in force of a do-not-call list that others keep."""

    name: str
    region: str  # ISO 3166 alpha-2 of the numbers that it binds
    as_of: dt.date  # of the list itself


class AbandonedFact(msgspec.Struct, frozen=True):
    """The campaign's answered calls of the last 30 days, and how many of them met nobody and no message."""

    answered: int
    abandoned: int


class QuotaFact(msgspec.Struct, frozen=True):
    """How the contact's group stands by the campaign's quota; not its name, which may say something of the person."""

    wanted: int | None  # None: the quota names no number for this group
    completed: int
    under_way: int  # in a call, which may be completed or not


class KeptFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one contact and its person at one instant; unknown is None or empty, and means refusal.

    The person is the one who has the number: all numbers with the same person id of the operator. A decision keeps it,
    without what is as it is for most (``omit_defaults``), so no default here may ever be changed.
    """

    campaign_state: CampaignState
    consents: tuple[ConsentFact, ...]  # for this number; withdrawn for any of the person's
    suppressed_at: dt.datetime | None  # when any number of the person was put on the suppression list
    counted_calls: tuple[CallFact, ...]  # to all numbers of the person, all campaigns, last 31 days
    caller_id_seen: str | None  # the number this person saw before, E.164
    caller_id_proofs: tuple[ProofFact, ...]  # at most one a number that the campaign may show
    list_hits: tuple[str, ...]  # names of the external lists that have this number
    list_states: tuple[ListState, ...]  # all external lists in force
    abandoned: AbandonedFact | None  # None: a campaign without agents abandons nobody
    columns_missing: tuple[str, ...] = ()  # names of the contact's columns that the flow says and cannot
    times: Times = NO_TIMES  # of the contact; older decisions know none
    number_shared: bool = False  # more persons have one of the contact's numbers than can be one person
    unapproved: bool = False  # it came after the start, beyond the number that was approved
    row_rejected: bool = False  # the contact's row in a newer list could not be read: what is stored may be old
    quota: QuotaFact | None = None  # None: not known; a campaign without one asks for none


class Facts(KeptFacts, frozen=True, kw_only=True):
    """The same with whose it is, which no decision keeps."""

    contact_id: int
    person_id: int  # the head of the person's numbers
    number: str  # E.164
