"""What holds a campaign back at one moment, from what the store and the workers say. Pure.

``held_back`` is also given while calls are made: then it says why not more are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agi_app.messages import current, t
from agi_app.messages.retold import retold
from agi_app.model.reason_text import WORDS
from agi_app.model.waiting_reason import (
    DONE,
    FEED_LATE,
    NO_WORKER,
    NOBODY_DUE,
    NOT_APPROVED,
    PLACES,
    ROW_REJECTED,
    STATE,
    WORKER,
    WaitingCounts,
    WaitingReason,
)
from agi_app.printable import count_of

_TOLD = (ROW_REJECTED, NOT_APPROVED)  # rules of which the store tells how many, whether they were refused yet or not
BY_COMMAND = "by command"  # somebody knows why
_KNOWN_BETTER = (
    FEED_LATE,
    NOBODY_DUE,
    PLACES["campaign"],
    PLACES["trunk"],
)  # the store's own figures say it for all workers


@dataclass(frozen=True, slots=True)
class Standstill(WaitingCounts):
    """A campaign as the store and the workers see it now, as plain values."""

    state: str
    workers: Sequence[tuple[str, bool, str | None]]  # (name, alive, why it dials nobody)
    slots: int
    trunk: str
    calls_per_second: float
    state_reason: str | None = None  # why it was paused or stopped
    everything_paused: str | None = None  # why no campaign is dialled at all
    late_feed: str | None = None  # its feed, when that had no good run for too long
    waiting_reasons: Sequence[WaitingReason] = ()  # what live workers say of this campaign
    zone: str | None = None  # of the campaign's times; None: they are told in UTC
    by_time: bool = False  # its contacts are due by a time of theirs
    expired: int = 0  # contacts whose time was over before they were reached
    cancelled: int = 0  # by the office


def why_nobody(view: Standstill) -> list[str]:
    """Plain lines that say why nobody is dialled, the first cause first; empty while calls are made."""
    if view.open_attempts and view.campaign_slots_used < view.slots:
        return []
    return [reason.text for reason in held_back(view)]


def held_back(view: Standstill) -> list[WaitingReason]:
    """Everything that keeps the campaign from dialling more now, the first cause first.

    Times are real, but rules time where a rule of the gate holds contacts back.
    """
    if not (view.open_attempts or view.due_now or view.later or view.parked):
        return [WaitingReason(DONE, _all_over(view))]
    found = [] if view.everything_paused is None else [WaitingReason(STATE, view.everything_paused)]
    if view.state != "running":
        verb = "resume" if view.state == "paused" else "start"
        why = f" ({retold(view.state_reason)})" if view.state_reason not in (None, BY_COMMAND) else ""
        found.append(
            WaitingReason(
                STATE,
                t(
                    "the campaign is {state}{why}; `agi-app campaign {verb}` makes it run",
                    state=view.state if current() == "en" else WORDS["state"].get(view.state, view.state),
                    why=why,
                    verb=verb,
                ),
            )
        )
    if view.late_feed is not None:
        told = "feed {feed} had no good run for too long, so nobody is called: `agi-app feed status {feed}` says why"
        found.append(WaitingReason(FEED_LATE, t(told, feed=view.late_feed)))
    found += _workers_wait(view)
    found += _no_place(view)
    found += _office_waits(view)
    if not view.due_now:
        found += _nobody_due(view)
    elif not [one for one in found if one.by not in _TOLD] and not view.open_attempts:
        pace = t("calls start at the campaign's pace ({pace:g} a second)", pace=view.calls_per_second)
        found.append(
            WaitingReason(
                "pace_of_campaign",
                t("{due_now} may be called now; {pace}", due_now=count_of(view.due_now, "contact"), pace=pace),
            )
        )
    return found


def _all_over(view: Standstill) -> str:
    if not (view.expired or view.cancelled):
        return t("every contact is done")
    told = "nobody is left to call: {expired} expired before they were reached, {cancelled} cancelled, all others done"
    return t(told, expired=count_of(view.expired, "contact"), cancelled=view.cancelled)


def _workers_wait(view: Standstill) -> list[WaitingReason]:
    alive = [w for w in view.workers if w[1]]
    if not alive:
        return [WaitingReason(NO_WORKER, t("no worker is running; `agi-app run` starts one"))]
    found = [
        WaitingReason(WORKER, t("worker {name} dials nobody: {why}", name=name, why=retold(why)), None, name)
        for name, _, why in alive
        if why
    ]
    silent = {reason.worker for reason in found}
    return found + [
        WaitingReason(
            reason.by,
            t("worker {worker}: {text}", worker=reason.worker, text=retold(reason.text)),
            reason.until,
            reason.worker,
        )
        for reason in view.waiting_reasons
        if reason.worker not in silent and reason.by not in _KNOWN_BETTER
    ]


def _no_place(view: Standstill) -> list[WaitingReason]:
    if view.campaign_slots_used >= view.slots:
        return [
            WaitingReason(
                PLACES["campaign"], t("all {slots} places of the campaign are taken by calls", slots=view.slots)
            )
        ]
    if view.trunk_slots and view.trunk_slots_used >= view.trunk_slots:
        text = t(
            "all {slots} places of trunk {trunk} are taken by calls",
            slots=view.trunk_slots,
            trunk=view.trunk,
        )
        return [WaitingReason(PLACES["trunk"], text)]
    return []


def _office_waits(view: Standstill) -> Iterator[WaitingReason]:
    if view.unapproved:
        who = count_of(view.unapproved, "contact waits", "contacts wait")
        more = t("the campaign has more than its start was approved for; `agi-app campaign start` asks for an approval")
        yield WaitingReason(NOT_APPROVED, t("{who} for a second person: {more}", who=who, more=more))
    if view.rows_rejected:
        number = count_of(view.rows_rejected, "contact is", "contacts are")
        told = t("{number} held: their rows in a newer list were rejected; correct and import them", number=number)
        yield WaitingReason(ROW_REJECTED, told)


def _nobody_due(view: Standstill) -> Iterator[WaitingReason]:
    if view.later and view.zone and view.by_time and view.next_due:
        at, later = view.next_due.astimezone(ZoneInfo(view.zone)), count_of(view.later, "contact")
        told = t("nobody is due until {at:%Y-%m-%d %H:%M} ({zone}): {later}", at=at, zone=view.zone, later=later)
        yield WaitingReason(NOBODY_DUE, told, view.next_due)
    elif view.later and view.next_due:
        next_at = t(", the next at {at}", at=_moment(view.next_due, view.zone))
        later = count_of(view.later, "contact is", "contacts are")
        yield WaitingReason(NOBODY_DUE, t("{later} due later{at}", later=later, at=next_at), view.next_due)
    if parked := view.parked + (0 if view.next_due else view.later):
        who = count_of(parked, "contact is", "contacts are")
        yield WaitingReason(NOBODY_DUE, t("{parked} refused until somebody fixes the reason", parked=who))
    for rule, number in view.by_rule.items():
        if rule in _TOLD:
            continue  # with those whom no worker has looked at since
        until = view.rule_until.get(rule)
        first = t(", the first until {until}", until=_moment(until, view.zone)) if until else ""
        yield WaitingReason(rule, f"  {rule}: {count_of(number, 'contact')}{first}", until)


def _moment(at: dt.datetime, zone: str | None) -> str:
    """In the zone of the campaign's times, else in UTC."""
    if zone is None:
        return t("{at:%Y-%m-%d %H:%M} UTC", at=at.astimezone(dt.UTC))
    return t("{at:%Y-%m-%d %H:%M} ({zone})", at=at.astimezone(ZoneInfo(zone)), zone=zone)
