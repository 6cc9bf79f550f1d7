"""An independent judge of calls, written from the documents alone: which rules would a call break?

Its sources are the calling rules and the gate rules in ``docs`` and the rule files as plain YAML. It knows nothing of
the code of the gate but the plain facts that both are told, and works otherwise on purpose: it reads a clock on the
wall of each zone where the gate reckons with windows, asks every value of every layer where the gate joins them first,
and looks holidays up by itself. A rule about a country is broken only by a number whose country has rules: of the
others ``number_invalid`` or ``jurisdiction_unknown`` says so once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from agi_app.gate.facts import ConsentFact, Facts
from agi_app.model.campaign import Campaign
from tests.gate.book import Book, Layers, is_closed, is_working_day, span
from tests.gate.where import Where, clock_of, where

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPANS = {"24h": "cap_per_day", "7d": "cap_per_week", "30d": "cap_per_month"}
GAPS = {"gap_after_declined": "rejected", "gap_after_abandoned": "abandoned"}
RING_IN_ANY_CASE = (dt.timedelta(seconds=15), dt.timedelta(seconds=45))
MIDNIGHT = dt.time.max.isoformat()  # as the end of a window; its last microsecond is closed, too
PROOFS = ("call", "letter")  # a rehearsal's proof never makes a caller ID
TOO_LONG = dt.timedelta(days=366)  # a proof is good for a year at most; a day more for clocks that differ
Broken = frozenset[str]  # one broken rule: the ids by which a refusal may name it


@dataclass(frozen=True, slots=True)
class Question:
    """May this contact be called now? ``zones_told`` false: as if the number told no zone."""

    facts: Facts
    campaign: Campaign
    sandbox: bool
    now: dt.datetime
    zones_told: bool = True


def broken(book: Book, question: Question) -> set[Broken]:
    """Every rule that a call now would break."""
    facts, campaign, now = question.facts, question.campaign, question.now
    place = where(facts.number)
    ids: set[str] = set()
    if facts.campaign_state.value != "running":
        ids.add("campaign_not_running")
    if campaign.purpose.value == "rehearsal":
        ids.add("purpose_rehearsal")
    if facts.suppressed_at is not None:
        ids.add("suppressed")
    if facts.number_shared:
        ids.add("number_shared")
    if facts.unapproved:
        ids.add("contact_not_approved")
    if facts.row_rejected:
        ids.add("contact_row_rejected")
    if facts.columns_missing:
        ids.add("column_missing")
    ids |= _dates(facts, campaign, now)
    ids |= _quota(question)
    ids |= _caller_id(facts, campaign, now)
    ids |= {"number_invalid"} if place is None else _there(book, question, place)
    layers = book.layers(place.region, place.begins) if place and book.knows(place.region) else {}
    if any(_binds(layers, name, campaign.purpose.value) for name in facts.list_hits):
        ids.add("external_list")
    consent = _consent(facts.consents, campaign.purpose.value, now)
    return {frozenset({rule}) for rule in ids} | ({consent} if consent else set())


def _quota(question: Question) -> set[str]:
    """A group that has its number, or may soon have it, or that nobody gave one."""
    fact = question.facts.quota
    if question.campaign.quota is None:
        return set()
    if fact is None or fact.wanted is None:
        return {"quota_group"}
    lacking = fact.wanted - fact.completed
    if lacking <= 0:
        return {"quota_reached"}
    return {"quota_under_way"} if fact.under_way >= lacking else set()


def _there(book: Book, question: Question, place: Where) -> set[str]:
    """The rules that hang on where the number is."""
    ids = set()
    if place.reserved != question.sandbox:
        ids.add("number_reserved" if place.reserved else "number_not_reserved")
    if place.region not in question.campaign.jurisdictions:
        ids.add("jurisdiction_not_listed")
    layers = book.layers(place.region, place.begins) if book.knows(place.region) else None
    zones = place.zones if question.zones_told else ()
    if not zones and layers is not None:
        zones = tuple(zone for value in layers.get("time_zones", ()) for zone in value["zones"])
    if not zones:
        ids.add("zone_unknown")
    here = [question.now.astimezone(clock_of(zone)) for zone in zones]
    windows = [(w.days, _clock(w.start), _clock(w.end)) for w in question.campaign.windows]
    if windows and not all(_inside(t, t.weekday(), windows) for t in here):
        ids.add("window_campaign")
    own = [(w.days, _clock(w.start), _clock(w.end)) for w in question.facts.times.preferred]
    if own and not all(_inside(t, t.weekday(), own) for t in here):
        ids.add("window_person")
    if layers is None:
        return ids | {"jurisdiction_unknown"}
    return ids | _country(layers, question, place.region, here)


def _country(layers: Layers, question: Question, region: str, here: list[dt.datetime]) -> set[str]:
    facts, campaign, now = question.facts, question.campaign, question.now
    ids = _caps(layers, facts, now) | _gaps(layers, facts, now) | _lists(layers, question, region)
    if any(is_closed(value, region, t.date()) for value in layers["closed_days"] for t in here):
        ids.add("closed_day")
    for value in layers["calling_hours"]:
        windows = [(frozenset(map(DAYS.index, w["days"])), w["from"], w["to"]) for w in value["windows"]]
        for t in here:
            shifted = any(is_working_day(closed, region, t.date()) for closed in layers["closed_days"])
            if not _inside(t, 0 if shifted else t.weekday(), windows):
                ids.add("window_jurisdiction")
    least = [span(v["at_least"]) for v in layers["ring_time"] if "at_least" in v]
    most = [span(v["at_most"]) for v in layers["ring_time"] if "at_most" in v]
    if not max(*least, RING_IN_ANY_CASE[0]) <= campaign.ring_time <= min(*most, RING_IN_ANY_CASE[1]):
        ids.add("ring_time")
    answered, alone = (facts.abandoned.answered, facts.abandoned.abandoned) if facts.abandoned else (0, 0)
    own = [campaign.agents.abandoned_percent] if campaign.agents else []
    for most in [*own, *(value["at_most_percent"] for value in layers["abandoned_calls"])]:
        if 100 * alone > Fraction(most) * answered:
            ids.add("abandoned_ceiling")
    return ids


def _dates(facts: Facts, campaign: Campaign, now: dt.datetime) -> set[str]:
    """What docs/how-to/remind-before-appointments.md says: not before a beginning, and not from an end on.

    The contact's own end is ``not_after``; without one it is the appointment, if ``due`` counts back from one.
    """
    times, due = facts.times, campaign.due
    appointment = times.event if due is not None and len(due.before) > 0 else None
    begins = {"campaign_not_begun": campaign.starts, "contact_too_early": times.not_before}
    ends = {"campaign_over": campaign.ends, "contact_too_late": times.not_after or appointment}
    ids = {rule for rule, at in begins.items() if at is not None and (at - now).total_seconds() > 0}
    ids |= {rule for rule, at in ends.items() if at is not None and (at - now).total_seconds() <= 0}
    return ids | ({"contact_without_time"} if due is not None and times.event is None else set())


def _caps(layers: Layers, facts: Facts, now: dt.datetime) -> set[str]:
    """Too many calls in any span that ends with this call. One that our clock has yet to reach counts as made now."""
    made = [min(call.at, now) for call in facts.counted_calls]
    ids = set()
    for cap in layers["caps"]:
        length = span(cap["per"])
        begins = [start for start in [*made, now] if now - start < length]
        if any(1 + sum(start <= at for at in made) > cap["calls"] for start in begins):
            ids.add(SPANS[cap["per"]])
    return ids


def _gaps(layers: Layers, facts: Facts, now: dt.datetime) -> set[str]:
    return {
        rule
        for rule, outcome in GAPS.items()
        for value in layers[rule]
        for call in facts.counted_calls
        if call.outcome == outcome and now - call.at < span(value["time"])
    }


def _binds(layers: Layers, name: str, purpose: str) -> bool:
    """Whether a do-not-call list binds a call there; one that no rule of the country describes binds every purpose."""
    purposes = [rule["purposes"] for rule in layers.get("external_lists", ()) if rule["name"] == name]
    return not purposes or any(purpose in bound for bound in purposes)


def _lists(layers: Layers, question: Question, region: str) -> set[str]:
    """A list is as old as the beginning, in UTC, of its own day; one of the day after tomorrow is no list of today."""
    for rule in layers.get("external_lists", ()):
        if question.campaign.purpose.value in rule["purposes"]:
            born = [
                dt.datetime(s.as_of.year, s.as_of.month, s.as_of.day, tzinfo=dt.UTC)
                for s in question.facts.list_states
                if (s.name, s.region) == (rule["name"], region)
            ]
            if not any(-dt.timedelta(days=1) <= question.now - at <= span(rule["max_age"]) for at in born):
                return {"external_list_stale"}
    return set()


def _consent(consents: tuple[ConsentFact, ...], purpose: str, now: dt.datetime) -> Broken | None:
    """How a refusal may name what is wrong with the consents; None: one holds.

    Who withdraws withdraws the purpose: no consent for it that was given until then holds.
    """
    same = [c for c in consents if c.purpose.value == purpose]
    if not same:
        return frozenset({"consent_purpose" if consents else "consent_missing"})
    withdrawals = [c.revoked_at for c in same if c.revoked_at is not None]
    names = set()
    for consent in same:
        faults = {
            "consent_missing": now < consent.given_at,
            "consent_expired": consent.expires_at is not None and consent.expires_at <= max(now, consent.given_at),
            "consent_revoked": consent.revoked_at is not None or any(consent.given_at <= at for at in withdrawals),
        }
        if not any(faults.values()):
            return None
        names |= {name for name, wrong in faults.items() if wrong}
    return frozenset(names)


def _caller_id(facts: Facts, campaign: Campaign, now: dt.datetime) -> set[str]:
    own = {campaign.caller_id, *(number for _, number in campaign.local_caller_ids)}
    seen = facts.caller_id_seen
    begins = [facts.number[:n] for n in range(len(facts.number), 0, -1)]
    local = dict(campaign.local_caller_ids)
    shown = seen if seen in own else next((local[b] for b in begins if b in local), campaign.caller_id)
    ids = {"caller_id_changed"} if seen is not None and seen not in own else set()
    given = [proof for proof in facts.caller_id_proofs if proof.number == shown and proof.kind in PROOFS]
    proofs = [proof for proof in given if proof.expires_at <= now + TOO_LONG]
    if not proofs:
        ids.add("caller_id_unproved")
    elif all(proof.expires_at <= now for proof in proofs):
        ids.add("caller_id_proof_expired")
    return ids


def _inside(local: dt.datetime, weekday: int, windows: list[tuple[frozenset[int], str, str]]) -> bool:
    """What a clock on the wall there shows, against windows; texts such as 09:00 sort like the hours they name."""
    shown = local.time().isoformat("microseconds")
    return any(weekday in d and start <= shown < (MIDNIGHT if end == "24:00" else end) for d, start, end in windows)


def _clock(time: dt.time) -> str:
    return MIDNIGHT if time == dt.time.max else time.isoformat()
