"""Keeps the figures of campaigns few and right while a worker runs: folded each second, counted again once a day."""

from __future__ import annotations

import asyncio

from agi_app import log
from agi_app.errors import StoreError
from agi_app.store.calling import tallies
from agi_app.store.database.pool import Store

FOLD_EVERY_S = 1.0
RECOUNT_AFTER_S = 900.0  # a worker that begins has more urgent things to do
RECOUNT_EVERY_S = 24 * 3600.0

_log = log.get("tallies")


async def fold_tallies(store: Store) -> None:
    """Fold the changes into the figures each second until cancelled; what fails is done the next time."""
    failed = False
    while True:
        await asyncio.sleep(FOLD_EVERY_S)
        try:
            await tallies.fold(store)
            failed = False
        except StoreError as error:
            if not failed:
                _log.warning("the figures of campaigns are not folded", error=str(error))
            failed = True


async def recount_tallies(store: Store) -> None:
    """Count everything again once a day until cancelled; a figure that was wrong is logged and corrected."""
    pause = RECOUNT_AFTER_S
    while True:
        await asyncio.sleep(pause)
        pause = RECOUNT_EVERY_S
        try:
            wrong = await tallies.recount(store, correct=True)
        except StoreError as error:
            _log.error("the figures of campaigns could not be counted again", error=str(error))
            continue
        for found in wrong:
            figure = f"{found.kind} {found.name} of campaign {found.campaign}"
            _log.error("a figure was wrong and is corrected", figure=figure, kept=found.kept, counted=found.counted)
