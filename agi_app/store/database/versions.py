"""Which migrations exist and which of them a database has."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.faults import NOT_MIGRATED
from agi_app.store.database.statements import Connection, load_queries, record, rows

FOLDER = Path(__file__).parent / "schema"
RELEASES = Path(__file__).parent / "releases.toml"
Q = load_queries("database/migrate")


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of ``schema_version``; ``sha256`` of the file's text, so that a later change of it is detected."""

    number: int
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Migration(Applied):
    """One file."""

    text: str


def known(folder: Path = FOLDER) -> list[Migration]:
    """The migrations this version of agi-app brings, in order."""
    found = []
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
        text = path.read_text(encoding="utf-8")
        found.append(Migration(int(path.name[:4]), path.stem, hashlib.sha256(text.encode()).hexdigest(), text))
    return found


@dataclass(frozen=True, slots=True)
class Releases:
    """The number of each release's last migration, and the oldest release from which one upgrades at once."""

    oldest: str
    migrations: dict[str, int]

    def of(self, number: int) -> str:
        """The newest release that a database with this last migration can be of; "" when it is older than all."""
        return next((name for name, last in reversed(self.migrations.items()) if last <= number), "")

    def too_old(self, number: int) -> bool:
        """Whether a database goes by an older release first; an empty one does not."""
        return 0 < number < self.migrations[self.oldest]


def releases() -> Releases:
    """Those that this version knows, the oldest first. Blocks."""
    return Releases(**tomllib.loads(RELEASES.read_text("utf-8")))


async def check(connection: Connection, where: str) -> None:
    """Raise StoreError unless the tables are exactly those of this version."""
    table = await record(connection, Q["exists"])
    applied = await rows(connection, Applied, Q["applied"]) if table and table["exists"] else []
    if still_missing(known(), applied, where):
        raise StoreError(t("database {where}: {not_migrated}", where=where, not_migrated=t(NOT_MIGRATED)))


def still_missing(migrations: list[Migration], applied: list[Applied], where: str) -> list[Migration]:
    """What must still be applied; raises StoreError for a changed migration or a newer database."""
    for ours, theirs in zip(migrations, applied, strict=False):
        if (ours.number, ours.sha256) != (theirs.number, theirs.sha256):
            raise StoreError(
                t(
                    "database {where}: migration {name} was applied with another text than {name2} has now; a"
                    " migration is never changed: put the old file back and add a new one",
                    where=where,
                    name=theirs.name,
                    name2=ours.name,
                )
            )
    if len(applied) > len(migrations):
        raise StoreError(
            t(
                "database {where}: was made by a newer agi-app (it has {name}); install that version, this one"
                " could do harm",
                where=where,
                name=applied[-1].name,
            )
        )
    return migrations[len(applied) :]
