"""The gate's rule about consent. Anything unknown is a refusal."""

from __future__ import annotations

from agi_app.gate.case import GateCase, Reason


def consent_fits(case: GateCase) -> Reason | None:
    """A consent for exactly this purpose exists, has begun, is not expired and not withdrawn."""
    if not case.facts.consents:
        return Reason("consent_missing")
    if not (fitting := [c for c in case.facts.consents if c.purpose is case.campaign.purpose]):
        held = sorted({c.purpose.value for c in case.facts.consents})
        return Reason("consent_purpose", {"held": held, "asked": case.campaign.purpose.value})
    # A withdrawal ends every consent for this purpose that was given before it, whichever it names.
    withdrawn = max((c.revoked_at for c in fitting if c.revoked_at is not None), default=None)
    if not (standing := [c for c in fitting if c.revoked_at is None and (withdrawn is None or c.given_at > withdrawn)]):
        if all(c.wrong_number for c in fitting if c.revoked_at == withdrawn):
            return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"}, case="wrong_number")
        return Reason("consent_revoked", {"at": f"{withdrawn:%Y-%m-%d}"})
    # One that ends before it begins never holds.
    if not (unexpired := [c for c in standing if c.expires_at is None or c.expires_at > max(case.now, c.given_at)]):
        return Reason("consent_expired", {"at": f"{max(c.expires_at for c in standing if c.expires_at):%Y-%m-%d}"})
    begins = min(c.given_at for c in unexpired)
    if begins > case.now:
        return Reason("consent_missing", {"at": f"{begins:%Y-%m-%d %H:%M}"}, begins, case="not_begun")
    return None
