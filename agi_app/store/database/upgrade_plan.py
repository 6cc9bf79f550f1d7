"""Which migrations a database lacks, what each changes, and by the sizes of tables about how long that takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agi_app.errors import StoreError
from agi_app.messages import t, template
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, record, records, rows
from agi_app.store.database.versions import Applied, Migration, known, releases, still_missing

Q = load_queries("database/upgrade_plan")
VERSIONS = load_queries("database/migrate")
MIB = 1 << 20
ROWS_PER_S, REWRITE_PER_S, SCAN_PER_S = 10_000, 20 * MIB, 100 * MIB  # of a small machine; bytes but for the first
LEAST_S = 0.1  # of any migration
_COMMENT = re.compile(r"--[^\n]*|\$(\w*)\$.*?\$\1\$", re.S)  # and the bodies of functions
_NAME = r'(?:public\.)?"?(\w+)"?'
_KINDS: tuple[tuple[str, str, str, str], ...] = (  # what is told, what it costs, and how it is written
    (template("new table {name}"), "", "CREATE", "TABLE (?:IF NOT EXISTS )?"),
    (template("table {name} goes"), "", "DROP", "TABLE (?:IF EXISTS )?"),
    (template("rows of {name} change"), "rows", "UPDATE", "(?!OR |OF |ON )(?:ONLY )?"),
    (template("rows of {name} go"), "rows", "DELETE", "FROM (?:ONLY )?"),
    (template("rows come into {name}"), "", "INSERT", "INTO "),
    (template("index on {name}"), "rewrite", "CREATE", r"(?:UNIQUE )?INDEX (?:\w+ )?ON "),
    (template("columns or checks of {name} change"), "scan", "ALTER", "TABLE (?:IF EXISTS )?(?:ONLY )?"),
)
_PATTERNS = [
    (told, cost, re.compile(rf"(?:^|[;\s(]){verb}\s+{what}{_NAME}", re.I)) for told, cost, verb, what in _KINDS
]


@dataclass(frozen=True, slots=True)
class PlannedMigration:
    """One that is not applied yet: what it changes, and about how many seconds that takes here."""

    name: str
    changes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """The way of a database to this version; ``at`` is the number of its last migration, 0 for none."""

    at: int
    to: int
    release: str  # the newest one that the database can be of; "": none
    size: int  # bytes of its tables
    migrations: tuple[PlannedMigration, ...]

    @property
    def seconds(self) -> float:
        """About how long all of it takes; nobody is called meanwhile."""
        return sum(one.seconds for one in self.migrations)


async def plan(store: Store) -> UpgradePlan:
    """What `agi-app migrate` would do now. Open the store with ``check_schema=False``. Changes nothing.

    Raises StoreError, also when the database is newer than this program, or older than the oldest release from which
    one upgrades at once, or a migration of it has another text.
    """
    async with store.connection() as connection:
        there = await record(connection, VERSIONS["exists"])
        applied = await rows(connection, Applied, VERSIONS["applied"]) if there and there["exists"] else []
        sizes = {row["name"]: (row["bytes"], row["rows"]) for row in await records(connection, Q["sizes"])}
    missing = still_missing(known(), applied, store.where)
    at, known_ = applied[-1].number if applied else 0, releases()
    if known_.too_old(at):
        told = (
            "database {where}: is older than agi-app {oldest}, and an upgrade from there is not tried: upgrade it by"
            " agi-app {oldest} first, then by this one (docs/how-to/upgrade.md)"
        )
        raise StoreError(t(told, where=store.where, oldest=known_.oldest))
    size = sum(size for size, _ in sizes.values())
    return UpgradePlan(at, missing[-1].number if missing else at, known_.of(at), size, tuple(_planned(missing, sizes)))


async def working(store: Store) -> tuple[str, ...]:
    """The workers that live, of whatever version the database is. Raises StoreError."""
    return tuple(row["name"] for row in await store.records(Q["working"]))


def _planned(missing: Sequence[Migration], sizes: Mapping[str, tuple[int, int]]) -> Iterator[PlannedMigration]:
    new: set[str] = set()
    for migration in missing:
        changes, seconds = [], LEAST_S
        for told, cost, name in statements(migration.text):
            changes.append(t(told, name=name))
            if told == _KINDS[0][0]:
                new.add(name)
            elif name not in new:
                seconds += _cost(cost, *sizes.get(name, (0, 0)))
        yield PlannedMigration(migration.name, tuple(dict.fromkeys(changes)), seconds)


def statements(text: str) -> list[tuple[str, str, str]]:
    """What a migration's statements do: what is told of each, what it costs, and the table. Pure."""
    bare = _COMMENT.sub(" ", text)
    found = [
        (match.start(), told, cost, match[1].lower())
        for told, cost, pattern in _PATTERNS
        for match in pattern.finditer(bare)
    ]
    return [(told, cost, name) for _, told, cost, name in sorted(found)]


def _cost(kind: str, size: int, number: int) -> float:
    if kind == "rows":
        return max(number / ROWS_PER_S, size / REWRITE_PER_S)
    return size / REWRITE_PER_S if kind == "rewrite" else size / SCAN_PER_S if kind == "scan" else 0.0
