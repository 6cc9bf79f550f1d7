"""A copy of the whole database by PostgreSQL's own programs: out of it as of one moment, and into an empty one.

The programs are those of the packaged server; they read servers of every version up to their own. What they say is told
in one line; a password is never on a command line, where every user of the machine could read it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from agi_app.errors import AgiAppError, StoreError
from agi_app.log import without_numbers
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.postgres_programs import binaries
from agi_app.store.database.statements import load_queries, records

Q = load_queries("database/whole_copy")
CHUNK = 1 << 18  # bytes
_NEW_SETTING = b"SET transaction_timeout = 0;\n"  # is written always, and servers before 17 do not know it
_HEAD = 60  # lines in which it is
_MOST_TOLD = 300  # characters


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A database as it is at one moment; ``dump`` may be read while the block of ``copy_of`` goes on."""

    project: str
    suppression_key: str
    schema: int
    decisions: int
    entries: int
    checkpoint: str | None  # the newest copy of a signed one
    running: tuple[str, ...]
    nodes: tuple[str, ...]
    _address: str
    _snapshot: str
    where: str

    def dump(self) -> Iterator[bytes]:
        """The bytes of a `pg_dump`. Blocks. Raises StoreError."""
        return dump_of(self._address, self.where, f"--snapshot={self._snapshot}")


@asynccontextmanager
async def copy_of(store: Store) -> AsyncIterator[DatabaseCopy]:
    """The database at this moment, which stays what it is until the block ends; others go on. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["begin"])
        (held,) = await records(connection, Q["snapshot"])
        (told,) = await records(connection, Q["told"])
        if told["project"] is None:
            raise StoreError(
                t("database {where}: belongs to no project yet; there is nothing to keep", where=store.where)
            )
        lists: Mapping[str, Any] = {name: tuple(told[name]) for name in ("running", "nodes")}
        yield DatabaseCopy(**{**told, **lists}, _address=store.address, _snapshot=held["snapshot"], where=store.where)


def dump_of(address: str, where: str, *options: str) -> Iterator[bytes]:
    """The bytes of a `pg_dump` of a database in its custom format. Blocks. Raises StoreError."""
    ours = ("--format=custom", "--compress=gzip:2", "--no-owner", "--no-acl")
    with _program("pg_dump", *ours, *options, address=address) as program:
        while chunk := program.out.read(CHUNK):
            yield chunk
        if program.wait():
            raise StoreError(t("database {where}: pg_dump failed: {said}", where=where, said=program.told()))


async def is_empty(store: Store) -> bool:
    """Whether nobody has made anything in the database. Raises StoreError."""
    return not await store.value(int, Q["objects"])


def load(address: str, dump: Iterable[bytes], then: sql.Composable | None = None) -> None:
    """Put a dump into an empty database, and do ``then`` in the same transaction: all of it or nothing. Blocks.

    However this process ends, what is not whole is undone. Raises StoreError, and what ``dump`` raises.
    """
    quiet = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-")
    with _program("psql", *quiet, address=address) as program:
        try:
            program.into.write(b"BEGIN;\n")  # an end without COMMIT undoes it, which --single-transaction would not
            _as_text(dump, program.into)
            ending = b"\n" if then is None else then.as_string(None).encode() + b";\n"
            program.into.write(ending + b"COMMIT;\n")
            program.into.close()
        except BrokenPipeError:  # it stopped at an error, which it tells
            pass
        if program.wait():
            raise StoreError(t("the database does not take the backup: {said}", said=program.told()))


def _as_text(dump: Iterable[bytes], out: IO[bytes]) -> None:
    """The statements and rows of a dump, without the one setting that older servers refuse."""
    options = ("--format=custom", "--file=-", "--no-owner", "--no-acl")
    with _program("pg_restore", *options) as program:
        feeding = _Feeder(dump, program)
        for _ in range(_HEAD):
            line = program.out.readline()
            if line != _NEW_SETTING:
                out.write(line)
        while chunk := program.out.read(CHUNK):
            out.write(chunk)
        feeding.join()
        if feeding.fault is not None:
            raise feeding.fault
        if program.wait():
            raise StoreError(t("the database in the backup cannot be read: {said}", said=program.told()))


class _Feeder(threading.Thread):
    """Gives a program what it reads, while another thread takes what it writes."""

    def __init__(self, chunks: Iterable[bytes], program: _Program) -> None:
        super().__init__(daemon=True)
        self.fault: AgiAppError | OSError | None = None
        self._chunks, self._program = chunks, program
        self.start()

    def run(self) -> None:
        """Write all of it; when it cannot be had, end the program."""
        try:
            with self._program.into as into:
                for chunk in self._chunks:
                    into.write(chunk)
        except BrokenPipeError:  # it stopped, and says why
            pass
        except (AgiAppError, OSError) as error:
            self.fault = error
            self._program.kill()


class _Program:
    """A running program of PostgreSQL's: what it reads, what it writes, and what it says."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._process, self._said = process, said
        self.kill, self.wait = process.kill, process.wait

    @property
    def into(self) -> IO[bytes]:
        """What it reads."""
        return cast(IO[bytes], self._process.stdin)

    @property
    def out(self) -> IO[bytes]:
        """What it writes."""
        return cast(IO[bytes], self._process.stdout)

    def told(self) -> str:
        """The first lines of what it said, as one."""
        self._said.seek(0)
        text = self._said.read(1 << 16).decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()] or lines
        return without_numbers(" / ".join(telling[:2])[:_MOST_TOLD])

    def end(self) -> None:
        """End it, however far it is: what it has not committed is undone."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self.into, self.out):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process.wait()


@contextmanager
def _program(name: str, *options: str, address: str = "") -> Iterator[_Program]:
    """A running program, ended with the block. Raises StoreError."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
    if address:
        known = conninfo_to_dict(address)
        if password := known.pop("password", None):
            environment["PGPASSWORD"] = str(password)
        options = (*options, f"--dbname={make_conninfo('', **known)}")
    command, pipe = [str(binaries() / name), *options], subprocess.PIPE
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, env=environment, cwd="/")
        except OSError as error:
            raise StoreError(t("cannot run {name}: {error}", name=name, error=error)) from error
        program = _Program(process, said)
        try:
            yield program
        finally:
            program.end()
