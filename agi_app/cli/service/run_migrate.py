"""run, migrate: the service and its database. It imports little, because a restart must be quick."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
import uvloop

from agi_app import log
from agi_app.cli.common import HERE, ProjectOption, say, settings_of
from agi_app.config.settings import Settings
from agi_app.dialer.worker.start import take_over
from agi_app.installation import installation, migrate_database
from agi_app.messages import t
from agi_app.service_manager import STARTING, ServiceManager


def run(
    project: ProjectOption = HERE,
    json_logs: Annotated[bool, typer.Option(help="One JSON object for each log line.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step of every call.")] = False,
) -> None:
    """Drive this node's Asterisk: dial the running campaigns until told to end (Ctrl-C; twice: at once)."""
    log.configure(json=json_logs, verbose=verbose, for_good=True)
    manager = ServiceManager()

    async def go(settings: Settings) -> None:
        async with installation(settings, via="worker") as inst, take_over(inst.store, settings) as taken:
            from agi_app.app import run_worker  # half a second, which people on an inherited call must not wait for

            await run_worker(inst, taken, manager)

    with manager.watching(STARTING), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(go(settings_of(project)))


def migrate(project: ProjectOption = HERE) -> None:
    """Bring the database to this version. An embedded database is migrated automatically."""
    applied = asyncio.run(migrate_database(settings_of(project)))
    say(t("applied: {applied}", applied=", ".join(applied)) if applied else t("the database is up to date"))
