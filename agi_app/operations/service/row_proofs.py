"""The signed checkpoint, and the proofs that one row is in its tree, and that it only grew, from the database alone.

For the service, which has neither the key nor what hides the leaves (nonces): the proof is of a leaf's hash. What the
row said, and its nonce, are in the export that a worker's user makes (``audit.export``).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib import resources

from agi_app.audit.entries import TABLES
from agi_app.audit.standalone_verifier import GROWTH_FORMAT
from agi_app.audit.tree import consistency, inclusion
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import reads
from agi_app.proof import stored_tree
from agi_app.proof.signed_manifest import message
from agi_app.store.ledger import audit

KINDS = tuple(TABLES)
NOTHING = "nothing was signed yet; `agi-app audit checkpoint` does it now"


@dataclass(frozen=True, slots=True)
class SignedTree:
    """The newest checkpoint that the database has, at most a minute old while a worker runs."""

    size: int
    root: str  # hex
    at: str
    public_key: str
    note: str  # as it was signed
    message: str  # to mail to an outsider


@dataclass(frozen=True, slots=True)
class RowProof:
    """A row's leaf, and the hashes that lead from it to the root of a checkpoint (RFC 9162), all in hex."""

    kind: str
    row: int
    leaf: int
    hash: str
    path: list[str]
    checkpoint: SignedTree


@dataclass(frozen=True, slots=True)
class GrowthProof:
    """That the tree of a checkpoint only adds to the one of ``since`` entries (RFC 9162, 2.1.4); ``path`` in hex."""

    format: str
    since: int
    path: list[str]
    checkpoint: SignedTree


@reads(Scope.PROOF_READ)
async def signed_tree(inst: Installation) -> SignedTree:
    """The checkpoint and the public key. Raises InputError when nothing was signed yet, StoreError."""
    note, key = await audit.last_checkpoint(inst.store), await audit.known_key(inst.store)
    if note is None or key is None:
        raise InputError(t(NOTHING))
    _, size, root, *about = note.split("\n")
    at = next(line.removeprefix("time ") for line in about if line.startswith("time "))
    return SignedTree(int(size), base64.b64decode(root).hex(), at, key, note, message(note))


@reads(Scope.PROOF_READ)
async def prove_row(inst: Installation, kind: str, row: int) -> RowProof:
    """That a row is in the tree. Raises InputError when there is no such leaf in the checkpoint, StoreError."""
    signed = await signed_tree(inst)
    async with audit.snapshot(inst.store) as connection:
        found = await audit.leaf_of(connection, kind, row)
        if found is None or found[0] >= signed.size:
            raise InputError(
                t("{kind} {row} is not in the signed tree of {size} entries", kind=kind, row=row, size=signed.size)
            )
        leaf, hashed = found
        path = await stored_tree.roots(connection, inclusion(leaf, signed.size))
    return RowProof(kind, row, leaf, hashed.hex(), [step.hex() for step in path], signed)


@reads(Scope.PROOF_READ)
async def prove_growth(inst: Installation, since: int) -> GrowthProof:
    """That no entry of an older checkpoint changed. Raises InputError for one that there never was, StoreError."""
    signed = await signed_tree(inst)
    if since > signed.size:
        raise InputError(t("the signed tree has {size} entries, not yet {since}", size=signed.size, since=since))
    async with audit.snapshot(inst.store) as connection:
        path = await stored_tree.roots(connection, consistency(since, signed.size))
    return GrowthProof(GROWTH_FORMAT, since, [step.hex() for step in path], signed)


@reads(Scope.PROOF_READ)
async def verifier(_inst: Installation) -> bytes:
    """The program with which an outsider checks an export: plain Python, to be kept apart from any export."""
    return resources.files("agi_app.audit").joinpath("standalone_verifier.py").read_bytes()
