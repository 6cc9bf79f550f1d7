"""The pause of everything: while it is in force no attempt is claimed or marked, on any node."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from agi_app.messages import t
from agi_app.store.database.listen import tell_workers
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

Q = load_queries("calling/pauses")


@dataclass(frozen=True, slots=True)
class Pause:
    """One change; the newest is in force."""

    at: dt.datetime  # rules time
    paused: bool
    reason: str
    entered_by: str
    recorded_at: dt.datetime  # real time

    @property
    def words(self) -> str:
        """Why nobody is dialled, for people."""
        why = f": {self.reason}" if self.reason else ""
        return t(
            "everything is paused since {recorded_at:%Y-%m-%d %H:%M:%S} UTC by {entered_by}{why}; `agi-app"
            " resume --all` ends it",
            recorded_at=self.recorded_at,
            entered_by=self.entered_by,
            why=why,
        )


async def change(store: Store, paused: bool, reason: str, entered_by: str, now: dt.datetime) -> None:
    """Pause everything, or end the pause, and tell every worker; ``now`` is rules time. Raises StoreError."""
    values = {"at": now, "paused": paused, "reason": reason, "entered_by": entered_by}
    async with store.transaction() as connection:
        await connection.execute(Q["add"], values)
        await tell_workers(connection, {"everything": "paused" if paused else "running"})


async def pause_by_service(store: Store, reason: str, entered_by: str, now: dt.datetime) -> None:
    """Pause everything with the rights of the service, and tell every worker. Raises StoreError."""
    await store.execute(Q["pause_by_service"], {"at": now, "reason": reason, "entered_by": entered_by})


async def in_force(store: Store) -> Pause | None:
    """The pause that is in force; None: calls are made. Raises StoreError."""
    newest = await store.rows(Pause, Q["newest"])
    return newest[0] if newest and newest[0].paused else None
