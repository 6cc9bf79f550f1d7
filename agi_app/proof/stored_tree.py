"""Roots of any part of the stored tree: whole subtrees come from the nearest stored row of hashes."""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.audit.tree import TILE, Frontier, Range, TreeNode, join, peaks, whole
from agi_app.errors import StoreError
from agi_app.messages import t
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit


async def subtree(connection: Connection, node: TreeNode) -> bytes:
    """The hash of a whole subtree. StoreError when its leaves are not all there."""
    above = node.level % TILE
    start, end = node.n << above, (node.n + 1) << above
    found = await audit.hashes(connection, node.level - above, start, end)
    if len(found) != end - start:
        raise StoreError(
            t(
                "the audit tree lacks a part of the leaves from {n} on; run `agi-app audit verify`",
                n=node.n << node.level,
            )
        )
    return whole(found)


async def roots(connection: Connection, ranges: Iterable[Range]) -> list[bytes]:
    """The root of each range, which must be a subtree of some tree."""
    return [join([await subtree(connection, node) for node in peaks(part)]) for part in ranges]


async def frontier(connection: Connection, size: int) -> Frontier:
    """The right edge of the tree as it was at ``size``."""
    return Frontier(size, [await subtree(connection, node) for node in peaks(Range(0, size))])
