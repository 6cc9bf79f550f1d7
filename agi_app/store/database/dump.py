"""Loads the rows of a ``pg_dump`` into our own database, and nothing else of it.

The maker of the dump may have put anything into it. So no statement of it is run: of its text only the rows after each
``COPY … FROM stdin;`` are taken, into the tables that our own migrations made.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from psycopg import sql

from agi_app.errors import InputError, StoreError
from agi_app.messages import t
from agi_app.store.database import versions
from agi_app.store.database.pool import Store
from agi_app.store.database.postgres_programs import binaries
from agi_app.store.database.statements import Connection, load_queries, records

Q = load_queries("database/dump")
CUSTOM = b"PGDMP"  # how an archive of `pg_dump -Fc` begins
BLOCK = 1 << 16
_COPY = re.compile(rb'COPY public\.("?)([a-z0-9_]{1,63})\1 \(([a-z0-9_", ]+)\) FROM stdin;\n')
_NUMBER = re.compile(rb"(\d+)\t[^\t]*\t([0-9a-f]{64})\t")


async def load(store: Store, file: Path) -> int:
    """Put the rows of ``file`` in place of all that the migrated database has; returns how many tables it had.

    Raises InputError when it is no dump of this version's schema, StoreError when its rows do not fit.
    """
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["begin"])
        ours: dict[str, set[str]] = {
            row["table"]: set(row["columns"]) for row in await records(connection, Q["tables"])
        }
        await connection.execute(sql.SQL(Q["empty"]).format(sql.SQL(", ").join(map(sql.Identifier, ours))))
        seen: set[str] = set()
        with _text(file) as lines:
            for table, columns in _blocks(lines):
                if table == "schema_version":
                    _same_version(file, lines)
                elif table in ours and set(columns) <= ours[table]:
                    await _take(connection, table, columns, lines)
                seen.add(table)
        if "schema_version" not in seen:
            raise InputError(
                t("{file}: is not a dump of agi-app's database; make one with `pg_dump DATABASE_URL > FILE`", file=file)
            )
    return len(seen & ours.keys())


async def _take(connection: Connection, table: str, columns: list[str], lines: IO[bytes]) -> None:
    query = sql.SQL(Q["take"]).format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    async with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in _rows(lines):
            await copy.write(row)


def _blocks(lines: IO[bytes]) -> Iterator[tuple[str, list[str]]]:
    """The table and columns of each block of rows; the rows that nobody takes are passed over."""
    while line := lines.readline():
        if found := _COPY.fullmatch(line):
            yield found[2].decode(), [name.strip(b'" ').decode() for name in found[3].split(b",")]


def _rows(lines: IO[bytes]) -> Iterator[bytes]:
    """The rows of one block, to its end."""
    while (line := lines.readline()) not in (b"\\.\n", b""):
        yield line


def _same_version(file: Path, lines: IO[bytes]) -> None:
    """Only rows that this version wrote are understood."""
    has = {(int(row[1]), row[2].decode()) for line in _rows(lines) if (row := _NUMBER.match(line))}
    want = {(migration.number, migration.sha256) for migration in versions.known()}
    if has != want:
        raise InputError(
            t(
                "{file}: was made by another version of agi-app (its last migration is {max}, ours {max2});"
                " verify it with that version, or restore it to an empty database and run `agi-app migrate`",
                file=file,
                max=max(has, default=(0, ""))[0],
                max2=max(want)[0],
            )
        )


@contextmanager
def _text(file: Path) -> Iterator[IO[bytes]]:
    """The dump as text; an archive is made text by our own pg_restore, which runs nothing."""
    try:
        with file.open("rb") as opened:
            archive = opened.read(len(CUSTOM)) == CUSTOM
        if not archive:
            with file.open("rb", buffering=BLOCK) as opened:
                yield opened
            return
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {strerror}", file=file, strerror=error.strerror)) from error
    with tempfile.TemporaryFile() as made:
        command = [str(binaries() / "pg_restore"), "--data-only", "--file=-", str(file)]
        done = subprocess.run(command, stdout=made, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise StoreError(
                t(
                    "{file}: pg_restore cannot read it: {strip}",
                    file=file,
                    strip=done.stderr.decode(errors="replace").strip(),
                )
            )
        made.seek(0)
        yield made
