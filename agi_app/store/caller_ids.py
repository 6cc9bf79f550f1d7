"""Proofs that a number we show is ours."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from agi_app.store import queries
from agi_app.store.pool import Store

Q = queries.load("caller_ids")


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof: a carrier's letter about one number, or a verification call."""

    e164: str
    kind: str  # letter | call
    evidence_file: str | None
    sha256: str | None  # of the evidence file
    entered_by: str
    proved_at: dt.datetime  # rules time
    expires_at: dt.datetime  # rules time


async def add_proof(store: Store, proof: Proof, now: dt.datetime) -> None:
    """Record a proof; contacts refused for want of it are decided again at ``now`` (rules time)."""
    async with store.transaction() as connection:
        await connection.execute(Q["add"], asdict(proof))
        await connection.execute(Q["wake"], {"e164": proof.e164, "now": now})


async def proofs(store: Store) -> list[Proof]:
    """All proofs, the longest-lasting of each number first."""
    return await store.rows(Proof, Q["all"])
