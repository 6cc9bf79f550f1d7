"""Lists of complaints, stops, withdrawals and of what the guard did, the newest first."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from agi_app.model.lists import Page
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries
from agi_app.store.lists.calls import span
from agi_app.store.lists.paging import NewestFirst, PageOf

Q = load_queries("lists/records")


@dataclass(frozen=True, slots=True)
class ComplaintItem:
    """A case, without its words."""

    complaint_id: int
    ref: str
    kind: str  # ours: about our calls; received: about calls of others
    person_id: int  # who complains
    region: str
    received_at: dt.datetime  # rules time
    due_at: dt.datetime | None  # when it must be answered
    source: str
    campaign: str | None
    entered_by: str
    recorded_at: dt.datetime
    erased_at: dt.datetime | None
    state: str  # open, answered, closed


@dataclass(frozen=True, slots=True)
class StopItem:
    """A number that is never to be called again; ``person_id`` None: nobody here has it."""

    stop_id: int
    person_id: int | None
    at: dt.datetime
    reason: str
    via: str
    recorded_at: dt.datetime  # real time


@dataclass(frozen=True, slots=True)
class WithdrawalItem:
    """A refusal of a person; ``purpose`` None: of everything."""

    withdrawal_id: int
    person_id: int
    purpose: str | None
    at: dt.datetime  # rules time
    reason: str
    via: str
    method: str | None
    source: str | None
    entered_by: str | None
    recorded_at: dt.datetime  # real time


@dataclass(frozen=True, slots=True)
class ScreenedCallItem:
    """A call that came in to a screened line, and what the guard did with it; never who called."""

    call_id: str
    at: dt.datetime  # rules time
    called: str  # a number of ours
    endpoint: str
    action: str
    decision: str | None  # as ``guard.replay.unpack_decision`` reads it
    unjudged: str | None
    challenge: str | None
    answered: bool | None
    rang_s: float | None
    talked_s: float | None
    by_caller: bool | None
    reported_at: dt.datetime | None
    appealed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Which cases; None: all."""

    kind: str | None = None
    state: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class StopFilter:
    """Which stops; None: all. The span is of ``recorded_at``, without its end."""

    via: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalFilter:
    """Which withdrawals; None: all. The span is of ``recorded_at``, without its end."""

    via: str | None = None
    purpose: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ScreenedCallFilter:
    """Which screened calls; None: all. The span is of ``at``, without its end."""

    action: str | None = None
    called: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


COMPLAINTS = NewestFirst("complaints", ComplaintItem, Q["complaints"], Q["complaint"])
STOPS = NewestFirst("stops", StopItem, Q["stops"], Q["stop"])
WITHDRAWALS = NewestFirst("withdrawals", WithdrawalItem, Q["withdrawals"], Q["withdrawal"])
SCREENED_CALLS = NewestFirst(
    "screened calls", ScreenedCallItem, Q["screened_calls"], Q["screened_call"], id_kind=str, ranges="since until"
)


async def complaints(store: Store, wanted: ComplaintFilter, asked: PageOf) -> Page[ComplaintItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    return await COMPLAINTS.page(store, asked, asdict(wanted), {})


async def stops(store: Store, wanted: StopFilter, asked: PageOf) -> Page[StopItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    return await STOPS.page(store, asked, asdict(wanted), span(wanted.since, wanted.until))


async def withdrawals(store: Store, wanted: WithdrawalFilter, asked: PageOf) -> Page[WithdrawalItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    return await WITHDRAWALS.page(store, asked, asdict(wanted), span(wanted.since, wanted.until))


async def screened_calls(store: Store, wanted: ScreenedCallFilter, asked: PageOf) -> Page[ScreenedCallItem]:
    """Some of them. Raises InputError for a wrong limit or cursor, StoreError."""
    return await SCREENED_CALLS.page(store, asked, asdict(wanted), span(wanted.since, wanted.until))
