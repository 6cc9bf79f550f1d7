"""Starts the process that hangs up the calls of a killed worker again when it ends alone; until then nobody is called.

Without it people on the line would hear nothing from the worker's death until its next start.
"""

from __future__ import annotations

import asyncio

from agi_app.dialer.worker.health import Health
from agi_app.pbx.dead_mans_switch import DeadMansSwitch

LOOK_S = 0.5


async def keep_switch(switch: DeadMansSwitch, health: Health) -> None:
    """Look after it until cancelled."""
    while True:
        health.switch = switch.revive()
        await asyncio.sleep(LOOK_S)
