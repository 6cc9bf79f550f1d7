"""Contacts in bulk: a COPY into a temporary table, then one insert and one update.

A big file comes in batches, one transaction each. Two of them are on their way at once, on two
connections: while one stores its contacts, the next one stores its persons. Each passes both points
in the order of the file (``BatchOrder``), so that contacts are called in that order and neither waits
for a row that the other holds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

import msgspec
from psycopg.types.json import Jsonb

from agi_app.audit.stamps import Stamper
from agi_app.due.planner import Planner
from agi_app.due.points import Planned, urgency
from agi_app.errors import InputError
from agi_app.event_loop import in_background
from agi_app.messages import t
from agi_app.model.person import ContactRow, FurtherNumber
from agi_app.store.database.listen import tell_workers
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, count, load_queries, the_value
from agi_app.store.feeds import fed_contacts
from agi_app.store.people.persons import link_persons

Q = load_queries("people/contacts")
_dump = partial(msgspec.json.encode, order="deterministic")  # so that equal hours are equal
CAMPAIGNS = load_queries("calling/campaigns")
TYPES = (
    *("int4", "text", "text", "bytea", "text", "text[]", "text", "jsonb", "text"),
    *("timestamptz", "timestamptz", "timestamptz", "jsonb", "int2", "bool", "timestamptz", "int2", "int2"),
    *("text[]", "text[]"),
)
AT_A_TIME = 100  # rows that are copied before others have their turn
MOST_SHARING = 5  # persons with one number: of more, a human has to say who they are
ANALYSE_FROM = 10_000  # rows; the planner must know of a big import before the first claim


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did to the contacts of its campaign."""

    added: int
    updated: int
    unchanged: int
    held: int = field(default=0, kw_only=True)  # whose rows were rejected: nobody calls them


@dataclass(frozen=True, slots=True)
class Mark:
    """Of which import a batch is, how many rows of the file are done with it, and by which feed it comes."""

    run: str
    rows_done: int
    feed: str | None = None


class BatchOrder:
    """One batch's place in the row: it passes each point after the batch ``before`` it."""

    def __init__(self, before: BatchOrder | None = None) -> None:
        self._before = before
        self._persons_in = asyncio.Event()
        self._stored = asyncio.Event()

    async def wait_for_persons(self) -> None:
        """Until the persons of the batch before are in."""
        if self._before:
            await self._before._persons_in.wait()

    async def wait_for_contacts(self) -> None:
        """Say that our persons are in; until the batch before is committed. A failed one never is."""
        self._persons_in.set()
        if self._before:
            await self._before._stored.wait()
            self._before = None  # or all places of a file would hang together

    def stored(self) -> None:
        """Our batch is committed."""
        self._stored.set()


async def import_batch(
    store: Store,
    campaign: str,
    rows: Sequence[ContactRow],
    now: dt.datetime,
    place: BatchOrder,
    mark: Mark | None = None,
    plan: Planner | None = None,
    rejected: Sequence[str] = (),
) -> ImportCount:
    """Add or update one batch of a file, all or none. Never creates consent.

    They are due as ``plan`` says; without it, and without times, at ``now`` (rules time).

    Of two rows with one external id the last counts. Attempts made, decisions and suppression stay. Contacts with
    ``rejected`` ids are held until a row of theirs is good. ``mark`` is noted with it, so that an import can go on
    later. Raises InputError when there is no such campaign, StoreError.
    """
    unique = await in_background(_last_of_each, rows)
    values = {"campaign": campaign, "now": now, "rejected": list(rejected), "feed": mark.feed if mark else None}
    stamper = await store.stamper() if any(row.person_key or row.others for row in unique) else None
    async with store.transaction(limit=None) as connection:
        if not await count(connection, CAMPAIGNS["load"], {"names": [campaign], "states": None}):
            raise no_campaign(campaign)
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q["make_import_table"])
        await _copy(store, connection, unique, now, plan)
        await connection.execute(Q["analyse_import"])
        await _persons(store, connection, campaign, unique, place, stamper)
        await connection.execute(Q["lock_room"], values)
        updated = held = 0
        async with fed_contacts.noted(connection, values):
            added = await count(connection, Q["add_contacts"], values)
            if added < len(unique):  # those that were just added are as they should be
                updated = await count(connection, Q["update_contacts"], values)
        if rejected:
            held = await the_value(connection, int, Q["hold_rejected"], values, "no count")
        if updated or held:
            await tell_workers(connection, {"contacts": campaign})
        await connection.execute(Q["drop_import_table"])
        counted = ImportCount(added, updated, len(unique) - added - updated, held=held)
        if mark:
            moved = {"campaign": campaign, "run": mark.run, "rows_done": mark.rows_done, **asdict(counted)}
            await connection.execute(Q["move_import_on"], moved)
    place.stored()
    return counted


def _last_of_each(rows: Sequence[ContactRow]) -> list[ContactRow]:
    return list({row.external_id: row for row in rows}.values())


async def _persons(
    store: Store,
    connection: Connection,
    campaign: str,
    rows: Sequence[ContactRow],
    place: BatchOrder,
    stamper: Stamper | None,
) -> None:
    """Whose numbers they are; those of one row, and those with one key, are one person's."""
    await place.wait_for_persons()
    await connection.execute(Q["add_persons"])
    several = [row for row in rows if row.others]
    if several:
        await _copy_numbers(store, connection, campaign, several)
    await place.wait_for_contacts()
    if several:
        await connection.execute(Q["hold_shared"], {"most": MOST_SHARING})
        await link_persons(connection, "import_number", stamper, remember=False)
        await connection.execute(Q["find_numbers"])
    await link_persons(connection, "import_row", stamper)


async def analyse(store: Store, rows: int) -> None:
    """Tell the planner of a big import."""
    if rows >= ANALYSE_FROM:
        await store.execute(Q["analyse_contacts"], limit=None)


async def wake_old_rules(store: Store, ruleset_version: str, now: dt.datetime) -> int:
    """Let the gate look again at what other calling rules refused in running campaigns; returns how many."""
    return await store.execute(CAMPAIGNS["wake_old_rules"], {"version": ruleset_version, "now": now}, limit=None)


def no_campaign(name: str) -> InputError:
    """The error for contacts of a campaign that is not in the database."""
    return InputError(t("there is no campaign {name} in the database: check its name and file", name=name))


async def _copy(
    store: Store, connection: Connection, rows: Sequence[ContactRow], now: dt.datetime, plan: Planner | None
) -> None:
    async with connection.cursor() as cursor, cursor.copy(Q["copy_rows"]) as copy:
        copy.set_types(TYPES)
        for place, row in enumerate(rows):
            if place % AT_A_TIME == 0:
                await asyncio.sleep(0)  # a worker that imports makes calls, too
            times = row.times
            planned = None if plan is None else plan(row.number, times, 0, now)
            planned = planned or Planned(0, now)
            await copy.write_row(
                (
                    place,
                    row.external_id,
                    row.number,
                    store.hash_number(row.number),
                    row.region,
                    list(row.zones),
                    row.language,
                    Jsonb(row.fields, dumps=msgspec.json.encode),
                    row.person_key,
                    times.event,
                    times.not_before,
                    times.not_after,
                    Jsonb(times.preferred, dumps=_dump) if times.preferred else None,
                    row.priority,
                    row.cancelled,
                    planned.at,
                    planned.point,
                    urgency(row.priority, planned.point),
                    [row.number, *(other.number for other in row.others)] if row.others else None,
                    [row.kind or "", *(other.kind or "" for other in row.others)] if row.others or row.kind else None,
                )
            )


async def _copy_numbers(store: Store, connection: Connection, campaign: str, rows: Sequence[ContactRow]) -> None:
    """All numbers of rows that have several, and the persons that they are of."""
    await connection.execute(Q["make_number_table"])
    async with connection.cursor() as cursor, cursor.copy(Q["copy_numbers"]) as copy:
        copy.set_types(["text", "text", "bytea", "text", "text[]"])
        for place, row in enumerate(rows):
            if place % AT_A_TIME == 0:
                await asyncio.sleep(0)
            key = row.person_key or f"{campaign} {row.external_id}"
            own = FurtherNumber(row.number, row.region, row.zones)
            for one in (own, *row.others):
                await copy.write_row((key, one.number, store.hash_number(one.number), one.region, list(one.zones)))
    await connection.execute(Q["add_other_persons"])
