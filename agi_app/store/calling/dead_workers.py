"""What happens to attempts whose worker died: not dialled goes back, dialled counts as interrupted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from agi_app.messages import template
from agi_app.model.call import CallResult
from agi_app.store.calling.attempts import CLAIMED, Ended, give_back, store_ends
from agi_app.store.calling.inbound_calls import write_broken_off
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Parameters, load_queries, record

Q = load_queries("calling/attempts")
SILENT_FOR = dt.timedelta(seconds=5)  # a worker says every two seconds that it lives

Rule = Callable[[str], CallResult | None]


@dataclass(frozen=True, slots=True)
class Orphan:
    """An open attempt that nobody runs."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many attempts were given back as not dialled, and how many ended as interrupted."""

    released: int
    interrupted: int


async def sweep(store: Store, node: str | None, rule: Rule) -> SweepResult:
    """End the orphans: all open attempts of ``node`` (at its start, under its worker lock), those of dead nodes, and
    expired leases of any.

    With ``node`` None only the latter two. ``rule`` says how an orphan in a state (claimed or
    dialling) ends: None gives it back as not dialled, a result is stored and its contact is done.
    Sweeping again finds nothing.
    """
    released = interrupted = 0
    dead = await dead_nodes(store)
    values = {"node": node, "dead": dead, "silent_for": SILENT_FOR}
    for orphan in await store.rows(Orphan, Q["orphans"], values):
        given_back = await _end(store, orphan.attempt_id, values, rule)
        released += given_back is True
        interrupted += given_back is False
    await write_broken_off(store, dead)
    return SweepResult(released, interrupted)


async def dead_nodes(store: Store) -> list[str]:
    """The entityids of workers that ended without a word: silent for ``SILENT_FOR``, and nobody holds their lock."""
    return [row["entityid"] for row in await store.records(Q["dead_nodes"], {"silent_for": SILENT_FOR})]


async def _end(store: Store, attempt_id: str, values: Parameters, rule: Rule) -> bool | None:
    """One short transaction an attempt; True: given back, False: ended, None: it was no longer an orphan."""
    async with store.transaction() as connection:
        await connection.execute(Q["lock_person"], {"attempt_id": attempt_id})
        if (still := await record(connection, Q["still_orphan"], {"attempt_id": attempt_id, **values})) is None:
            return None
        if (result := rule(still["state"])) is None:
            await give_back(connection, [attempt_id], template("its worker ended before it was dialled"), CLAIMED)
            return True
        await store_ends(connection, [Ended(attempt_id, result, None, contact_done=True)], swept=True)
        return False
