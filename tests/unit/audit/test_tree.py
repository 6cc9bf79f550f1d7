"""The hash tree: the published vectors of RFC 6962, a naive tree written from the RFC, and the verifier's half."""

from __future__ import annotations

import contextlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.audit import standalone_verifier as verifier
from agi_app.audit.tree import (
    EMPTY_ROOT,
    TILE,
    Frontier,
    Range,
    TreeNode,
    consistency,
    inclusion,
    join,
    leaf_hash,
    peaks,
    whole,
)

# The test data of the reference implementation of RFC 6962 (google/certificate-transparency, merkle_tree_test).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 400)


def naive(leaves: list[bytes]) -> bytes:
    """MTH, word for word (RFC 6962, 2.1), on leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(n).encode()) for n in range(size)]


def grown(leaves: list[bytes]) -> Frontier:
    tree = Frontier()
    for _ in tree.extend(leaves):
        pass
    return tree


def test_the_published_vectors() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
    for size, root in enumerate(ROOTS, 1):
        assert grown(leaves[:size]).root.hex() == root
        assert verifier.root_of(leaves[:size]).hex() == root
    assert grown([]).root == EMPTY_ROOT == sha256(b"").digest()


@given(SIZES, st.data())
def test_growing_in_parts_is_the_same_as_the_whole(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    cut = data.draw(st.integers(0, size))
    tree = grown(leaves[:cut]).copy()
    for _ in tree.extend(leaves[cut:]):
        pass
    assert tree.root == naive(leaves) == verifier.root_of(leaves)
    assert tree.size == size


@given(SIZES)
def test_the_edge_can_be_taken_from_stored_subtrees(size: int) -> None:
    leaves = leaves_of(size)
    edge = [whole(leaves[n << level : (n + 1) << level]) for level, n in peaks(Range(0, size))]
    assert Frontier(size, edge).root == naive(leaves)
    assert join(edge) == naive(leaves)


def test_stored_subtrees_are_every_eighth_level() -> None:
    leaves = leaves_of(2**TILE * 2 + 1)
    stored = dict(Frontier().extend(leaves))
    assert stored == {TreeNode(8, 0): naive(leaves[:256]), TreeNode(8, 1): naive(leaves[256:512])}


@given(SIZES, st.data())
def test_an_inclusion_proof_convinces_the_verifier_and_only_of_that_leaf(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    path = [naive(leaves[start:end]) for start, end in inclusion(index, size)]
    root = naive(leaves)
    assert verifier.root_from_inclusion(leaves[index], index, size, path) == root
    other = leaf_hash(b"another")
    assert verifier.root_from_inclusion(other, index, size, path) != root
    for wrong in (index - 1, index + 1, size):
        with contextlib.suppress(verifier.NotGenuine):
            assert verifier.root_from_inclusion(leaves[index], wrong, size, path) != root


@given(SIZES, st.data())
def test_a_consistency_proof_convinces_the_verifier_and_a_rewritten_tree_does_not(
    size: int, data: st.DataObject
) -> None:
    leaves = leaves_of(size)
    old = data.draw(st.integers(1, size))
    path = [naive(leaves[start:end]) for start, end in consistency(old, size)]
    verifier.check_consistency(old, naive(leaves[:old]), size, naive(leaves), path)
    rewritten = [leaf_hash(b"rewritten"), *leaves[1:]]
    with pytest.raises(verifier.NotGenuine):
        verifier.check_consistency(old, naive(rewritten[:old]), size, naive(leaves), path)
    if old < size:
        with pytest.raises(verifier.NotGenuine):
            verifier.check_consistency(old, naive(leaves[:old]), size, naive(rewritten), path)
        with pytest.raises(verifier.NotGenuine):
            verifier.check_consistency(old, naive(leaves[:old]), size, naive(leaves), [*path, path[0]])


@pytest.mark.parametrize(("leaf", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_of_what_is_not_in_the_tree(leaf: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a tree"):
        inclusion(leaf, size)


def test_a_frontier_refuses_the_edge_of_another_size() -> None:
    with pytest.raises(ValueError, match="2 peaks"):
        Frontier(3, [EMPTY_ROOT])
