"""What must be true before anybody is called: durable commits, agreeing clocks, the right suppression key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.clock import Clock, SandboxClock
from agi_app.errors import SafetyError
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, records, the_value, value

Q = load_queries("database/session")
SUPPRESSION_KEY = "suppression_key_check"
PROJECT = "project_id"


async def assert_durable(store: Store) -> None:
    """Raise SafetyError unless a committed row survives a power cut."""
    row = await store.record(Q["durability"])
    for setting, state in (row or {}).items():
        if state == "off":
            raise SafetyError(
                t(
                    "database {where}: {setting} is off, so a crash could forget a call or a stop; set {setting} ="
                    " on in postgresql.conf",
                    where=store.where,
                    setting=setting,
                )
            )


async def database_now(store: Store) -> dt.datetime:
    """The database's own real time (UTC)."""
    return await store.the_value(
        dt.datetime, Q["database_now"], None, t("database {where}: gave no time", where=store.where)
    )


async def clock_difference(store: Store) -> dt.timedelta:
    """Real time of this host minus that of the database, halfway through one round trip."""
    before = store.clock.real_now()
    theirs = await database_now(store)
    after = store.clock.real_now()
    return before + (after - before) / 2 - theirs


async def sandbox_offset(store: Store, start: dt.datetime) -> dt.timedelta:
    """Rules time minus real time for a sandbox clock that began at ``start``, equal in all processes.

    The first use of a ``start`` anchors it at the database's real now; another ``start`` anchors it again.
    """
    async with store.transaction() as connection:
        await connection.execute(Q["anchor_sandbox_clock"], {"start": start})
        lost = t("database {where}: lost the sandbox clock; run `agi-app migrate`", where=store.where)
        return dt.timedelta(seconds=await the_value(connection, float, Q["sandbox_offset"], None, lost))


async def rules_clock(store: Store, start: dt.datetime | None) -> Clock:
    """The clock that rules are judged by: the real one, or a sandbox's that began at ``start``.

    Raises SafetyError when the database is bound to the other kind: what was written by a sandbox's clock (a proof
    until 2046) would hold by the real one, too.
    """
    await _bind_clock(store, Clock.name if start is None else SandboxClock.name)
    return Clock() if start is None else SandboxClock(await sandbox_offset(store, start))


async def rules_clock_as_it_is(store: Store, start: dt.datetime | None) -> Clock:
    """The same for a process that may change nothing; a worker or a command has opened the database before.

    Raises SafetyError when the database is bound to the other kind of clock, or to none yet.
    """
    wanted = Clock.name if start is None else SandboxClock.name
    async with store.connection() as connection:
        bound = await value(connection, str, Q["bound_clock"]) or Clock.name
        if bound != wanted:
            raise SafetyError(_OTHER_CLOCK[bound].format(where=store.where))
        if start is None:
            return Clock()
        lost = t("database {where}: has no sandbox clock yet: run `agi-app doctor` once", where=store.where)
        return SandboxClock(dt.timedelta(seconds=await the_value(connection, float, Q["sandbox_offset"], None, lost)))


async def _bind_clock(store: Store, wanted: str) -> None:
    """A database is bound to one clock for good: to a sandbox's when that first opens it, else at first use."""
    async with store.transaction() as connection:
        (row,) = await records(connection, Q["clock"])
        bound = row["bound"] or (Clock.name if row["used"] else None)
        if bound not in (None, wanted):
            raise SafetyError(t(_OTHER_CLOCK[bound], where=store.where))
        if row["bound"] is None and (row["used"] or wanted == SandboxClock.name):
            await connection.execute(Q["bind_clock"], {"clock": wanted})


_OTHER_CLOCK = {
    SandboxClock.name: (
        "database {where}: it was filled by a sandbox's clock, so nothing in it holds for real calls; for real calls"
        " make a separate project (`agi-app init DIR`, with --template if this one had one), or name another, empty"
        " database in database_url of agi-app.toml"
    ),
    Clock.name: (
        "database {where}: it was filled by the real clock, as by an import before the sandbox was up, and [sandbox]"
        " clock would judge by another one; make a new folder for the sandbox (`agi-app init DIR`, with --template if"
        " this one had one), and start the sandbox before anything is imported there; this folder is for real calls:"
        " end the sandbox, or remove `clock` if you wrote it into agi-app.toml"
    ),
}


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """What the database knows of its project; None: not yet."""

    project: str | None
    suppression_key: str | None  # its check value


async def identity_of(store: Store) -> StoredIdentity:
    """Whose database this is."""
    async with store.connection() as connection:
        project = await value(connection, str, Q["read_meta"], {"key": PROJECT})
        return StoredIdentity(project, await value(connection, str, Q["read_meta"], {"key": SUPPRESSION_KEY}))


async def store_identity(store: Store, project: str, check_value: str) -> None:
    """Make this the project's database, as far as it is nobody's yet."""
    async with store.transaction() as connection:
        await connection.execute(Q["remember_meta"], {"key": SUPPRESSION_KEY, "value": check_value})
        await connection.execute(Q["remember_meta"], {"key": PROJECT, "value": project})


def compare_key(known: StoredIdentity, check_value: str) -> None:
    """Raise SafetyError when the database was filled with another suppression key."""
    if known.suppression_key not in (None, check_value):
        raise SafetyError(
            t(
                "the suppression key is not the one this database was filled with, so nobody who said stop would"
                " be recognised; put the right suppression.key back into the data folder (it is in your backup;"
                " nodes that share a database share it)"
            )
        )
