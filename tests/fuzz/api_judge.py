"""Whether each INVITE that the carrier saw was to somebody who had consented and had not said stop.

Judged by the rows of consents, refusals and stops alone, and by what the API itself answered about stops; nothing that
the gate decided is asked for. That each INVITE has a mark is the watchdog's (`sandbox.watchdog`).
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sandbox.sip import CarrierCall
from sandbox.witness import STOP_WITHIN_S

_PERSONS = "SELECT person_id, number_hash FROM person"
_CONSENTS = (
    "SELECT person_id, purpose, given_at, expires_at, extract(epoch FROM recorded_at)::float8 AS at FROM consent"
)
_REFUSALS = "SELECT person_id, purpose, at AS said_at, extract(epoch FROM recorded_at)::float8 AS at FROM revocation"
_CALLS = """
SELECT coalesce(number_id, person_id) AS person_id, campaign, extract(epoch FROM marked_at)::float8 AS at
FROM attempt WHERE marked_at IS NOT NULL
UNION ALL
SELECT o.person_id, %(own)s::text, extract(epoch FROM d.recorded_at)::float8
FROM (SELECT person_id, decision_id FROM verification_call WHERE result IS DISTINCT FROM 'refused'
      UNION ALL SELECT person_id, decision_id FROM rehearsal_call WHERE result IS DISTINCT FROM 'refused') AS o
JOIN decision d USING (decision_id)
ORDER BY at
"""
_STOPS = "SELECT number_hash, extract(epoch FROM recorded_at)::float8 AS at FROM suppression"
OWN = "(a telephone that somebody proves, or rehearses on)"  # such a call stands on no consent, but heeds a stop
Rows = dict[bytes, list[dict[str, Any]]]


@dataclass
class Papers:
    """What the database says of each number, by its keyed hash."""

    key: bytes
    consents: Rows = field(default_factory=lambda: defaultdict(list))
    refusals: Rows = field(default_factory=lambda: defaultdict(list))
    calls: Rows = field(default_factory=lambda: defaultdict(list))  # which campaign marked one
    stops: dict[bytes, float] = field(default_factory=dict)

    def hash_of(self, number: str) -> bytes:
        """As the database has it."""
        return hmac.digest(self.key, number.encode(), "sha256")

    def campaign_of(self, number: str, invite_at: float) -> str | None:
        """The campaign that marked the newest call to a number by then."""
        marked = [call for call in self.calls[self.hash_of(number)] if call["at"] <= invite_at]
        return marked[-1]["campaign"] if marked else None


def read(database_url: str, key: bytes) -> Papers:
    """All of it. Ask after the last INVITE was captured."""
    papers = Papers(key)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        hashes = {row["person_id"]: bytes(row["number_hash"]) for row in connection.execute(_PERSONS)}
        for query, rows in ((_CONSENTS, papers.consents), (_REFUSALS, papers.refusals), (_CALLS, papers.calls)):
            for row in connection.execute(query, {"own": OWN}):
                rows[hashes[row["person_id"]]].append(row)
        for row in connection.execute(_STOPS):
            papers.stops[bytes(row["number_hash"])] = row["at"]
    return papers


@dataclass(frozen=True, slots=True)
class Judged:
    """INVITEs that should not have been, each in words."""

    without_consent: tuple[str, ...]
    after_stop: tuple[str, ...]
    own: int = 0  # calls to telephones that somebody said were theirs


def judge(
    calls: Iterable[CarrierCall],
    papers: Papers,
    purposes: Mapping[str, str],
    answered: Mapping[str, float],
    ahead: dt.timedelta,
) -> Judged:
    """``purposes``: of each campaign; ``answered``: since when the API says that a number is stopped.

    ``ahead``: how far the rules' time is ahead of the clock.
    """
    without, late, own = [], [], 0
    for call in calls:
        number, digest = call.to_user, papers.hash_of(call.to_user)
        campaign, latest = papers.campaign_of(number, call.invite_at), call.invite_at - STOP_WITHIN_S
        purpose = None if campaign is None else purposes.get(campaign)
        told = f"INVITE to {number} ({purpose or 'nobody of ours'}) at {call.invite_at:.3f}"
        now = dt.datetime.fromtimestamp(call.invite_at, dt.UTC) + ahead
        refusals, own = papers.refusals[digest], own + (campaign == OWN)
        agreed = any(_holds(one, refusals, purpose, call.invite_at, now) for one in papers.consents[digest])
        if campaign != OWN and not agreed:
            without.append(told)
        stops = [at for at in (papers.stops.get(digest), answered.get(number)) if at is not None and at < latest]
        if stops:
            late.append(f"{told}, {call.invite_at - min(stops):.3f} s after the stop")
    return Judged(tuple(without), tuple(late), own)


def _holds(
    consent: Mapping[str, Any],
    refusals: Iterable[Mapping[str, Any]],
    purpose: str | None,
    invite_at: float,
    now: dt.datetime,
) -> bool:
    """Whether a consent was there for that purpose, and was not taken back."""
    if consent["purpose"] != purpose or consent["at"] > invite_at or consent["given_at"] > now:
        return False
    if consent["expires_at"] is not None and consent["expires_at"] <= now:
        return False
    return not any(
        refusal["purpose"] in (None, purpose)
        and refusal["said_at"] >= consent["given_at"]
        and refusal["at"] < invite_at - STOP_WITHIN_S
        for refusal in refusals
    )
