"""When an offered call-back, or one without asking, would be: pure, in the called person's own time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agi_app.flow.engine.commands import CallBackAt, Command, NoTimeKnown, SetDisposition
from agi_app.flow.engine.state import SessionState
from agi_app.flow.language.call_back_offer import CallAgain, Offer
from agi_app.flow.syntax.names_and_limits import CALL_BACK, NOT_CALLED_BACK


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


def wish(state: SessionState, offer: Offer) -> list[Command]:
    """Keep the time of ``offer`` as that of the next call; none where it is not known what time it is there."""
    if state.now is None:
        return [NoTimeKnown()]
    now = dt.datetime.fromisoformat(state.now)
    local = now.astimezone(ZoneInfo(state.zone)) if state.zone else now
    then = moment_of(offer, local)
    again = (offer.times, offer.today_only) if isinstance(offer, CallAgain) else (0, False)
    state.called_again, state.today_only = again
    too_late = state.today_only and is_another_day(then, local)
    at, meant = then.isoformat(timespec="minutes"), NOT_CALLED_BACK if too_late else CALL_BACK
    state.call_back, state.disposition = at, meant
    return [CallBackAt(at, state.called_again > 0, state.today_only, too_late), SetDisposition(meant)]
