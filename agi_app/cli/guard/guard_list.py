"""guard list: what is on the lists, and what each line chose; guard list import: a file's entries."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    interrupted,
    login_name,
    say,
    say_json,
    table,
    with_installation,
)
from agi_app.contacts.columns import RejectedRow
from agi_app.contacts.guard_file import CellFormats, ListRow, parse_guard_list
from agi_app.contacts.tables.csv_table import SHOWN_PROBLEMS
from agi_app.contacts.tables.opening import LARGEST_WHOLE, all_rows, open_table, private_copy
from agi_app.errors import AuthorError, InputError
from agi_app.event_loop import in_background
from agi_app.installation import Installation
from agi_app.store.screening import guard_lists
from agi_app.store.screening.guard import SubscriberLine
from agi_app.store.screening.guard_lists import NewEntry, StoredEntry, Written

app = typer.Typer()


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    project: ProjectOption = HERE,
    line: Annotated[str | None, typer.Option(help="Only this line's; an empty one is everybody's.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the lists, and what each line chose; `guard list import` writes a file's entries on them."""
    if context.invoked_subcommand is not None:
        sources = {name: context.get_parameter_source(name) for name in context.params}
        if early := [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]:
            name = early[0].removeprefix("as_")
            raise InputError(f"--{name}: stands before {context.invoked_subcommand}; write it behind")
        return

    async def work(inst: Installation) -> tuple[list[StoredEntry], dict[str, SubscriberLine]]:
        return await guard_lists.entries(inst.store, line), await guard_lists.lines(inst.store)

    entries, lines = with_installation(project, work)
    if as_json:
        chosen = {name: dataclasses.asdict(choice) for name, choice in lines.items()}
        say_json({"entries": [dataclasses.asdict(entry) for entry in entries], "lines": chosen})
        return
    table(
        "Lists",
        ("numbers", "what", "line", "reason", "until", "entered by"),
        (
            (e.pattern, "allow" if e.allow else "hint" if e.shared else "block", e.line or "all", e.reason,
             f"{e.expires_at:%Y-%m-%d}" if e.expires_at else "", e.entered_by)
            for e in entries
        ),
    )  # fmt: skip
    table(
        "Lines",
        ("line", "guard", "level", "hours", "mailbox"),
        (
            (name, _yes(c.enabled, "on", "off"), c.level, f"{len(c.hours)} spans {c.zone or ''}" if c.hours else "",
             _yes(c.mailbox, "yes", "no"))
            for name, c in lines.items()
        ),
    )  # fmt: skip


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX: number, what (allow, block); may be: reason, until, line.")
    ],
    project: ProjectOption = HERE,
    shared: Annotated[bool, typer.Option("--shared", help="A list of others: hints, they reject nobody.")] = False,
    entered_by: Annotated[str, typer.Option(help="Who enters them; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Write all entries of a file on the lists, or none when a row has a fault; again, it changes nothing."""
    who = login_name(entered_by)

    async def work(inst: Installation) -> tuple[Written, int]:
        guard, now = inst.settings.guard, inst.clock.now()
        found = await in_background(_read, file, CellFormats(guard.region, guard.zone), shared)
        entries = [
            NewEntry(row.pattern, row.allow, row.line, shared, row.reason, row.until)
            for row in found
            if row.until is None or row.until > now
        ]
        return await guard_lists.put(inst.store, entries, who, now), len(found) - len(entries)

    with interrupted(f"{file}: interrupted; all of its entries are on the lists, or none: run it again"):
        done, ended = with_installation(project, work)
    if as_json:
        say_json(dataclasses.asdict(done) | {"ended": ended})
        return
    over = f"; {ended} have ended already and were left out" if ended else ""
    say(f"{file.name}: {done.added} entries are new, {done.changed} changed, {done.unchanged} were there already{over}")


def _read(file: Path, how: CellFormats, shared: bool) -> Sequence[ListRow]:
    """All rows; AuthorError names every fault."""
    with ExitStack() as stack:
        table = open_table(private_copy(file, stack, LARGEST_WHOLE), file.name)
        rows = all_rows(parse_guard_list(table, how, shared=shared), file.name)
    problems = [row.problem(file.name) for row in rows if isinstance(row, RejectedRow)]
    if problems:
        raise AuthorError(*problems[:SHOWN_PROBLEMS])
    return [row for row in rows if isinstance(row, ListRow)]
