"""Contacts in bulk: a COPY into a temporary table, then one insert and one update."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from psycopg.types.json import Jsonb

from agi_app.errors import InputError, StoreError
from agi_app.model.person import ContactRow
from agi_app.store import queries
from agi_app.store.pool import Store
from agi_app.store.statements import Connection, count

Q = queries.load("contacts")
CAMPAIGNS = queries.load("campaigns")
ANALYSE_FROM = 10_000  # rows; the planner must know of a big import before the first claim


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did to the contacts of its campaign."""

    added: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ContactCounts:
    """How far a campaign's contacts are. ``parked`` (refused until a person mends something) is part of ``pending``."""

    total: int
    pending: int
    parked: int
    claimed: int
    done: int


async def import_contacts(store: Store, campaign: str, rows: Sequence[ContactRow], now: dt.datetime) -> ImportCount:
    """Add or update contacts, all or none; due at ``now`` (rules time). Never creates consent.

    Of two rows with one external id the last counts. Attempts made, decisions and suppression stay.
    Raises InputError when there is no such campaign, StoreError.
    """
    unique = list({row.external_id: row for row in rows}.values())
    async with store.transaction(limit=None) as connection:
        if not await count(connection, CAMPAIGNS["load"], {"names": [campaign], "states": None}):
            raise InputError(f"there is no campaign {campaign} in the database: check its name and file")
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q["make_import_table"])
        await _copy(store, connection, unique)
        await connection.execute(Q["analyse_import"])
        await connection.execute(Q["add_persons"])
        values = {"campaign": campaign, "now": now}
        updated = await count(connection, Q["update_contacts"], values)
        added = await count(connection, Q["add_contacts"], values)
    if len(unique) >= ANALYSE_FROM:
        async with store.connection() as connection:
            await connection.execute(Q["analyse_contacts"])
    return ImportCount(added, updated, len(unique) - added - updated)


async def contacts_of(store: Store, campaign: str) -> ContactCounts:
    """Progress of a campaign; all zero when it has no contacts."""
    found = await store.rows(ContactCounts, Q["counts"], {"campaign": campaign})
    if not found:
        raise StoreError(f"database {store.where}: did not count")
    return found[0]


async def wake_old_rules(store: Store, ruleset_version: str, now: dt.datetime) -> int:
    """Let the gate look again at what other calling rules refused in running campaigns; returns how many."""
    async with store.transaction(limit=None) as connection:
        return await count(connection, CAMPAIGNS["wake_old_rules"], {"version": ruleset_version, "now": now})


async def _copy(store: Store, connection: Connection, rows: Sequence[ContactRow]) -> None:
    async with connection.cursor() as cursor, cursor.copy(Q["copy_rows"]) as copy:
        copy.set_types(["int4", "text", "text", "bytea", "text", "text[]", "text", "jsonb"])
        for place, row in enumerate(rows):
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
                )
            )
