"""run, migrate, doctor: the service and what keeps it well."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from agi_app import log
from agi_app.app import installation, migrate_database, run_worker
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, settings_of
from agi_app.doctor import Finding, examine


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("run")(run)
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)


def run(
    project: ProjectOption = HERE,
    json_logs: Annotated[bool, typer.Option(help="One JSON object a log line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step of every call.")] = False,
) -> None:
    """Drive this node's Asterisk: dial the running campaigns until told to end (Ctrl-C; twice: at once)."""
    settings = settings_of(project)
    log.configure(json=json_logs, verbose=verbose)

    async def go() -> None:
        async with installation(settings) as inst:
            await run_worker(inst)

    asyncio.run(go())


def migrate(project: ProjectOption = HERE) -> None:
    """Bring the database to this version. An embedded database is migrated by itself."""
    applied = asyncio.run(migrate_database(settings_of(project)))
    say(f"applied: {', '.join(applied)}" if applied else "the database is up to date")


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Look for what is wrong here and say how to mend it. Exit 2 when something is."""
    log.configure()
    findings: list[Finding] = asyncio.run(examine(project))
    if as_json:
        say_json([{"check": f.check, "well": f.well, "text": f.text, "mend": f.mend} for f in findings])
    else:
        for f in findings:
            say(f"{'ok  ' if f.well else 'BAD '} {f.check}: {f.text}" + (f"\n     mend: {f.mend}" if f.mend else ""))
    raise typer.Exit(0 if all(f.well for f in findings) else 2)
