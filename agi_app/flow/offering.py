"""When an offered call-back would be: pure, in the called person's own time."""

from __future__ import annotations

import datetime as dt

from agi_app.flow.steps import Offer


def moment_of(offer: Offer, now: dt.datetime) -> dt.datetime:
    """The minute of an offer; ``now`` is local time. A time of today that is over is that of tomorrow."""
    if offer.in_ is not None:
        return (now.astimezone(dt.UTC) + offer.in_).astimezone(now.tzinfo).replace(second=0, microsecond=0)
    clock = offer.at or offer.tomorrow_at or dt.time()
    then = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return then + dt.timedelta(days=1) if offer.tomorrow_at is not None or then <= now else then
