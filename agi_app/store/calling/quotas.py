"""How a campaign's groups stand by its quota, and the claim of contacts of those that still lack some.

The figures are kept by triggers (``schema/0075_quotas.sql``). A claim takes no more of a group than it lacks, calls
under way counted as if they were completed; claims of one campaign wait for each other, so that this holds over all
nodes. A group ends at its number; only a call that was given up, and then turns out to have been completed, comes on
top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from psycopg.rows import DictRow

from agi_app.gate.facts import QuotaFact
from agi_app.model.campaign import Campaign, Quota
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, records

Q = load_queries("calling/quotas")
KINDS = ("group_waiting", "group_calling", "group_disposition")
_QUOTA = msgspec.json.Decoder(Quota | None)


@dataclass(frozen=True, slots=True)
class QuotaGroup:
    """The contacts of one group; ``wanted`` None: the quota names no number for it, and nobody of it is called."""

    name: str  # empty: the column is
    wanted: int | None
    completed: int
    under_way: int  # in a call
    waiting: int  # due now or later

    @property
    def closed(self) -> bool:
        """Nobody of it is called any longer."""
        return self.wanted is None or self.completed >= self.wanted

    @property
    def room(self) -> int:
        """How many may be claimed: those that are lacking if all calls under way are completed."""
        return max(0, (self.wanted or 0) - self.completed - self.under_way)

    @property
    def progress(self) -> float:
        """How near it is to its number."""
        return (self.completed + self.under_way) / self.wanted if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class QuotaStanding:
    """All groups that have contacts, at one instant."""

    quota: Quota
    groups: Mapping[str, QuotaGroup]

    def fact(self, fields: Mapping[str, str]) -> QuotaFact:
        """What the gate is told of a contact with these columns."""
        name = self.quota.group_of(fields)
        if (group := self.groups.get(name)) is None:
            return QuotaFact(self.quota.wanted(name), 0, 0)
        return QuotaFact(group.wanted, group.completed, group.under_way)

    @property
    def full(self) -> bool:
        """Whether contacts wait only for calls under way, which may fill their group or not."""
        return any(group.waiting and not group.closed and not group.room for group in self.groups.values())

    def rooms(self, most: int) -> list[tuple[str, int]]:
        """How many contacts of which groups are worth a look: first at most ``most`` of closed ones, whom the gate will
        refuse; then as many of each other one as may be claimed, the one that is furthest from its number first.
        """
        waiting = [group for group in self.groups.values() if group.waiting]
        found, left = [], most
        for group in waiting:
            if group.closed and left:
                found.append((group.name, min(group.waiting, left)))
                left -= found[-1][1]
        still_open = sorted((g for g in waiting if not g.closed and g.room), key=lambda g: (g.progress, g.name))
        return found + [(group.name, min(group.room, most)) for group in still_open]


def of_groups(lock: str) -> str:
    """The statement that locks due contacts, for so many of some groups each. ValueError: it is not that statement."""
    for old, new in (
        ("c.campaign = %(campaign)s", "c.campaign = %(campaign)s AND c.quota_group = wanted.quota_group"),
        ("LIMIT %(limit)s", "LIMIT wanted.room"),
    ):
        if lock.count(old) != 1:
            raise ValueError(f"the statement has {old!r} {lock.count(old)} times")
        lock = lock.replace(old, new)
    return Q["of_groups"].replace("{lock}", lock.partition(";")[0])


async def standing(connection: Connection, campaign: Campaign) -> QuotaStanding | None:
    """How the groups stand, for a claim: the next one waits until this one is committed or undone.

    None: the stored quota is another one by now, or there is none in what the caller knows.
    """
    if campaign.quota is None:
        return None
    await connection.execute(Q["alone"], {"campaign": campaign.name})
    found = await records(connection, Q["groups"], {"campaign": campaign.name, "kinds": list(KINDS)})
    if not found or _QUOTA.decode(found[0]["quota"] or "null") != campaign.quota:
        return None
    return _standing(campaign.quota, found)


async def counted(connection: Connection, campaign: Campaign, quota: Quota) -> QuotaStanding:
    """How the groups would stand by a quota that is perhaps not stored yet; looks at each contact."""
    values = {"campaign": campaign.name, "column": quota.column}
    return _standing(quota, await records(connection, Q["counted"], values))


async def groups_of(store: Store, campaign: Campaign) -> list[QuotaGroup]:
    """The groups by name, with those that are named and have nobody; empty without a quota. Raises StoreError."""
    if (quota := campaign.quota) is None:
        return []
    found = await store.records(Q["groups"], {"campaign": campaign.name, "kinds": list(KINDS)})
    groups = dict(_standing(quota, found).groups)
    named = {name: QuotaGroup(name, wanted, 0, 0, 0) for name, wanted in quota.groups}
    return [group for _, group in sorted((named | groups).items())]


async def regroup(store: Store, campaign: str) -> None:
    """Give contacts their groups that came while another column was the quota's. Raises StoreError."""
    async with store.transaction(limit=None) as connection:
        await connection.execute(Q["no_time_limit"])
        await connection.execute(Q["regroup"], {"campaign": campaign})


def _standing(quota: Quota, rows: Iterable[DictRow]) -> QuotaStanding:
    numbers: dict[str, dict[str, int]] = {}
    for name, what, number in _figures(quota, rows):
        group = numbers.setdefault(name, {})
        group[what] = group.get(what, 0) + number
    return QuotaStanding(
        quota,
        {
            name: QuotaGroup(
                name, quota.wanted(name), of.get("completed", 0), of.get("calling", 0), of.get("waiting", 0)
            )
            for name, of in numbers.items()
        },
    )


def _figures(quota: Quota, rows: Iterable[DictRow]) -> Iterator[tuple[str, str, int]]:
    """Each as (group, what is counted, how many)."""
    for row in rows:
        match row["kind"]:
            case "group_disposition":
                disposition, _, name = row["name"].partition("/")
                if disposition in quota.dispositions:
                    yield name, "completed", row["number"]
            case str() as kind:
                yield row["name"], kind.removeprefix("group_"), row["number"]
