"""The beginning of a worker: this Asterisk is ours alone, and nobody on it is left in silence.

It imports and does little, because after a crash people are on the line and hear nothing until it is done.
"""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agi_app.config.settings import Settings
from agi_app.errors import OtherWorkerError
from agi_app.messages import t
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.ari.http import probe
from agi_app.pbx.asterisk_owner import Owner
from agi_app.pbx.dead_mans_switch import DeadMansSwitch, hang_up_if_killed
from agi_app.pbx.leftover_calls import hang_up_inherited_calls
from agi_app.store.database import checks
from agi_app.store.database.locks import WorkerLock
from agi_app.store.database.pool import Store


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An Asterisk that is ours alone, and what hangs up its calls when we are killed."""

    lock: WorkerLock
    switch: DeadMansSwitch


def ari_settings(settings: Settings) -> AriSettings:
    """The connection to Asterisk as the settings say."""
    asterisk = settings.asterisk
    return AriSettings(
        url=asterisk.url,
        username=asterisk.username,
        password=settings.ari_password(),
        app=asterisk.app,
        request_timeout=asterisk.request_timeout,
        password_file=settings.ari_password_file(),
    )


def owner_of(settings: Settings) -> Owner:
    """The word that this project's worker leaves in its Asterisk: which folder of which host it is of."""
    return Owner(ari_settings(settings), f"project {settings.project} on {platform.node()}")


@asynccontextmanager
async def take_over(store: Store, settings: Settings) -> AsyncIterator[TakenOver]:
    """Lock the Asterisk of these settings and hang up the calls of a worker that died; gives the lock back at the end.

    Raises OtherWorkerError, AsteriskError, StoreError, SafetyError when the database could forget a call.
    """
    await checks.assert_durable(store)
    ari = ari_settings(settings)
    entityid = settings.asterisk.entityid or (await probe(ari)).entity_id
    if (lock := await store.worker_lock(entityid)) is None:
        raise OtherWorkerError(
            t(
                "another worker drives Asterisk {entityid}; one Asterisk has one worker. Is `agi-app run`"
                " running already? If that is another Asterisk, give each its own entityid in asterisk.conf",
                entityid=entityid,
            )
        )
    owner = owner_of(settings)
    try:
        await owner.claim()
        try:
            await hang_up_inherited_calls(ari)
            with hang_up_if_killed(ari) as switch:
                yield TakenOver(lock, switch)
        finally:
            await owner.release()
    finally:
        await lock.release()
