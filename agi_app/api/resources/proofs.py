"""The proof of what was recorded: the signed checkpoint, a row in its tree, a tree that only grew; by hashes alone."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from agi_app.api.routes import ApiAnswer, ApiCall, Given, NoQuery, Query, Routes
from agi_app.model.actors import Scope
from agi_app.operations.service import row_proofs as operations

routes = Routes()
Entry = StrEnum("Entry", {kind: kind for kind in operations.KINDS})  # type: ignore[misc]


class CheckpointAnswer(ApiAnswer):
    """The newest signed checkpoint of the records: at most a minute old while a worker runs."""

    size: int = Field(description="how many entries the tree has")
    root: str
    at: str
    public_key: str
    note: str = Field(description="as it was signed (C2SP signed note)")
    message: str = Field(description="to mail to somebody who will check later")


class RowGiven(Given):
    """Which row: a decision, a consent, a result …, by its number."""

    kind: Entry
    row: int = Field(ge=1, le=2**53)


class RowProofAnswer(ApiAnswer):
    """The leaf of a row, and the hashes from it to the root (RFC 9162, 2.1.3), in hex."""

    kind: str
    row: int
    leaf: int
    hash: str
    path: list[str]
    checkpoint: CheckpointAnswer


class GrowthQuery(Query):
    """Since which checkpoint."""

    since: int = Field(ge=1, le=2**53, description="how many entries the older checkpoint has: the line after its name")


class GrowthAnswer(ApiAnswer):
    """The hashes by which the older tree and the newer one are computed (RFC 9162, 2.1.4.2), in hex.

    Who has the older checkpoint checks it with `verify.py` of any export: `--since` names the older one.
    """

    format: str
    since: int
    path: list[str]
    checkpoint: CheckpointAnswer


@routes.get("/audit/checkpoint", Scope.PROOF_READ, CheckpointAnswer)
async def checkpoint(call: ApiCall[NoQuery, None]) -> CheckpointAnswer:
    """What to send to an outsider today, so that any later export can be checked against it."""
    return CheckpointAnswer.model_validate(await operations.signed_tree(call.inst))


@routes.look("/audit/proof", Scope.PROOF_READ, RowProofAnswer, body=RowGiven)
async def row(call: ApiCall[NoQuery, RowGiven]) -> RowProofAnswer:
    """That a row is in the signed tree. What it said is in the export for an outsider: `POST /exports/handouts`."""
    return RowProofAnswer.model_validate(await operations.prove_row(call.inst, call.body.kind.value, call.body.row))


@routes.get("/audit/consistency", Scope.PROOF_READ, GrowthAnswer, query=GrowthQuery)
async def consistency(call: ApiCall[GrowthQuery, None]) -> GrowthAnswer:
    """That all entries of an older checkpoint are in the signed tree of now, unaltered, by hashes alone."""
    return GrowthAnswer.model_validate(await operations.prove_growth(call.inst, call.query.since))
