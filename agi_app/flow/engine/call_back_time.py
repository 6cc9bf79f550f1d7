"""The verb ``call_back``: when an offered call, or one without asking, would be, in the called person's own time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.flow.engine.call_in_flow import CallInFlow
from agi_app.flow.engine.commands import CallBackAt, Command, NoTimeKnown, SetDisposition
from agi_app.flow.language.asking_steps import CallBack
from agi_app.flow.language.call_back_offer import CallAgain, CallAgainStep, Offer
from agi_app.flow.syntax.names_and_limits import CALL_BACK, CHOSEN, NO_MATCH, NOT_CALLED_BACK


def moment_of(offer: Offer, now: dt.datetime) -> dt.datetime:
    """The minute of an offer; ``now`` is local time. A time of today that is over is that of tomorrow."""
    if offer.in_ is not None:
        return (now.astimezone(dt.UTC) + offer.in_).astimezone(now.tzinfo).replace(second=0, microsecond=0)
    clock = offer.at or offer.tomorrow_at or dt.time()
    then = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return then + dt.timedelta(days=1) if offer.tomorrow_at is not None or then <= now else then


def is_another_day(at: dt.datetime, now: dt.datetime) -> bool:
    """Whether ``at`` is not on the day of ``now``, by the clock of ``at``: then ``today_only`` forbids the call."""
    return at.date() != now.astimezone(at.tzinfo).date()


def wish(call: CallInFlow, offer: Offer) -> list[Command]:
    """Keep the time of ``offer`` as that of the next call; none where it is not known what time it is there."""
    now = call.local_time
    if now is None:
        return [NoTimeKnown()]
    local = now.astimezone(ZoneInfo(call.zone)) if call.zone else now
    then = moment_of(offer, local)
    call.called_again, call.today_only = (offer.times, offer.today_only) if isinstance(offer, CallAgain) else (0, False)
    too_late = call.today_only and is_another_day(then, local)
    at, meant = then.isoformat(timespec="minutes"), NOT_CALLED_BACK if too_late else CALL_BACK
    call.call_back, call.disposition = at, meant
    return [CallBackAt(at, call.called_again > 0, call.today_only, too_late), SetDisposition(meant)]


def chosen(call: CallInFlow, call_back: CallBack, key: str) -> list[Command]:
    """The time is kept and stored; where it is not known what time it is there, nothing can be promised."""
    wished = wish(call, call_back.offer[int(key) - 1])
    saved = [] if call.now is None else call.save(CALL_BACK, str(call.call_back))
    return [*saved, *wished, *call.leave(CHOSEN if saved else NO_MATCH)]


def unasked(call: CallInFlow, step: CallAgainStep) -> list[Command]:
    """A time that nobody is asked about; the next step follows at once."""
    return [*wish(call, step.call_back), *call.go_on()]
