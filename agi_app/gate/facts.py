"""What the gate is told: everything it may judge by, as plain data read in one database statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.model.campaign import CampaignState, Purpose


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """One consent of the person; ``revoked_at`` when it was withdrawn afterwards."""

    consent_id: int
    purpose: Purpose
    given_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ProofFact:
    """The newest proof that the campaign's caller ID is ours."""

    kind: str  # letter | call
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One contact and its person at one instant; unknown is None or empty, and means refusal."""

    contact_id: int
    person_id: int
    number: str  # E.164
    campaign_state: CampaignState
    consents: tuple[ConsentFact, ...]
    suppressed_at: dt.datetime | None  # when the number was put on the suppression list
    counted_calls: tuple[dt.datetime, ...]  # rules time of this person's counted calls, all campaigns, last 31 days
    caller_id_seen: str | None  # the number this person saw before, E.164
    caller_id_proof: ProofFact | None
