"""The hash tree of RFC 6962 and RFC 9162, section 2.1: roots, and which parts make up a proof.

Pure arithmetic on hashes: the store of the leaves hands in what is asked for. A proof is named by
the ranges of leaves whose roots it consists of; ``peaks`` splits a range into whole subtrees, which
are what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

EMPTY_ROOT = sha256(b"").digest()
LEAF, NODE = b"\x00", b"\x01"
TILE = 8  # levels between two stored rows of subtrees


class TreeNode(NamedTuple):
    """The whole subtree over the leaves [n * 2**level, (n + 1) * 2**level)."""

    level: int
    n: int


class Range(NamedTuple):
    """The leaves [start, end)."""

    start: int
    end: int


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry; 32 bytes."""
    return sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(NODE + left + right).digest()


def peaks(part: Range) -> list[TreeNode]:
    """The fewest whole subtrees that cover a range which is itself a subtree of some tree, from left to right."""
    found, start = [], part.start
    for level in reversed(range((part.end - start).bit_length())):
        if (part.end - part.start) >> level & 1:
            found.append(TreeNode(level, start >> level))
            start += 1 << level
    return found


def join(hashes: Sequence[bytes]) -> bytes:
    """The root over subtrees that get smaller from left to right (those of ``peaks``)."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def whole(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of equally large subtrees."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def inclusion(leaf: int, size: int) -> list[Range]:
    """The ranges whose roots prove that ``leaf`` is in the tree of ``size``, lowest first (RFC 9162, 2.1.3.1)."""
    if not 0 <= leaf < size:
        raise ValueError(f"leaf {leaf} is not in a tree of {size}")
    return _way_down(leaf, size, lambda part: part.end - part.start == 1)[0]


def consistency(old: int, new: int) -> list[Range]:
    """The ranges whose roots prove that the tree of ``new`` only adds to that of ``old`` (RFC 9162, 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no tree of {new} follows one of {old}")
    beside, last = _way_down(old - 1, new, lambda part: part.end == old)
    return [last, *beside] if last.start else beside  # the verifier knows the root of a last one at the left edge


def _way_down(leaf: int, size: int, arrived: Callable[[Range], bool]) -> tuple[list[Range], Range]:
    """Down the tree towards a leaf: the ranges beside the way, lowest first, and the one where it ends."""
    beside, part = [], Range(0, size)
    while not arrived(part):
        middle = part.start + _split(part.end - part.start)
        left, right = Range(part.start, middle), Range(middle, part.end)
        part, other = (left, right) if leaf < middle else (right, left)
        beside.append(other)
    return beside[::-1], part


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


class Frontier:
    """The right edge of a growing tree: all that is needed to add leaves and to know the root."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """``edge`` has the hashes of ``peaks(Range(0, size))``."""
        if len(edge) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} peaks, not {len(edge)}")
        self.size = size
        self._edge = list(edge)

    @property
    def root(self) -> bytes:
        """The tree's root hash."""
        return join(self._edge)

    def copy(self) -> Frontier:
        """The same tree, to be grown on trial."""
        return Frontier(self.size, self._edge)

    def extend(self, leaves: Sequence[bytes]) -> Iterator[tuple[TreeNode, bytes]]:
        """Add leaf hashes; yields the subtrees to be stored as they become whole. Must be run to its end."""
        edge = self._edge
        for leaf in leaves:
            found, n, level = leaf, self.size, 0
            while n & 1:
                found = sha256(NODE + edge.pop() + found).digest()
                n >>= 1
                level += 1
                if level % TILE == 0:
                    yield TreeNode(level, n), found
            edge.append(found)
            self.size += 1
