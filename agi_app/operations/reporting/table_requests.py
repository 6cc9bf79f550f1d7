"""How a report becomes a file: whole or not at all, its rows counted and hashed, and noted before anybody sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import cannot_be_written, replacing
from agi_app.errors import ConfigError
from agi_app.event_loop import in_background
from agi_app.messages import t
from agi_app.reports.table_files import TableFile, TableFormat, rows_in, sha256_of, table_file

__all__ = ["Add", "TableFormat", "WrittenTable", "write_table"]
Rows = Sequence[Sequence[str]]
Add = Callable[[Callable[[], Rows]], Awaitable[None]]  # gets what makes some rows; that is done in a thread


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A report's file."""

    file: Path
    rows: int  # without the titles
    sha256: str  # in hex


async def write_table(
    file: Path,
    form: TableFormat,
    columns: Sequence[str],
    fill: Callable[[Add], Awaitable[None]],
    before_shown: Callable[[int], Awaitable[None]] | None = None,
) -> WrittenTable:
    """Write all rows that ``fill`` adds into ``file``, for its owner only; InputError when it cannot be written.

    ``before_shown`` gets the number of rows when all is written, and nothing has the file's name yet. Whatever fails
    before the end leaves what had that name as it was.
    """
    count = 0
    try:
        with ExitStack() as whole:
            part = whole.enter_context(replacing(file))
            with table_file(part, form, columns) as table:

                async def add(make: Callable[[], Rows]) -> None:
                    nonlocal count
                    count += await in_background(_write, table, make)

                await fill(add)
            if (there := await asyncio.to_thread(rows_in, part, form)) != count:
                raise ConfigError(
                    t("{file}: has {there} rows, and {count} were written", file=file, there=there, count=count)
                )
            digest = await asyncio.to_thread(sha256_of, part)
            if before_shown is not None:
                await before_shown(count)
    except OSError as error:
        raise cannot_be_written(file, error, "the report ") from error
    return WrittenTable(file, count, digest)


def _write(table: TableFile, make: Callable[[], Rows]) -> int:
    rows = make()
    table.add(rows)
    return len(rows)
