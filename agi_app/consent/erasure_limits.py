"""What an erasure cannot reach, and until when it is there: said after each one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.prompts.prepared import KEPT_S
from agi_app.store.database.traces import Cleaned

LOOKED_AT_EVERY = dt.timedelta(hours=1)  # old spoken texts


@dataclass(frozen=True, slots=True)
class Remains:
    """One place, and until when the person's data may be there."""

    where: str
    until: str


def remains(cleaned: Cleaned, now: dt.datetime) -> list[Remains]:
    """After an erasure, or a rewriting of the database, at ``now`` (real time)."""
    return [*_in_tables(cleaned), *_in_log(cleaned), *_elsewhere(now)]


def _in_tables(cleaned: Cleaned) -> list[Remains]:
    where = "old versions of the rows in the database's files"
    if cleaned.rewritten:
        return []
    if not cleaned.freed:
        return [Remains(where, f"PostgreSQL vacuums its tables (not now: {cleaned.fault})")]
    return [
        Remains(where, "other rows are written over them; `agi-app purge --rewrite`, with no worker running, ends it")
    ]


def _in_log(cleaned: Cleaned) -> list[Remains]:
    found = []
    if not cleaned.overwritten:
        until = "its segments are written over, which the same command does"
        if cleaned.rewritten:
            until = "its segments are written over (our role may not do it)"
        found.append(Remains("the database's write-ahead log", until))
    if cleaned.archived:
        found.append(Remains("the archive of the write-ahead log", "you delete what is older than this"))
    return found


def _elsewhere(now: dt.datetime) -> list[Remains]:
    spoken = now + dt.timedelta(seconds=KEPT_S) + LOOKED_AT_EVERY
    return [
        Remains("texts spoken on other nodes and in rehearsals", f"{spoken:%Y-%m-%d %H:%M} UTC"),
        Remains("backups, exports, reports, rejects files and the files that were imported", "you delete them"),
    ]
