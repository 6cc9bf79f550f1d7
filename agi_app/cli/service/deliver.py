"""deliver: the process that sends events to other programs."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from agi_app import log
from agi_app.cli.common import HERE, ProjectOption, settings_of
from agi_app.config.settings import Settings
from agi_app.installation import installation
from agi_app.service_manager import STARTING, ServiceManager
from agi_app.webhooks import service


def deliver(
    project: ProjectOption = HERE,
    json_logs: Annotated[bool, typer.Option(help="One JSON object for each log line.")] = False,
) -> None:
    """Send events to the endpoints of `agi-app webhook` until told to end (Ctrl-C; twice: at once)."""
    log.configure(json=json_logs, for_good=True)
    manager = ServiceManager()

    async def go(settings: Settings) -> None:
        async with installation(settings, via="worker") as inst:
            await service.deliver(inst.store, inst.clock, settings, manager)

    with manager.watching(STARTING):
        asyncio.run(go(settings_of(project)))
