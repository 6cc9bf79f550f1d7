"""What people say of callers, each time a row of the audit tree: list entries, reports and appeals, choices of a line.

What is in force (``guard_list``, ``guard_vote``) names the row that made it so, and ``false_rows`` compares them: what
somebody wrote, changed or took away past this program shows. A person's number is there as its keyed hash.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from agi_app.audit.erasures import Erasure
from agi_app.guard.lists import Shape, shape_of
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, as_json, count, load_queries, pages, record, records, value
from agi_app.store.people.erasure import PERSON, Sign, Why, write_erasure

Q = load_queries("screening/guard_changes")
G = load_queries("screening/screened_calls")
KIND = "guard_change"
AT_ONCE = 1_000
_E164 = re.compile(r"\+[1-9][0-9]{4,14}")  # what has a keyed hash
Hash = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class ChangedBy:
    """Who says it, when (rules time)."""

    entered_by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class FalseRow:
    """Something in force that is not what was said last; ``change_id`` is what it names."""

    table: str
    row: int | str
    change_id: int | None
    leaf: int | None
    text: str


def entry_details(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is reported of a list entry, besides its numbers."""
    ends: dt.datetime | None = entry["expires_at"]
    return {
        "allow": entry["allow"],
        "line": entry["line"],
        "shared": entry["shared"],
        "reason": entry["reason"],
        "expires_at": None if ends is None else ends.astimezone(dt.UTC).isoformat(),
    }


async def tell_entry(connection: Connection, hashed: Hash, what: str, entry: Mapping[str, Any], said: ChangedBy) -> int:
    """An entry is listed, or unlisted; the id of the change."""
    number_hash, pattern = _subject(entry["pattern"], hashed)
    return await tell(connection, what, said, entry_details(entry), number_hash, pattern)


async def tell(
    connection: Connection,
    what: str,
    said: ChangedBy,
    details: Mapping[str, Any],
    number_hash: bytes | None = None,
    pattern: str | None = None,
) -> int:
    """Write one change; its id."""
    values = {
        "at": said.at,
        "what": what,
        "number_hash": number_hash,
        "pattern": pattern,
        "details": as_json(details),
        "entered_by": said.entered_by,
    }
    return await value(connection, int, Q["tell"], values) or 0


async def vote(store: Store, call_id: str, nuisance: bool, said: ChangedBy) -> bool:
    """Somebody says of a call's caller that it was a nuisance, or none; False: no such call. Raises StoreError."""
    async with store.transaction() as connection:
        query = Q["report" if nuisance else "appeal"]
        if (call := await record(connection, query, {"call_id": call_id, "at": said.at})) is None:
            return False
        number_hash, short = _subject(call["number"], store.hash_number)
        details = {"line": call["called"], "call": call_id}
        change = await tell(connection, "reported" if nuisance else "appealed", said, details, number_hash, short)
        if call["caller_id"] is not None:
            values = {"caller_id": call["caller_id"], "voter": call["called"], "at": said.at, "nuisance": nuisance}
            await connection.execute(Q["vote"], values | {"change_id": change})
            await connection.execute(Q["nuisance" if nuisance else "cleared"], values)
        return True


async def erase(store: Store, number: str, why: Why, sign: Sign) -> dict[str, int]:
    """Forget an E.164 number; its calls stay without it. What went, by kind. Raises StoreError."""
    values = {"number": number}
    async with store.transaction() as connection:
        await connection.execute(Q["begin_erasing"])
        gone = {
            "learned_script": await count(connection, G["erase_scripts"], values),
            "caller": await count(connection, G["erase_caller"], values),
            "list_entry": await count(connection, G["erase_entries"], values),
        }
        told = await records(connection, Q["erase"], {"number_hash": store.hash_number(number)})
        if ids := [row["id"] for row in told]:
            gone[KIND] = len(ids)
            await write_erasure(
                connection, Erasure(why.at, PERSON, None, {KIND: ids}, why.reason, why.entered_by), sign
            )
    return {kind: rows for kind, rows in gone.items() if rows}


async def false_rows(connection: Connection, hashed: Hash) -> list[FalseRow]:
    """Entries and votes that nobody said like this, and entries that were said and are gone; the first of each."""
    entries = pages(
        lambda after: records(connection, Q["lists"], {"after": after, "limit": AT_ONCE}), 0, itemgetter("entry_id")
    )
    votes = pages(
        lambda after: records(connection, Q["votes"], {"caller_id": after[0], "voter": after[1], "limit": AT_ONCE}),
        (0, ""),
        itemgetter("caller_id", "voter"),
    )
    found = [_false_entry(row, hashed) async for some in entries for row in some]
    found += [_false_vote(row, hashed) async for some in votes for row in some]
    lost = await records(connection, Q["lost"])
    text = t("the list entry of this change is gone, and nobody took it off")
    found += [FalseRow("guard_change", row["change_id"], row["change_id"], row["leaf"], text) for row in lost]
    return [row for row in found if row is not None]


def _false_entry(row: Mapping[str, Any], hashed: Hash) -> FalseRow | None:
    told = dict(row["details"] or {})
    before = told.pop("taken_over", False)
    if told.get("expires_at"):
        told["expires_at"] = dt.datetime.fromisoformat(told["expires_at"]).astimezone(dt.UTC).isoformat()
    same_number = before or (row["number_hash"], row["told"]) == _subject(row["pattern"], hashed)
    if row["what"] == "listed" and same_number and told == entry_details(row):
        return None
    text = t("guard_list {row} does not say what was said of it", row=row["entry_id"])
    return FalseRow("guard_list", row["entry_id"], row["change_id"], row["leaf"], text)


def _false_vote(row: Mapping[str, Any], hashed: Hash) -> FalseRow | None:
    told = row["details"] or {}
    number_hash, short = _subject(row["number"], hashed)
    same_number = told.get("taken_over") or (row["number_hash"], row["told"]) == (number_hash, short)
    what = "reported" if row["nuisance"] else "appealed"
    if row["what"] == what and same_number and told.get("line") == row["voter"]:
        return None
    text = t(
        "the vote of line {row} (guard_vote of caller {row2}) is not what was said",
        row=row["voter"],
        row2=row["caller_id"],
    )
    return FalseRow("guard_vote", row["caller_id"], row["change_id"], row["leaf"], text)


def _subject(pattern: str | None, hashed: Hash) -> tuple[bytes | None, str | None]:
    """A person's number as its keyed hash; short numbers of services, and whatever is no single number, as they are."""
    if pattern is None or shape_of(pattern) is not Shape.EXACT or not _E164.fullmatch(pattern):
        return None, pattern
    return hashed(pattern), None
