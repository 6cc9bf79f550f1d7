"""Who imported which file: noted before its first row is stored; what was stored of it, with the rows themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, load_queries, pages

Q = load_queries("people/imported_files")
AT_ONCE = 1000
KINDS = ("contacts", "consents", "stops", "do_not_call", "complaints", "guard")


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """Where a list of contacts comes from that was made from another campaign's."""

    from_campaign: str
    condition: str
    matched: int  # contacts of that campaign that the condition names
    left_out: Mapping[str, int]  # reason -> how many of them


@dataclass(frozen=True, slots=True)
class ImportedBy:
    """Who imports, and when (rules time); ``made_from``: of no file, but of another campaign's contacts.

    ``feed``: it comes by that feed, all in one transaction, and a list as before is not noted again.
    """

    account: str
    os_user: str | None
    at: dt.datetime
    made_from: MadeFrom | None = None
    feed: str | None = None
    noted: bool = True  # False: it is the same list as the last time


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as it was read. ``about``: the campaign of contacts, the list of do-not-call numbers."""

    kind: str  # one of KINDS
    name: str  # without its folder
    sha256: bytes
    rows: int
    rejected: int
    about: str | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import of a file; not ``finished``: it goes on, or broke off."""

    import_id: int
    kind: str
    name: str
    sha256: str  # hex
    about: str | None
    at: dt.datetime
    account: str
    os_user: str | None
    rows: int
    rejected: int
    added: int
    updated: int
    unchanged: int
    finished: bool
    from_campaign: str | None = None  # whose contacts a follow-up was made of
    condition: str | None = None


async def begin(store: Store, file: FileSeen, by: ImportedBy) -> int:
    """Note an import; returns its number. Raises StoreError, and then nothing may be imported."""
    values: dict[str, Any] = {**asdict(file), "account": by.account, "os_user": by.os_user, "at": by.at}
    query = "begin"
    if by.made_from is not None:
        query = "begin_follow_up"
        values |= {**asdict(by.made_from), "left_out": as_json(dict(by.made_from.left_out))}
    return await store.the_value(int, Q[query], values, "the import was not noted")


async def stored(
    where: Store | Connection,
    import_id: int,
    added: int,
    updated: int,
    unchanged: int,
    *,
    consents: str | None = None,
    finished: bool = True,
) -> None:
    """Note what was stored; ``consents`` are ids as PostgreSQL writes an int8multirange."""
    counts = {"import_id": import_id, "added": added, "updated": updated, "unchanged": unchanged}
    await where.execute(Q["stored"], {**counts, "consents": consents, "finished": finished})


def listed(
    store: Store, since: dt.datetime, until: dt.datetime, kinds: Sequence[str] | None
) -> AsyncIterator[list[ImportRow]]:
    """Imports that began within the span of rules time, some at a time."""
    values = {"since": since, "until": until, "kinds": list(kinds) if kinds else None, "limit": AT_ONCE}
    return pages(lambda after: store.rows(ImportRow, Q["listed"], {**values, "after": after}), 0, lambda r: r.import_id)
