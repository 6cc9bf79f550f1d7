"""Whether the database's objects are those that the migrations make: tables, functions, triggers, casts, all else.

A view in a table's place, an operator of the same name or a disabled trigger could let every query of ours lie. So what
PostgreSQL's own catalog says of the schema is compared with ``catalog.txt``, which ``scripts/catalog`` writes. This
holds against the owner of the database; a superuser can change what the catalog itself says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from agi_app.errors import SafetyError
from agi_app.messages import t, template
from agi_app.store.database import versions
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records

FILE = Path(__file__).with_name("catalog.txt")
Q = load_queries("database/catalog")
PARTS = (
    *("relations", "columns", "constraints", "indexes", "triggers", "rules", "policies", "children", "functions"),
    *("operators", "types", "casts", "event_triggers", "operator_classes", "others", "settings"),
)
ONE = "(SELECT kind, name::text AS name, definition FROM ({query}\n) AS x)"
ALL = "\nUNION ALL\n".join(ONE.replace("{query}", Q[part]) for part in PARTS)
NAMED = 5  # in one message
MEND = (
    "if nobody here can say why, keep the database as it is and find out who changed it (docs/how-to/audit.md)."
    " Put your own objects into a separate schema, not public"
)


def migrations_hash() -> str:
    """Names the migrations that a description was made from."""
    return hashlib.sha256("".join(f"{m.name} {m.sha256}\n" for m in versions.known()).encode()).hexdigest()


async def describe(connection: Connection) -> dict[str, str]:
    """Each object's kind and name -> the hash of its definition."""
    found: dict[str, list[str]] = {}
    for row in await records(connection, ALL):
        found.setdefault(f"{row['kind']} {row['name']}", []).append(row["definition"] or "")
    return {name: hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()[:32] for name, texts in found.items()}


@cache
def pinned() -> Mapping[str, str]:
    """The same as it must be: of ``catalog.txt``."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition(" ") for line in lines if not line.startswith("#"))}


def text_of(found: Mapping[str, str]) -> str:
    """What ``catalog.txt`` is to say."""
    return f"# The schema as the migrations make it; scripts/catalog writes this.\n# {migrations_hash()}\n" + "".join(
        f"{digest} {name}\n" for name, digest in sorted(found.items())
    )


async def differences(connection: Connection) -> list[tuple[str, str]]:
    """Every object that is not as it must be, with what is wrong: ``("table suppression", "is not there")``."""
    want, have = pinned(), await describe(connection)
    found = [(name, template("is not there")) for name in want.keys() - have.keys()]
    found += [(name, template("does not belong to agi-app")) for name in have.keys() - want.keys()]
    found += [(name, template("was changed")) for name in want.keys() & have.keys() if want[name] != have[name]]
    whole = {
        name.partition(" ")[2] for name, what in found if name.startswith("table ") and what != template("was changed")
    }
    told = [(name, what) for name, what in found if _table_of(name) not in whole]
    return sorted(told, key=lambda pair: (_table_of(pair[0]) is not None, pair))


def _table_of(name: str) -> str | None:
    """The table that an object is a part of: ``suppression`` of ``column suppression.at``."""
    of_table = name.startswith(("column ", "constraint ", "index ", "trigger ", "rule "))
    return name.partition(" ")[2].partition(".")[0] if of_table else None


async def fault(store: Store) -> str | None:
    """What is wrong with the database's objects, for people; None when all is well. Raises StoreError."""
    async with store.connection() as connection:
        found = await differences(connection)
    if not found:
        return None
    named = ", ".join(f"{name} {t(what)}" for name, what in found[:NAMED])
    more = t(" and {found} more", found=len(found) - NAMED) if len(found) > NAMED else ""
    return t(
        "the database's objects are not those of this version: {named}{more}; {mend}",
        named=named,
        more=more,
        mend=t(MEND),
    )


async def check(store: Store) -> None:
    """Raise SafetyError unless all is as it must be."""
    if (found := await fault(store)) is not None:
        raise SafetyError(found)
