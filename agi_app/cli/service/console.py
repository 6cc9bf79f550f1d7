"""console: the service for people and programs, which cannot make calls; and what it needs of the database."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from agi_app import log
from agi_app.cli.common import HERE, JsonOption, ProjectOption, say, say_json, settings_of, warn, with_installation
from agi_app.messages import t

app = typer.Typer()
GroupOption = Annotated[
    str, typer.Option(help="The group of the system whose members may run the console; without it only this user may.")
]


@app.callback(invoke_without_command=True)
def console(
    context: typer.Context,
    project: ProjectOption = HERE,
    json_logs: Annotated[bool, typer.Option(help="One JSON object for each log line.")] = False,
) -> None:
    """Serve people and programs: the REST API, health and metrics, until told to end. It cannot make calls."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(project)
    log.configure(json=json_logs, for_good=True)
    from agi_app.api.process import serve  # `setup` needs none of it

    asyncio.run(serve(settings))


@app.command()
def setup(group: GroupOption = "", project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Make or renew the console's role in the database, its password and its rights. Run it as the worker's user."""
    from agi_app.operations.service import console_access

    made = with_installation(project, console_access.set_up, group=group)
    if as_json:
        say_json(made)
        return
    readers = t("read by group {group}", group=made.group) if made.group else t("read by this user alone")
    told = t("{file}: how the console reaches the database, with its password", file=made.file)
    say(f"{told} ({readers})")
    if made.statement is not None:
        say(t("the owner of the database may not make roles; let an administrator run this, then `agi-app migrate`:"))
        say(made.statement)
    if made.restart:
        say(t("the embedded database opens the console's socket at its next start: restart `agi-app run`"))
    for hint in made.hints:
        warn(t("note: {hint}", hint=hint))
