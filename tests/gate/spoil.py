"""The facts of a case, each put on one side or the other of the edge of its rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import msgspec

from agi_app.gate.facts import AbandonedFact, CallFact, ConsentFact, Facts, ListState, ProofFact, QuotaFact
from agi_app.model.campaign import Agents, Campaign, CampaignState, Due, Pacing, Purpose, Quota, Window
from tests.gate.numbers import CALLER_IDS, NOT_OURS

SECOND, DAY, YEAR = dt.timedelta(seconds=1), dt.timedelta(days=1), dt.timedelta(days=365)
EDGE = (-YEAR, -DAY, -SECOND, -dt.timedelta(microseconds=1), 0 * DAY, dt.timedelta(microseconds=1), SECOND, DAY, YEAR)
HOUR = dt.timedelta(hours=1)
CLOCKS = (dt.UTC, dt.timezone(8 * HOUR), dt.timezone(-3.5 * HOUR))
SPANS = (DAY, 3 * DAY, 7 * DAY, 10 * DAY, 30 * DAY)  # of caps and gaps
OUTCOMES = ("no_answer", "busy", "answered", "rejected", "rejected", "abandoned", "abandoned", "interrupted", None)
LISTS = {"us-national-dnc": "US", "gb-tps": "GB", "gb-ctps": "GB", "bloctel": "FR"}
HITS = (*LISTS, "a-list-of-ours")
LIST_AGES = (
    -400,
    -32,
    -31,
    -29,
    -28,
    -8,
    -7,
    -6,
    -4,
    -3,
    -2,
    0,
    1,
    2,
    3,
)  # days from today (UTC) to the list's own day
PREFIXES = ("+9", "+99986", "+9998621", "+1305", "+1", "+447700", "+44")
RING_SECONDS = (0, 14, 14.999, 15, 19, 20, 29, 30, 31, 44, 45, 45.001, 46, 300)


@dataclass(slots=True)
class Subject:
    """A case in the making."""

    rng: Random
    now: dt.datetime
    facts: Facts
    campaign: Campaign

    def change(self, **facts: Any) -> None:
        """Other facts."""
        self.facts = msgspec.structs.replace(self.facts, **facts)

    def author(self, **campaign: Any) -> None:
        """Another campaign."""
        self.campaign = replace(self.campaign, **campaign)

    def edge(self) -> dt.datetime:
        """About now."""
        return self.now + self.rng.choice(EDGE)


def good_consent(purpose: Purpose, now: dt.datetime) -> ConsentFact:
    """A consent that holds."""
    return ConsentFact(1, purpose, now - YEAR, now + YEAR, None)


def good_proofs(now: dt.datetime) -> tuple[ProofFact, ...]:
    """A proof of each of our numbers."""
    return tuple(ProofFact(number, "call", now + YEAR) for number in CALLER_IDS)


def fresh_lists(now: dt.datetime) -> tuple[ListState, ...]:
    """All lists, as of yesterday."""
    return tuple(ListState(name, region, (now - DAY).date()) for name, region in LISTS.items())


def consents(subject: Subject) -> None:
    """None to three: missing, of another purpose, yet to begin, just expired, withdrawn, given again."""
    rng, want = subject.rng, subject.campaign.purpose
    found = []
    for number in range(rng.choices((0, 1, 2, 3), (1, 5, 3, 2))[0]):
        purpose = want if rng.random() < 0.75 else rng.choice([*Purpose])
        given = subject.edge() if rng.random() < 0.4 else subject.now - 2 * YEAR
        expires = subject.edge() if rng.random() < 0.4 else None
        revoked = subject.edge() if rng.random() < 0.35 else None
        found.append(ConsentFact(number, purpose, given, expires, revoked))
    subject.change(consents=tuple(found))


def state(subject: Subject) -> None:
    """A campaign that runs, or does not."""
    subject.change(campaign_state=subject.rng.choice([*CampaignState]))


def suppression(subject: Subject) -> None:
    """A stop long ago, a second ago, or by a clock ahead of ours."""
    subject.change(suppressed_at=subject.edge())


def lists(subject: Subject) -> None:
    """Lists that the number is on, lists that are missing, old, or dated ahead."""
    rng = subject.rng
    if rng.random() < 0.5:
        subject.change(list_hits=tuple(rng.sample(HITS, rng.choice((1, 1, 2)))))
    ages = {name: rng.choice(LIST_AGES) if rng.random() < 0.6 else 0 for name in LISTS}
    regions = LISTS if rng.random() < 0.9 else dict.fromkeys(LISTS, rng.choice(("US", "GB", "FR")))
    states = [ListState(n, regions[n], subject.now.date() + age * DAY) for n, age in ages.items() if rng.random() < 0.9]
    subject.change(list_states=tuple(states))


def calls(subject: Subject) -> None:
    """Calls whose spans end about now, and some that are nowhere near an edge."""
    rng, found = subject.rng, []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 9, 10))):
        before = rng.choice(SPANS) + rng.choice(EDGE[2:7]) if rng.random() < 0.6 else rng.random() * 31 * DAY
        found.append(CallFact(subject.now - before, rng.choice(OUTCOMES)))
    if rng.random() < 0.05:
        found.append(CallFact(subject.now + rng.choice((SECOND, DAY)), rng.choice(OUTCOMES)))
    subject.change(counted_calls=tuple(found))


def caller_id(subject: Subject) -> None:
    """Numbers of cities, one seen before (ours, or no longer ours), proofs of every kind, about to expire."""
    rng = subject.rng
    chosen = {prefix: rng.choice(CALLER_IDS) for prefix in rng.sample(PREFIXES, rng.randrange(4))}
    subject.author(caller_id=rng.choice(CALLER_IDS), local_caller_ids=tuple(chosen.items()))
    seen = rng.choice((None, NOT_OURS, *CALLER_IDS))
    proofs = []
    for number in rng.sample(CALLER_IDS, rng.choice((0, 2, 4, 4, 4))):
        kind = rng.choice(("call", "letter", "rehearsal"))
        proofs.append(ProofFact(number, kind, subject.edge() if rng.random() < 0.6 else subject.now + YEAR))
    subject.change(caller_id_seen=seen, caller_id_proofs=tuple(proofs))


def ring(subject: Subject) -> None:
    """Too short, just long enough, just too long."""
    subject.author(ring_time=dt.timedelta(seconds=subject.rng.choice(RING_SECONDS)))


def abandoned(subject: Subject) -> None:
    """About the ceilings of 0.5, 1 and 3 percent."""
    answered = subject.rng.choice((0, 1, 33, 34, 99, 100, 101, 199, 200, 1000))
    met_nobody = min(answered, max(0, subject.rng.choice((0, 1, 5, answered // 200, answered // 100, answered // 33))))
    subject.change(abandoned=AbandonedFact(answered, met_nobody))
    subject.author(agents=subject.rng.choice((None, Agents("desk"), Agents("desk", Pacing.PREDICTIVE, 0.25))))


def columns(subject: Subject) -> None:
    """The call could not say something of the contact."""
    subject.change(columns_missing=subject.rng.choice(((), (), (), (), ("due",), ("due", "name"))))


def quota(subject: Subject) -> None:
    """About a number of three; without one, without facts, and of a campaign without a quota."""
    rng = subject.rng
    wanted, completed, under_way = rng.choice((None, 0, 3, 3, 3, 3)), rng.choice((0, 2, 3, 4)), rng.choice((0, 0, 1, 3))
    subject.change(quota=rng.choice((None, *[QuotaFact(wanted, completed, under_way)] * 6)))
    subject.author(quota=rng.choice((None, *[Quota("group", 3, (), ("done",))] * 4)))


def window(subject: Subject) -> None:
    """A campaign's own hours: one day of the week, an hour or two, to midnight, or across a change of clocks."""
    subject.author(windows=_windows(subject.rng))


def preferred(subject: Subject) -> None:
    """Hours that the person prefers: the same sorts."""
    subject.change(times=replace(subject.facts.times, preferred=_windows(subject.rng)))


def shared(subject: Subject) -> None:
    """A number that many persons have."""
    subject.change(number_shared=True)


def rejected(subject: Subject) -> None:
    """A row of a newer list that nobody could read, or one more than was approved."""
    which = subject.rng.random()
    subject.change(row_rejected=which < 0.1, unapproved=0.05 < which < 0.15)


def dates(subject: Subject) -> None:
    """A campaign that begins or ends about now, or does both, perhaps in the wrong order."""
    names = subject.rng.choice((("starts",), ("ends",), ("starts", "ends")))
    subject.author(**{name: _there(subject) for name in names})


def times(subject: Subject) -> None:
    """A contact's own times about now, and a campaign that is about one of them, which may be missing."""
    rng = subject.rng
    names = rng.sample(("event", "event", "not_before", "not_after"), rng.choice((1, 1, 2, 3)))
    subject.change(times=replace(subject.facts.times, **{name: _there(subject) for name in names}))  # type: ignore[arg-type]
    if "event" in names or rng.random() < 0.3:
        subject.author(due=Due("appointment", rng.choice(((), (3 * HOUR,), (2 * DAY, 3 * HOUR)))))


def _there(subject: Subject) -> dt.datetime:
    """About now, by a clock anywhere: it is the instant that counts."""
    return subject.edge().astimezone(subject.rng.choice(CLOCKS))


def _windows(rng: Random) -> tuple[Window, ...]:
    windows = []
    for _ in range(rng.choice((1, 1, 2))):
        start, end = rng.choice(((9, 12), (10, 11), (10, 14), (12, 13), (1, 3), (2, 3), (0, 24), (17, 20), (19, 24)))
        days = frozenset(rng.choice((range(7), range(5), range(5), (5, 6), (rng.randrange(7),))))
        windows.append(Window(days, dt.time(start), dt.time(end) if end < 24 else dt.time.max))
    return tuple(windows)


CHANGES: tuple[Callable[[Subject], None], ...] = (
    consents,
    state,
    suppression,
    lists,
    calls,
    caller_id,
    ring,
    abandoned,
    columns,
    quota,
    window,
    preferred,
    shared,
    dates,
    times,
    rejected,
)
