"""Proofs that a number we show is ours."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from agi_app.audit.stamps import Stamper
from agi_app.messages import t
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection, load_queries, the_value

Q = load_queries("people/caller_ids")


@dataclass(frozen=True, slots=True)
class CallerIdProof:
    """One proof: a carrier's letter about one number, or a verification call."""

    e164: str
    kind: str  # letter | call | rehearsal, which makes no caller ID
    evidence_file: str | None
    sha256: str | None  # of the evidence file
    entered_by: str
    proved_at: dt.datetime  # rules time
    expires_at: dt.datetime  # rules time


async def add_proof(store: Store, proof: CallerIdProof, now: dt.datetime) -> None:
    """Record a proof; contacts refused for lack of it are decided again at ``now`` (rules time)."""
    stamper = await store.stamper()
    async with store.transaction() as connection:
        await add_in(connection, proof, now, stamper)


async def add_in(connection: Connection, proof: CallerIdProof, now: dt.datetime, stamper: Stamper) -> int:
    """As ``add_proof``, inside the caller's transaction; returns the proof's id."""
    stamped = {**asdict(proof), "stamp": stamp_of(proof, stamper)}
    proof_id = await the_value(
        connection, int, Q["add"], stamped, t("the proof of {e164} was not stored", e164=proof.e164)
    )
    await connection.execute(Q["wake"], {"e164": proof.e164, "now": now})
    return proof_id


def stamp_of(proof: CallerIdProof, stamper: Stamper) -> bytes:
    """The program's stamp of a proof."""
    times = {"proved_at": proof.proved_at, "expires_at": proof.expires_at}
    return stamper.fact("caller_id_proof", {**asdict(proof), **{name: utc(at) for name, at in times.items()}})


def utc(at: dt.datetime) -> str:
    """A time as stamps have it."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


async def proofs(store: Store) -> list[CallerIdProof]:
    """All proofs, the longest-lasting of each number first."""
    return await store.rows(CallerIdProof, Q["all"])
