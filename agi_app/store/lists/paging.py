"""Pages of a list, each a range of an index: what every list of this room has in common.

A list is one or more streams of rows, each in the order of an index (one a campaign, say). A page reads a bounded
number of rows of each, merges them, and ends where the rows that it read end. So page N costs what the first one does,
also where few rows fit the filters; and each row comes once, because what a list is sorted by never changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from agi_app.messages import t
from agi_app.model import lists
from agi_app.model.lists import CAP, Count, Page
from agi_app.store.database.plans import along_indexes
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import load_queries

T = TypeVar("T")
Q = load_queries("lists/paging")
WALK = 3_000  # rows that one page looks at, where filters pass some over
COUNTED = 2 * CAP  # the same, of a count
FIRST, HIGHEST = "infinity", 2**63 - 1


@dataclass(frozen=True, slots=True)
class PageOf:
    """Which page: at most so many rows, behind a cursor; None: the first one."""

    limit: int = 100
    after: str | None = None


class NewestFirst(Generic[T]):
    """A list whose newest rows come first, by an instant and an id that never change."""

    def __init__(
        self,
        name: str,
        kind: type[T],
        walk: str,
        detail: str,
        *,
        id_kind: type[int] | type[str] = int,
        ranges: str = "",
    ) -> None:
        """``ranges``: names of filters that bound the range of the index; the others pass rows over."""
        self.name = name
        self._kind = kind
        self._ranges = frozenset(ranges.split())
        self._page = Q["page"].replace("{walk}", walk).replace("{detail}", detail)
        self._count = Q["count"].replace("{walk}", walk)
        self._key_kind: Any = tuple[dt.datetime, id_kind]  # type: ignore[valid-type]
        self._ids = (0, HIGHEST) if id_kind is int else ("", "")  # the lowest, and one that no row has

    async def page(
        self, store: Store, asked: PageOf, filters: Mapping[str, Any], values: Mapping[str, Any], *, streams: int = 1
    ) -> Page[T]:
        """The rows behind the cursor that fit; ``values`` are the parameters besides the filters.

        Raises InputError for a wrong limit or cursor, StoreError.
        """
        rows = lists.checked_limit(asked.limit) + 1
        key = await secret(store)
        at, row_id = self._begin(filters)
        if asked.after is not None:
            at, row_id = lists.decode(key, self.name, filters, self._key_kind, asked.after)
        walk = rows if self._plain(filters) else max(rows, WALK // max(1, streams))
        found = await along_indexes(
            store, self._page, {**filters, **values, "before_at": at, "before_id": row_id, "walk": walk, "rows": rows}
        )
        cut = [(row["key_at"], row["key_id"]) for row in found if row["is_cut"]]
        hits = [row for row in found if not row["is_cut"]]
        if len(hits) > asked.limit:
            hits = hits[: asked.limit]
            cut = [(hits[-1]["key_at"], hits[-1]["key_id"])]
        names = [field.name for field in fields(self._kind)]  # type: ignore[arg-type]
        shown = [self._kind(**{name: row[name] for name in names}) for row in hits]
        return Page(shown, lists.encode(key, self.name, filters, cut[0]) if cut else None)

    async def count(self, store: Store, filters: Mapping[str, Any], values: Mapping[str, Any]) -> Count:
        """How many fit, as far as it looks. Raises StoreError."""
        walk = CAP + 1 if self._plain(filters) else COUNTED
        at, row_id = self._begin(filters)
        values = {**filters, **values, "before_at": at, "before_id": row_id, "walk": walk}
        (found,) = await along_indexes(store, self._count, values)
        return Count(min(found["number"], CAP), found["number"] > CAP or found["walked"] == walk)

    def _begin(self, filters: Mapping[str, Any]) -> tuple[Any, Any]:
        """What the first row is below: the end of a span that bounds the index, so that it is the only upper bound."""
        if "until" in self._ranges and filters["until"] is not None:
            return filters["until"], self._ids[0]
        return FIRST, self._ids[1]

    def _plain(self, filters: Mapping[str, Any]) -> bool:
        """Whether every row of the range fits."""
        return all(value is None or name in self._ranges for name, value in filters.items())


_SECRETS: WeakKeyDictionary[Store, bytes] = WeakKeyDictionary()  # it never changes


async def secret(store: Store) -> bytes:
    """What cursors are signed with. Raises StoreError."""
    if store not in _SECRETS:
        fault = t(
            "the database has no key for cursors; put the row `cursor_key` of the table `meta` back from a backup"
        )
        _SECRETS[store] = (await store.the_value(str, Q["cursor_key"], None, fault)).encode()
    return _SECRETS[store]
