"""One function a rule: facts in, a reason to refuse or None out. Anything unknown is a refusal.

``try_again_at`` is the earliest rules time at which this reason could be gone; None means that
only a person can mend it (a new consent, a proof, another number).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.gate.facts import Facts
from agi_app.gate.ruleset import RuleSet
from agi_app.model.campaign import Campaign, CampaignState, Purpose, Window
from agi_app.model.phone import PhoneNumber

DAY = dt.timedelta(hours=24)
PROOF_KINDS = frozenset({"letter", "call"})  # a rehearsal's proof never makes a caller ID
SEARCH_DAYS = 14  # how far ahead the next opening of a window is looked for


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a call is refused: the rule's id, the text for people, and when to look again."""

    rule: str
    text: str
    try_again_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that one decision is about."""

    facts: Facts
    number: PhoneNumber | None  # None: the number is not valid
    campaign: Campaign
    trunk_is_sandbox: bool
    ruleset: RuleSet
    now: dt.datetime


Rule = Callable[[Case], Reason | None]


def campaign_running(case: Case) -> Reason | None:
    """The campaign's row says running."""
    state = case.facts.campaign_state
    return None if state is CampaignState.RUNNING else Reason("campaign_not_running", f"the campaign is {state}")


def purpose_allowed(case: Case) -> Reason | None:
    """Rehearsal is for one's own proved numbers and never a campaign's purpose."""
    if case.campaign.purpose is Purpose.REHEARSAL:
        return Reason("purpose_rehearsal", "a campaign cannot have the purpose rehearsal")
    return None


def number_valid(case: Case) -> Reason | None:
    """The number is one that a person of a known country can answer."""
    return None if case.number else Reason("number_invalid", "the number is not valid")


def number_fits_trunk(case: Case) -> Reason | None:
    """Test-range numbers go to sandbox trunks only, and sandbox trunks dial nothing else."""
    if case.number is None or case.number.reserved == case.trunk_is_sandbox:
        return None
    if case.number.reserved:
        return Reason("number_reserved", "a number of a test range is not called through a real trunk")
    return Reason("number_not_reserved", "a sandbox trunk calls numbers of the test ranges only")


def jurisdiction_listed(case: Case) -> Reason | None:
    """The campaign lists the callee's country."""
    if case.number is None or case.number.region in case.campaign.jurisdictions:
        return None
    listed = ", ".join(case.campaign.jurisdictions)
    return Reason("jurisdiction_not_listed", f"the number is of {case.number.region}, the campaign calls {listed}")


def jurisdiction_known(case: Case) -> Reason | None:
    """We have calling rules for the callee's country."""
    if case.number is None or case.number.region in case.ruleset.jurisdictions:
        return None
    return Reason("jurisdiction_unknown", f"there are no calling rules for {case.number.region}")


def consent_fits(case: Case) -> Reason | None:
    """A consent for exactly this purpose exists, has begun, is not expired and not withdrawn."""
    if not case.facts.consents:
        return Reason("consent_missing", "there is no recorded consent")
    fitting = [c for c in case.facts.consents if c.purpose is case.campaign.purpose]
    if not fitting:
        held = ", ".join(sorted({c.purpose.value for c in case.facts.consents}))
        return Reason("consent_purpose", f"the consent is for {held}, the call is {case.campaign.purpose.value}")
    # A withdrawal ends every consent for this purpose that was given before it, whichever it names.
    withdrawn = max((c.revoked_at for c in fitting if c.revoked_at is not None), default=None)
    standing = [c for c in fitting if c.revoked_at is None and (withdrawn is None or c.given_at > withdrawn)]
    if not standing:
        return Reason("consent_revoked", f"the consent was withdrawn on {withdrawn:%Y-%m-%d}")
    unexpired = [c for c in standing if c.expires_at is None or c.expires_at > case.now]
    if not unexpired:
        last_expiry = max(c.expires_at for c in standing if c.expires_at)
        return Reason("consent_expired", f"the consent expired on {last_expiry:%Y-%m-%d}")
    begins = min(c.given_at for c in unexpired)
    if begins > case.now:
        return Reason("consent_missing", f"the consent holds from {begins:%Y-%m-%d %H:%M} UTC on", begins)
    return None


def not_suppressed(case: Case) -> Reason | None:
    """The number is not on the suppression list."""
    at = case.facts.suppressed_at
    return None if at is None else Reason("suppressed", f"the person said stop on {at:%Y-%m-%d}")


def caller_id_proved(case: Case) -> Reason | None:
    """The number we show is proved to be ours, and the proof has not expired."""
    proof = case.facts.caller_id_proof
    if proof is None or proof.kind not in PROOF_KINDS:
        return Reason("caller_id_unproved", f"{case.campaign.caller_id} has no ownership proof")
    if proof.expires_at <= case.now:
        return Reason("caller_id_proof_expired", f"the proof of {case.campaign.caller_id} has expired")
    return None


def caller_id_same(case: Case) -> Reason | None:
    """A person always sees the same number."""
    seen = case.facts.caller_id_seen
    if seen is None or seen == case.campaign.caller_id:
        return None
    return Reason("caller_id_changed", "this person has seen another number of ours before")


def zone_known(case: Case) -> Reason | None:
    """We know what time it is where the person is."""
    if case.number is None or case.number.zones:
        return None
    return Reason("zone_unknown", "the callee's time zone is not known")


def cap_per_day(case: Case) -> Reason | None:
    """At most the jurisdiction's number of calls to one person in any 24 hours, over all campaigns."""
    if case.number is None or case.number.region not in case.ruleset.jurisdictions:
        return None  # refused by jurisdiction_known already
    cap = case.ruleset.jurisdictions[case.number.region].cap_per_day
    recent = sorted(t for t in case.facts.counted_calls if t > case.now - DAY)
    if len(recent) < cap:
        return None
    return Reason(
        "cap_per_day", f"{len(recent)} of {cap} calls in 24 hours were already made", recent[len(recent) - cap] + DAY
    )


def window_jurisdiction(case: Case) -> Reason | None:
    """It is a calling hour of the callee's country, in every time zone the number may be in."""
    if case.number is None or case.number.region not in case.ruleset.jurisdictions:
        return None
    windows = case.ruleset.jurisdictions[case.number.region].windows
    return _window(
        case, case.number, windows, "window_jurisdiction", "the callee's country allows calls at other hours"
    )


def window_campaign(case: Case) -> Reason | None:
    """It is an hour of the campaign's own window, in every time zone the number may be in."""
    if case.number is None or not case.campaign.windows:
        return None
    return _window(case, case.number, case.campaign.windows, "window_campaign", "outside the campaign's window")


def _window(case: Case, number: PhoneNumber, windows: tuple[Window, ...], rule: str, text: str) -> Reason | None:
    zones = [ZoneInfo(z) for z in number.zones]
    closed = next((z for z in zones if not is_open(case.now, windows, [z])), None)
    if closed is None:
        return None  # without any zone, zone_known refuses
    local = case.now.astimezone(closed)
    return Reason(rule, f"{text} (there it is {local:%a %H:%M})", next_opening(case.now, windows, zones))


def is_open(now: dt.datetime, windows: tuple[Window, ...], zones: list[ZoneInfo]) -> bool:
    """Whether ``now`` lies inside one of the windows in every zone; never when there is no zone."""
    return bool(zones) and all(any(_inside(now.astimezone(zone), w) for w in windows) for zone in zones)


def next_opening(now: dt.datetime, windows: tuple[Window, ...], zones: list[ZoneInfo]) -> dt.datetime | None:
    """The earliest later instant that is inside a window in every zone; None if there is none in two weeks.

    Where clocks go forward over a window's start, it is the start moved by as much (at most an hour late).
    """
    starts = set()
    for zone in zones:
        today = now.astimezone(zone).date()
        for ahead in range(SEARCH_DAYS + 1):
            day = today + dt.timedelta(days=ahead)
            for window in windows:
                for fold in (0, 1):  # where clocks go back, a start comes twice
                    start = dt.datetime.combine(day, window.start, zone).replace(fold=fold)
                    starts.add(start.astimezone(dt.UTC))
    return next((s for s in sorted(starts) if s > now and is_open(s, windows, zones)), None)


def _inside(local: dt.datetime, window: Window) -> bool:
    return local.weekday() in window.days and window.start <= local.time() < window.end


ALL_RULES: tuple[Rule, ...] = (
    campaign_running,
    purpose_allowed,
    number_valid,
    number_fits_trunk,
    jurisdiction_listed,
    jurisdiction_known,
    consent_fits,
    not_suppressed,
    caller_id_proved,
    caller_id_same,
    zone_known,
    cap_per_day,
    window_jurisdiction,
    window_campaign,
)
