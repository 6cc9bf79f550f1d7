"""What the office says of the time of a contact: the appointment, and from when until when to call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.model.campaign import Campaign, Window

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """All aware; None: nothing is said. A day without a time of day begins, or ends, at midnight."""

    event: dt.datetime | None = None  # what the campaign's ``due`` names: the appointment, or when to call
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None  # excluded
    preferred: tuple[Window, ...] = ()  # hours of the person: they only narrow; empty: any

    def last(self, campaign: Campaign) -> dt.datetime:
        """Nobody is called from then on: the contact's own end, at most the campaign's."""
        return min(self.own_last(campaign), campaign.ends or NEVER)

    def own_last(self, campaign: Campaign) -> dt.datetime:
        """The contact's own end, else the appointment itself; whatever the campaign's is."""
        due = campaign.due
        appointment = self.event if due is not None and due.before else None
        return self.not_after or appointment or NEVER

    def first(self, campaign: Campaign) -> dt.datetime | None:
        """Nobody is called before; None: no such time."""
        return max((at for at in (self.not_before, campaign.starts) if at is not None), default=None)


NO_TIMES = Times()
