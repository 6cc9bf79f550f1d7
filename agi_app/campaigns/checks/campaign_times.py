"""What caps, days and hours will always prevent of a campaign's points of time, further tries and dates. Pure.

A point of ``due`` or a try is named where caps prevent it for every appointment whose points no closed hours move, and
it is said whether closed hours make an exception; holidays may prevent more. Of points it is shown for a person who was
called at each one before, since that is what the campaign is for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.authoring.schema import parse_duration
from agi_app.authoring.yaml_lines import Path
from agi_app.campaigns.calling_rules.narrowing import minutes_of, open_minutes
from agi_app.campaigns.calling_rules.rule_texts import SPAN_WORDS, hours_text
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.campaigns.checks.points_in_a_week import OrdinaryWeek
from agi_app.errors import Problem
from agi_app.gate.calling_hours import SEARCH_DAYS, Opening, is_open, next_opening
from agi_app.gate.caps_and_gaps import used_up
from agi_app.gate.ruleset import Cap, Jurisdiction, Rules, RuleSet
from agi_app.messages import spoken, t, template
from agi_app.model.call import Outcome
from agi_app.model.campaign import Campaign
from agi_app.model.counted_calls import NOT_AN_ATTEMPT_ON_THE_PERSON

SEARCHES = 3  # each of SEARCH_DAYS: no break of a country is as long
APPOINTMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # any: all is counted from it


def check_over(source: CampaignDocument, now: dt.datetime) -> Iterator[Problem]:
    """Whether the campaign's days are past at ``now`` (rules time)."""
    ends, zone = source.campaign.ends, source.campaign.zone
    if ends is not None and ends <= now:
        at = ends.astimezone(ZoneInfo(zone or "UTC"))
        message = t("ends: the campaign has been over since {at}, so nobody is called", at=f"{at:%Y-%m-%d %H:%M}")
        yield source.document.problem(("ends",), "campaign/over", message, "warning")


def check_times(source: CampaignDocument, ruleset: RuleSet) -> Iterator[Problem]:
    """Every fault of its dates and points under the rules of its countries."""
    known = (ruleset.jurisdictions.get(region) for region in source.campaign.jurisdictions)
    countries = [country for country in known if country is not None]
    for country in countries:
        yield from _no_hour(source, country)
    if source.campaign.due is not None and source.campaign.due.before:
        yield from _told(source, countries)


# ---- dates


def _no_hour(source: CampaignDocument, country: Jurisdiction) -> Iterator[Problem]:
    """Days from ``starts`` to ``ends`` on which nobody of a country, or of a part of it, may be called."""
    campaign = source.campaign
    if campaign.starts is None or campaign.ends is None or not country.zones:
        return
    for place, rules in country.places:
        windows = (campaign.windows,) if campaign.windows else ()
        if windows and not minutes_of(campaign.windows) & open_minutes(rules):
            return  # never open at all: that is told already
        opening = Opening((*windows, *rules.opening.hours), rules.opening.calendars)
        if any(_opens(opening, ZoneInfo(zone), campaign.starts, campaign.ends) for zone in country.zones):
            continue
        message = t(
            "ends: from starts to ends no call may start in {place} ({hours}, but for closed days): nobody there would"
            " ever be called; choose other days",
            place=place,
            hours=hours_text(rules),
        )
        yield source.document.problem(("ends",), "campaign/no-hour", message)
        return


def _opens(opening: Opening, zone: ZoneInfo, begin: dt.datetime, end: dt.datetime) -> bool:
    """Whether a call may start from ``begin`` to ``end`` (excluded), or that lies too far ahead to be told."""
    for _ in range(SEARCHES):
        if begin >= end:
            return False
        if is_open(begin, opening, [zone]):
            return True
        if (found := next_opening(begin, opening, [zone])) is not None:
            return found < end
        begin += dt.timedelta(days=SEARCH_DAYS)
    return True


# ---- points and further tries


def _soonest(calls: Sequence[dt.datetime], wanted: dt.datetime, caps: Sequence[Cap]) -> tuple[dt.datetime, Cap | None]:
    """The first time from ``wanted`` on at which the caps leave room after ``calls``, and the cap that set it."""
    at, by = wanted, None
    for _ in range(len(calls) + 1):
        for cap in caps:
            if (reached := used_up(calls, cap.calls, cap.per, at)) is not None:
                at, by = reached.ends, cap
    return at, by


def _lengths(campaign: Campaign) -> tuple[dt.timedelta, ...]:
    return campaign.due.before if campaign.due is not None else ()


def _points_of(campaign: Campaign) -> list[tuple[dt.datetime, dt.datetime]]:
    """Each point, and when the next one or the appointment is."""
    points = [APPOINTMENT - one for one in _lengths(campaign)]
    return list(zip(points, [*points[1:], APPOINTMENT], strict=True))


NEVER = template(
    "at: after the points before it, nobody in {places} is ever called {written} before: the caps allow {caps}; leave"
    " this point out, or move it"
)
LATER = template(
    "at: after the points before it, nobody in {places} is called {written} before, but {real} before: the caps allow"
    " {caps}; write {real}, or move the points apart"
)
SELDOM = template(
    "at: after the points before it, people in {places} are called {written} before only where closed hours have moved"
    " a point to an earlier time: the caps allow {caps}; leave this point out, or move it"
)
SELDOM_LATER = template(
    "at: after the points before it, people in {places} are called {written} before only where closed hours have moved"
    " a point to an earlier time, else {real} before: the caps allow {caps}; write {real}, or move the points apart"
)
NO_TRY = template(
    "{outcome}: in {places} the try {written} later is never made: the next point of `due`, or the appointment, always"
    " comes first; leave it out{shorter}"
)
SELDOM_TRY = template(
    "{outcome}: in {places} the try {written} later is made only where closed hours have moved the call to an earlier"
    " time: else the next point of `due`, or the appointment, comes first; leave it out{shorter}, or keep it for those"
)
SHORTER = template(", or shorten it as far as the caps allow ({caps})")
LATER_TRY = template(
    "{outcome}: in {places} the try {written} later is made {real} later at the soonest: the caps allow {caps};"
    " write {real}"
)


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is said of a key, in whichever places."""

    path: Path
    message: str
    written: str
    caps: str
    real: str = ""
    shorter: bool = False  # a shorter delay would do


def _points(source: CampaignDocument, rules: Rules) -> Iterator[_Fault]:
    """Points at which a person who was called at those before is never called, or only later."""
    written = {parse_duration(text): (index, text) for index, text in enumerate(source.document.value["due"]["at"])}
    calls: list[dt.datetime] = []
    points, week = _lengths(source.campaign), OrdinaryWeek(rules, source.campaign.windows)
    for place, (point, following) in enumerate(_points_of(source.campaign)):
        at, cap = _soonest(calls, point, rules.caps)
        if at < following:
            calls.append(at)
        if cap is None:
            continue
        index, text = written[APPOINTMENT - point]
        path: Path = ("due", "at", index)
        seldom = week.point_is_called(points, place)
        if at < following:
            yield _Fault(path, SELDOM_LATER if seldom else LATER, text, _words(cap), _length(APPOINTMENT - at))
        else:
            yield _Fault(path, SELDOM if seldom else NEVER, text, _words(cap))


def _tries(source: CampaignDocument, rules: Rules) -> Iterator[_Fault]:
    """Delays of ``retry`` that the caps always make longer, or behind which something else always comes first.

    Each point is looked at as if it were the first at which the person is called, as of one who was imported late.
    """
    lengths, week = _lengths(source.campaign), OrdinaryWeek(rules, source.campaign.windows)
    for outcome, delays in source.campaign.retry.items():
        counted = Outcome(outcome) not in NOT_AN_ATTEMPT_ON_THE_PERSON
        ends = [(at, (at,) if counted else (), following) for at, following in _points_of(source.campaign)]
        for index, delay in enumerate(delays):
            path: Path = ("retry", outcome, index)
            text = source.document.value["retry"][outcome][index]
            made = [(at, *_soonest(calls, at + delay, rules.caps), calls, end) for at, calls, end in ends]
            made = [one for one in made if one[1] < one[4]]
            if not made:
                seldom = week.try_is_made(lengths, delays[: index + 1], counted=counted)
                shorter = any(_soonest(calls, at, rules.caps)[0] < end for at, calls, end in ends)
                yield _Fault(path, SELDOM_TRY if seldom else NO_TRY, text, _words(*rules.caps), shorter=shorter)
                break
            if all(cap is not None for _, _, cap, _, _ in made):
                real, cap = min(((at - before, cap) for before, at, cap, _, _ in made if cap), key=lambda one: one[0])
                yield _Fault(path, LATER_TRY, text, _words(cap), _length(real))
            ends = [(at, (*calls, at) if counted else calls, end) for _, at, _, calls, end in made]


def _told(source: CampaignDocument, countries: Sequence[Jurisdiction]) -> Iterator[Problem]:
    """Each fault once, with all places that it is of."""
    found: dict[_Fault, list[str]] = {}
    for place, rules in _places(countries):
        for fault in (*_points(source, rules), *_tries(source, rules)):
            found.setdefault(fault, []).append(place)
    for one, places in found.items():
        words = {"places": ", ".join(places), "written": one.written, "real": one.real, "caps": one.caps}
        shorter = t(SHORTER, caps=one.caps) if one.shorter else ""
        message = t(one.message, **words, outcome=one.path[1], shorter=shorter)
        yield source.document.problem(one.path, "campaign/due-caps", message, "warning")


def _places(countries: Sequence[Jurisdiction]) -> Iterator[tuple[str, Rules]]:
    """Each country, and each part of one whose caps are other ones."""
    for country in countries:
        parts = (p for p in country.places if p[0] == country.region or p[1].caps != country.rules.caps)
        yield from parts


def _words(*caps: Cap) -> str:
    return t("; ").join(t("{calls} in {span}", calls=cap.calls, span=spoken(SPAN_WORDS[cap.per])) for cap in caps)


def _length(span: dt.timedelta) -> str:
    """As people write it: 2d, 36h, 90m."""
    minutes = round(span.total_seconds() / 60)
    unit, size = next((u, s) for u, s in (("d", 1440), ("h", 60), ("m", 1)) if minutes % s == 0)
    return f"{minutes // size}{unit}"
