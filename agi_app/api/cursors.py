"""Where a page of a long list ended, as text that means nothing to anybody else."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from agi_app.api.problems import RequestFault, RequestRefused
from agi_app.api.routes import PageQuery
from agi_app.messages import t

T = TypeVar("T")
Key = int | str


def cursor(key: Key) -> str:
    """The text for a key: an integer or a text."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(text: str, kind: type[Key]) -> Key:
    """The key of a cursor that we gave; RequestRefused for any other text."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        found = None
    if type(found) is not kind or cursor(found) != text or (kind is int and not 0 <= int(found) < 2**63):
        raise RequestRefused(
            "refused", faults=[RequestFault(pointer="?after", rule="cursor", text=t("is no `next` of a page here"))]
        )
    return found


async def page(
    query: PageQuery,
    kind: type[Key],
    fetch: Callable[[int, Key | None], Awaitable[Sequence[T]]],
    key: Callable[[T], Key],
) -> tuple[list[T], str | None]:
    """The rows after the query's cursor, and the cursor of the next page; None: it is the last one.

    ``fetch`` gets how many rows at most, and the key after which they begin.
    """
    after = None if query.after is None else key_of(query.after, kind)
    found = list(await fetch(query.limit + 1, after))
    rows = found[: query.limit]
    return rows, cursor(key(rows[-1])) if len(found) > query.limit else None


async def of_whole(
    query: PageQuery, kind: type[Key], rows: Sequence[T], key: Callable[[T], Key]
) -> tuple[list[T], str | None]:
    """The same of rows that are all there, in the order of their keys."""

    async def fetch(limit: int, after: Key | None) -> Sequence[T]:
        return [row for row in rows if after is None or key(row) > after][:limit]  # type: ignore[operator]

    return await page(query, kind, fetch, key)
