"""What must be true before anybody is called: durable commits, agreeing clocks, the right suppression key."""

from __future__ import annotations

import datetime as dt

from agi_app.clock import Clock, SandboxClock, SystemClock
from agi_app.errors import SafetyError, StoreError
from agi_app.store import queries
from agi_app.store.pool import Store
from agi_app.store.statements import record

Q = queries.load("session")
SUPPRESSION_KEY = "suppression_key_check"


async def assert_durable(store: Store) -> None:
    """Raise SafetyError unless a committed row survives a power cut."""
    async with store.connection() as connection:
        row = await record(connection, Q["durability"])
    for setting, value in (row or {}).items():
        if value == "off":
            raise SafetyError(
                f"database {store.where}: {setting} is off, so a crash could forget a call or a stop; "
                f"set {setting} = on in postgresql.conf"
            )


async def database_now(store: Store) -> dt.datetime:
    """The database's own real time (UTC)."""
    async with store.connection() as connection:
        row = await record(connection, Q["database_now"])
    if row is None:
        raise StoreError(f"database {store.where}: gave no time")
    now: dt.datetime = row["now"]
    return now


async def clock_difference(store: Store) -> dt.timedelta:
    """Real time of this host minus that of the database, halfway through one round trip."""
    before = store.clock.real_now()
    theirs = await database_now(store)
    after = store.clock.real_now()
    return before + (after - before) / 2 - theirs


async def sandbox_offset(store: Store, start: dt.datetime) -> dt.timedelta:
    """Rules time minus real time for a sandbox clock that began at ``start``, equal in all processes.

    The first use of a ``start`` anchors it at the database's real now; another ``start`` anchors anew.
    """
    async with store.transaction() as connection:
        await connection.execute(Q["anchor_sandbox_clock"], {"start": start})
        row = await record(connection, Q["sandbox_offset"])
    if row is None:
        raise StoreError(f"database {store.where}: lost the sandbox clock; run `agi-app migrate`")
    return dt.timedelta(seconds=row["seconds"])


async def rules_clock(store: Store, start: dt.datetime | None) -> Clock:
    """The clock that rules are judged by: the real one, or a sandbox's that began at ``start``."""
    return SystemClock() if start is None else SandboxClock(await sandbox_offset(store, start))


async def confirm_suppression_key(store: Store, check_value: str) -> None:
    """Store the key's check value at first use; raise SafetyError when it is not that one later."""
    async with store.transaction() as connection:
        await connection.execute(Q["remember_meta"], {"key": SUPPRESSION_KEY, "value": check_value})
        row = await record(connection, Q["read_meta"], {"key": SUPPRESSION_KEY})
    if row is None or row["value"] != check_value:
        raise SafetyError(
            "the suppression key is not the one this database was filled with, so nobody who said stop would be "
            "recognised; put the right suppression.key back into the data folder (it is in your backup; nodes that "
            "share a database share it)"
        )
