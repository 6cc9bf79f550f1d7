"""The kept figures of campaigns: how many contacts are in which state, what refuses them, how calls ended.

Triggers write them in the transactions of the rows (``schema/0053_campaign_tallies.sql``), so that reading them costs
the same for ten contacts as for ten million. ``fold`` keeps them few; ``recount`` compares them with the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries, rows

Q = load_queries("calling/tallies")


@dataclass(frozen=True, slots=True)
class Tallies:
    """The figures of one campaign; each mapping has the most frequent name first, and no zeros."""

    contacts: Mapping[str, int]  # by state; parked: refused until somebody fixes the reason
    refused: Mapping[str, int]  # by each rule of their latest decision
    held: Mapping[str, int]  # of those, who are still to be called
    outcomes: Mapping[str, int]  # of the calls that have ended
    dispositions: Mapping[str, int]
    numbers: Mapping[str, int]  # outcomes of calls to second and third numbers, as PLACE/OUTCOME
    rang: Mapping[str, int]  # calls that rang, by the place of the number

    @property
    def total(self) -> int:
        """All contacts of the campaign."""
        return sum(self.contacts.values())


@dataclass(frozen=True, slots=True)
class WrongFigure:
    """A kept figure that is not what the rows say: both are of one snapshot."""

    campaign: str
    kind: str  # contact, refused, held, outcome, disposition, rang, number, or of a group
    name: str
    kept: int
    counted: int


async def of_campaign(store: Store, campaign: str) -> Tallies:
    """The figures of now; all empty for a campaign without contacts. Raises StoreError."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await store.records(Q["of_campaign"], {"campaign": campaign}):
        found[row["kind"]][row["name"]] = row["number"]
    kinds = ("contact", "refused", "held", "outcome", "disposition", "number", "rang")
    return Tallies(*(found[kind] for kind in kinds))


async def fold(store: Store) -> int:
    """Add the changes to the figures; returns how many figures changed. Raises StoreError."""
    done = await store.record(Q["fold"]) or {"changed": 0, "emptied": False}
    if done["emptied"]:
        await store.execute(Q["forget_groups"])
    return int(done["changed"])


async def recount(store: Store, *, correct: bool) -> list[WrongFigure]:
    """Count every contact and call again; returns the kept figures that were wrong, corrected if asked.

    It takes seconds at ten million contacts, and no call waits for it. Raises StoreError.
    """
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        return await rows(connection, WrongFigure, Q["recount"], {"correct": correct})
