"""When a campaign would be through: its waiting contacts, its pace and its retries, played ahead. Pure.

A forecast by averages, in steps of a quarter of an hour: contacts are amounts, and a share of the calls comes back
as retries. ``assumptions`` says in words what it rests on.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from agi_app.gate.calling_hours import Opening, is_open, next_opening
from agi_app.gate.number_location import rules_for
from agi_app.gate.ruleset import Rules, RuleSet
from agi_app.messages import t
from agi_app.model.campaign import Campaign
from agi_app.model.number_location import NumberLocation
from agi_app.printable import count_of

STEP = dt.timedelta(minutes=15)
LONGEST = dt.timedelta(days=365)
LEAST = 0.5  # contacts: fewer are not followed any further
MOST_ENTRIES = 50_000  # of work that waits; a campaign that needs more is not projected
USUAL_SHARES = {"no_answer": 0.3, "busy": 0.05}  # of calls; a guess, until the campaign has calls of its own
USUAL_CALL_S = 40.0  # from dialling to the end; a guess as well
USUAL_COMPLETED = 0.25  # of calls; likewise, where a quota counts them
ENOUGH_CALLS = 50  # of its own, to go by them


@dataclass(frozen=True, slots=True)
class ForecastFacts:
    """What past calls of the campaign say."""

    calls: int
    outcomes: Mapping[str, int]
    seconds: float | None  # a call, from dialling to its end, on average
    completed: int = 0  # contacts, as the campaign's quota counts them
    lacking: Mapping[str, int] | None = None  # how many each open group still needs; None: there is no quota


@dataclass(frozen=True, slots=True)
class Limits:
    """What the trunk allows, over all campaigns."""

    calls_per_second: float
    concurrent: int
    rest_s: float = 0.0  # of a port after a call, before its next
    calls_per_day: int | None = None  # of all ports together; not played, but told


@dataclass(frozen=True, slots=True)
class Group:
    """Contacts of one place that may be called from the same instant on (rules time)."""

    place: NumberLocation
    at: dt.datetime
    contacts: int
    quota_group: str = ""


@dataclass(frozen=True, slots=True)
class Projection:
    """``end`` None: nobody is to be called, or not within ``LONGEST``."""

    end: dt.datetime | None
    calls: int  # with retries
    calls_per_second: float
    assumptions: tuple[str, ...]


@dataclass(order=True, slots=True)
class _Work:
    """Calls that wait: so many of a place, from ``at`` on; ``outcome`` and ``used`` of the retries that led here."""

    at: dt.datetime
    place: int
    outcome: str
    used: int
    amount: float
    group: str = ""  # of the quota


class _Quota:
    """What the groups of a quota still lack while calls are played; without a quota everybody is called."""

    def __init__(self, known: ForecastFacts) -> None:
        enough = known.calls >= ENOUGH_CALLS and known.completed
        self.share = min(1.0, known.completed / known.calls) if enough else USUAL_COMPLETED  # of calls
        self.lacking = None if known.lacking is None else {name: float(n) for name, n in known.lacking.items()}

    def calls(self, work: _Work) -> float:
        """How many calls of this work its group needs at most."""
        if self.lacking is None:
            return work.amount
        lacking = self.lacking.get(work.group, 0.0)
        return min(work.amount, lacking / self.share) if lacking >= LEAST * self.share else 0.0

    def called(self, work: _Work, calls: float) -> None:
        """So many calls of it were made."""
        if self.lacking is not None:
            self.lacking[work.group] -= calls * self.share


def project(
    groups: Sequence[Group],
    campaign: Campaign,
    limits: Limits,
    known: ForecastFacts,
    ruleset: RuleSet,
    now: dt.datetime,
) -> Projection:
    """Play the campaign ahead from ``now`` (rules time)."""
    shares, seconds = _experience(known)
    concurrent = min(campaign.pace.concurrent, limits.concurrent)
    rate = min(campaign.pace.calls_per_second, limits.calls_per_second, concurrent / (seconds + limits.rest_s))
    places = sorted({g.place for g in groups}, key=repr)
    hours = [_hours(campaign, place, ruleset) for place in places]
    retries = [_retries(campaign, rules_for(place, ruleset)) for place in places]
    waiting = [
        _Work(max(g.at, now), places.index(g.place), "", 0, g.contacts, g.quota_group) for g in groups if g.contacts
    ]
    quota = _Quota(known)
    end, calls, left = _play(waiting, hours, retries, shares, rate, (now, campaign.ends), quota)
    said = _assumptions(known, {o: shares[o] for o in campaign.retry if shares.get(o)}, seconds, rate)
    if limits.calls_per_day is not None:
        day = t("their {calls_per_day} calls in 24 hours", calls_per_day=limits.calls_per_day)
        said += (t("the trunk's ports are not held to {day}, with which it ends later", day=day),)
    if campaign.ends is not None and left >= LEAST:
        said += (
            t(
                "the campaign ends on {ends:%Y-%m-%d %H:%M} ({zone}): {left} calls that would come later are not made",
                ends=campaign.ends.astimezone(ZoneInfo(campaign.zone or "UTC")),
                zone=campaign.zone or "UTC",
                left=round(left),
            ),
        )
    if campaign.due is not None and len(campaign.due.before) > 1:
        said += (t("who is reached at one point of time is called at the later ones, too"),)
    said += _of_quota(known, quota)
    return Projection(end and end + dt.timedelta(seconds=seconds), round(calls), round(rate, 3), said)


def _play(
    waiting: list[_Work],
    hours: Sequence[Callable[[dt.datetime], dt.datetime | None]],
    retries: Sequence[Mapping[str, tuple[dt.timedelta, ...]]],
    shares: Mapping[str, float],
    rate: float,
    span: tuple[dt.datetime, dt.datetime | None],
    quota: _Quota,
) -> tuple[dt.datetime | None, float, float]:
    """When the last call starts, how many there are, and how many are not made because the end comes before.

    ``span``: now, and the campaign's own end.
    """
    heapq.heapify(waiting)
    now, ends = span
    at, calls, left, last = now, 0.0, 0.0, None
    while waiting:
        work = heapq.heappop(waiting)
        if not (needed := quota.calls(work)):
            continue
        opens = hours[work.place](max(at, work.at))
        if ends is not None and (opens is None or opens >= ends):
            left += work.amount
            continue
        if opens is None or opens > now + LONGEST or len(waiting) > MOST_ENTRIES:
            return None, calls, left
        if opens > max(at, work.at):
            heapq.heappush(waiting, replace(work, at=opens))
            continue
        start = max(at, opens)
        room = STEP if ends is None else min(STEP, ends - start)
        done = min(needed, rate * room.total_seconds())
        quota.called(work, done)
        last = at = start + dt.timedelta(seconds=done / rate)
        calls += done
        if work.amount - done > 1e-6:
            heapq.heappush(waiting, replace(work, at=at, amount=work.amount - done))
        for again in _again(work, done, at, retries[work.place], shares):
            heapq.heappush(waiting, again)
    return last, calls, left


def _again(
    work: _Work,
    done: float,
    at: dt.datetime,
    retries: Mapping[str, tuple[dt.timedelta, ...]],
    shares: Mapping[str, float],
) -> Iterator[_Work]:
    """The calls that some of these bring: a share of each outcome that is tried again."""
    for outcome, delays in retries.items():
        used = work.used if work.outcome == outcome else 0
        amount = done * shares.get(outcome, 0.0)
        if used < len(delays) and amount >= LEAST and work.outcome in ("", outcome):
            yield _Work(at + delays[used], work.place, outcome, used + 1, amount, work.group)


def _retries(campaign: Campaign, rules: Rules | None) -> dict[str, tuple[dt.timedelta, ...]]:
    """The campaign's delays, none shorter than a cap of one call."""
    least = (
        max((cap.per for cap in rules.caps if cap.calls == 1), default=dt.timedelta(0)) if rules else dt.timedelta(0)
    )
    return {outcome: tuple(max(delay, least) for delay in delays) for outcome, delays in campaign.retry.items()}


def _hours(campaign: Campaign, place: NumberLocation, ruleset: RuleSet) -> Callable[[dt.datetime], dt.datetime | None]:
    """A function: the instant itself when calls may start then, else the next when they may; None: never."""
    rules = rules_for(place, ruleset)
    sets = (rules.opening.hours if rules else ()) + ((campaign.windows,) if campaign.windows else ())
    opening, zones = Opening(sets, rules.opening.calendars if rules else ()), place.clocks
    next_after: list[dt.datetime | None] = []  # the opening found last: valid until it has come

    def opens(at: dt.datetime) -> dt.datetime | None:
        if is_open(at, opening, zones):
            return at
        if not next_after or next_after[0] is None or next_after[0] <= at:
            next_after[:] = [next_opening(at, opening, zones)]
        return next_after[0]

    return opens


def _experience(known: ForecastFacts) -> tuple[dict[str, float], float]:
    """The share of each outcome, and seconds a call."""
    if known.calls < ENOUGH_CALLS:
        return dict(USUAL_SHARES), USUAL_CALL_S
    return {o: n / known.calls for o, n in known.outcomes.items()}, max(1.0, known.seconds or USUAL_CALL_S)


def _of_quota(known: ForecastFacts, quota: _Quota) -> tuple[str, ...]:
    """What the end rests on where a quota closes groups, and what the contacts do not bring."""
    if known.lacking is None or quota.lacking is None:
        return ()
    guess = known.calls < ENOUGH_CALLS or not known.completed
    basis = (
        t("a guess: few of its calls were completed yet")
        if guess
        else t("as in its {calls} calls so far", calls=known.calls)
    )
    said = t(
        "{share:.0%} of the calls are completed ({basis}), until {groups} of the quota have the {lacking} that they"
        " lack",
        share=quota.share,
        basis=basis,
        groups=count_of(len(known.lacking), "group"),
        lacking=sum(known.lacking.values()),
    )
    short = round(sum(lacking for lacking in quota.lacking.values() if lacking >= LEAST))
    if not short:
        return (said,)
    return said, t("there are too few contacts for {short} of them: the campaign ends without these", short=short)


def _assumptions(known: ForecastFacts, shares: Mapping[str, float], seconds: float, rate: float) -> tuple[str, ...]:
    basis = (
        t("as in its {calls} calls so far", calls=known.calls)
        if known.calls >= ENOUGH_CALLS
        else t("a guess: it has few calls yet")
    )
    parts = ", ".join(f"{outcome} {share:.0%}" for outcome, share in sorted(shares.items()))
    again = (
        t("of the calls {parts} come back as retries ({basis})", parts=parts, basis=basis)
        if shares
        else t("no call is tried again")
    )
    return (
        t(
            "{rate:.3g} calls start a second: the least of the campaign's pace, the trunk's pace, and the calls "
            "at once divided by the length of a call",
            rate=rate,
        ),
        t("a call takes {seconds:.0f} s from dialling to its end ({basis})", seconds=seconds, basis=basis),
        again,
        t("no other campaign uses the trunk, nobody consents, says stop or is added meanwhile"),
    )
