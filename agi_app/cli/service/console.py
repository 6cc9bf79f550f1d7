"""console: the service for people and programs, which cannot make calls; and what it needs of the database."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from agi_app import log
from agi_app.cli.common import HERE, JsonOption, ProjectOption, settings_of, with_installation
from agi_app.cli.service.role_access import show_access
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
    log.configure(json=json_logs, for_good=True)
    from agi_app.alerts.away import DatabaseWatch  # `setup` needs none of it
    from agi_app.alerts.watch import AlertWatch
    from agi_app.console.process import serve
    from agi_app.service_manager import STARTING, ServiceManager

    manager = ServiceManager()
    with manager.watching(STARTING):
        settings = settings_of(project)
        away = DatabaseWatch(lambda: settings)
        asyncio.run(
            serve(settings, manager, lambda inst: AlertWatch(inst.store, inst.clock, lambda: settings).run(), away.run)
        )


@app.command()
def setup(group: GroupOption = "", project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Make or renew the console's role in the database, its password and its rights. Run it as the worker's user."""
    from agi_app.operations.service import console_access

    made = with_installation(project, console_access.set_up, group=group)
    show_access(made, t("how the console reaches the database, with its password"), as_json=as_json)
