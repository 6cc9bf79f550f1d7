"""The gate's rule about consent. Anything unknown is a refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from agi_app.gate.case import GateCase, Reason
from agi_app.gate.facts import ConsentFact
from agi_app.model.campaign import Purpose


def consent_fits(case: GateCase) -> Reason | None:
    """A consent for exactly this purpose exists, has begun, is not expired and not withdrawn."""
    if not case.facts.consents:
        return Reason("consent_missing")
    if not (fitting := [c for c in case.facts.consents if c.purpose is case.campaign.purpose]):
        held = sorted({c.purpose.value for c in case.facts.consents})
        return Reason("consent_purpose", {"held": held, "asked": case.campaign.purpose.value})
    if not (standing := _standing(fitting)):
        withdrawn = max(c.revoked_at for c in fitting if c.revoked_at is not None)
        if all(c.wrong_number for c in fitting if c.revoked_at == withdrawn):
            return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"}, case="wrong_number")
        return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"})
    if not (unexpired := _unexpired(standing, case.now)):
        return Reason("consent_expired", {"at": f"{max(c.expires_at for c in standing if c.expires_at):%Y-%m-%d}"})
    begins = min(c.given_at for c in unexpired)
    if begins > case.now:
        return Reason("consent_missing", {"at": f"{begins:%Y-%m-%d %H:%M}"}, begins, case="not_begun")
    return None


def consent_of(consents: Sequence[ConsentFact], purpose: Purpose, now: dt.datetime) -> ConsentFact | None:
    """The consent that a call at ``now`` stands on: the newest that holds; None when ``consent_fits`` would refuse."""
    held = _unexpired(_standing([c for c in consents if c.purpose is purpose]), now)
    begun = [c for c in held if c.given_at <= now]
    return max(begun, key=lambda c: (c.given_at, c.consent_id), default=None)


def _standing(fitting: Sequence[ConsentFact]) -> list[ConsentFact]:
    """A withdrawal ends every consent for this purpose that was given before it, whichever it names."""
    withdrawn = max((c.revoked_at for c in fitting if c.revoked_at is not None), default=None)
    return [c for c in fitting if c.revoked_at is None and (withdrawn is None or c.given_at > withdrawn)]


def _unexpired(standing: Sequence[ConsentFact], now: dt.datetime) -> list[ConsentFact]:
    """One that ends before it begins never holds."""
    return [c for c in standing if c.expires_at is None or c.expires_at > max(now, c.given_at)]
