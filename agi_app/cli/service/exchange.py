"""exchange: the process that exchanges data with an office's systems; and what it needs of the database."""

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
    str, typer.Option(help="The group of the system whose members may run the exchange; without it only this user may.")
]


@app.callback(invoke_without_command=True)
def exchange(
    context: typer.Context,
    project: ProjectOption = HERE,
    json_logs: Annotated[bool, typer.Option(help="One JSON object for each log line.")] = False,
) -> None:
    """Exchange data with your office's systems until told to end (Ctrl-C; twice: at once). It cannot make calls."""
    if context.invoked_subcommand is not None:
        return
    log.configure(json=json_logs, for_good=True)
    from agi_app.exchange.service import exchange as run  # `setup` needs none of it
    from agi_app.installation import exchange_installation
    from agi_app.service_manager import STARTING, ServiceManager

    manager = ServiceManager()
    with manager.watching(STARTING):
        asyncio.run(run(exchange_installation, settings_of(project), manager))


@app.command()
def setup(group: GroupOption = "", project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Make or renew the exchange's role in the database, its password and its rights. Run it as the worker's user."""
    from agi_app.operations.service import exchange_access

    made = with_installation(project, exchange_access.set_up, group=group)
    show_access(made, t("how the exchange reaches the database, with its password"), as_json=as_json)
