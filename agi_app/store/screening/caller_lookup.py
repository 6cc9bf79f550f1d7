"""What is known of a call that comes in, as the case that the guard decides about."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agi_app.config.screening import GuardSettings
from agi_app.guard.call import CallerKind, Endpoint, IncomingCall, Stir, read_caller
from agi_app.guard.case import GuardCase, case_of
from agi_app.guard.decide import GuardDecision, judge
from agi_app.guard.recent_calls import DAY, CallHistory
from agi_app.guard.subscriber_settings import Level, SubscriberSettings
from agi_app.store.database.pool import Store
from agi_app.store.screening import screened_calls as table
from agi_app.store.screening.screened_calls import KnownCaller


async def remember(store: Store, history: CallHistory, now: dt.datetime) -> int:
    """Take the last day's calls into a history; returns how many. Raises StoreError."""
    past = await table.last_day(store, now - DAY)
    for call in past:
        history.ring(call.call_id, call.number, call.called, call.at, call.stranger)
        if call.challenge == "failed":
            history.challenge_failed(call.call_id)
        history.end(call.call_id, bool(call.answered), call.rang_s or 99.0, bool(call.by_caller))
    return len(past)


def ringing(
    history: CallHistory,
    call_id: str,
    caller: tuple[str | None, CallerKind],
    called: str,
    stir: Stir | None,
    known: KnownCaller,
    settings: GuardSettings,
    now: dt.datetime,
) -> GuardCase:
    """A call that rings now, with what is known of its caller; it is in the history from now on."""
    number, kind = caller
    stranger = known.facts.dialled_at is None and not known.facts.talked
    recent = history.ring(call_id, number, called, now, stranger)
    call = IncomingCall(number, kind, Endpoint.TRUNK, stir)
    return case_of(call, replace(known.facts, recent=recent), chosen(known, settings), now)


def chosen(known: KnownCaller, site: GuardSettings) -> SubscriberSettings:
    """What the line chose, and where it chose nothing the settings."""
    line = known.line
    return SubscriberSettings(
        enabled=line.enabled is not False,
        level=Level(line.level or site.level),
        hours=line.hours,
        zone=line.zone or site.zone,
        voicemail=site.mailbox if line.mailbox is None else line.mailbox,
        lists=known.own_lists,
    )


async def explain(store: Store, settings: GuardSettings, now: dt.datetime, caller: str, called: str) -> GuardDecision:
    """What would be decided now, by all that the database has; nothing is kept. Raises StoreError."""
    history, who = CallHistory(settings.decoys), read_caller(caller, settings.region or None)
    await remember(store, history, now)
    known = await table.lookup(store, who[0], called, now)
    return judge(ringing(history, "", who, called, None, known, settings, now))
