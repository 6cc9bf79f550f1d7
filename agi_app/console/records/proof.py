"""The proof of what was recorded: how far it is signed, a row in the tree, a tree that only grew, what to hand out."""

from __future__ import annotations

import datetime as dt
import io

from pydantic import ValidationError

from agi_app.api.resources import jobs, proofs
from agi_app.api.resources.jobs import HandoutAsk
from agi_app.api.resources.proofs import CheckpointAnswer, GrowthAnswer, GrowthQuery, RowGiven, RowProofAnswer
from agi_app.api.routes import ApiCall, NoQuery
from agi_app.console.given import faults_of
from agi_app.console.pages import Download, GoTo, PageCall, PageData, Pages, Section, Shown
from agi_app.errors import InputError
from agi_app.messages import template
from agi_app.model.actors import Scope
from agi_app.operations.service import row_proofs

pages = Pages()
KINDS = {
    "person": template("a person"),
    "wording": template("words of a consent"),
    "consent": template("a consent"),
    "revocation": template("a withdrawal"),
    "suppression": template("a stop"),
    "caller_id_proof": template("a proof of our number"),
    "decision": template("a decision"),
    "result": template("a result of a call"),
    "erasure": template("an erasure"),
    "access": template("a look at whole numbers"),
    "external_list": template("a list of others"),
    "ruleset": template("a set of rules"),
    "campaign_version": template("a text of a campaign"),
    "line_call": template("a call that came in"),
    "line_stop": template("a stop on a line"),
    "complaint": template("a complaint"),
    "complaint_note": template("a note of a complaint"),
    "guard_change": template("a change of the guard"),
    "database_fact": template("a fact about the database"),
    "person_link": template("two that are one person"),
    "phone_proof": template("a proof of a rehearsal telephone"),
    "list_digest": template("the state of a list"),
    "calling_pause": template("a pause of everything"),
    "import_file": template("an imported file"),
    "import_stored": template("what was stored of a file"),
    "follow_up": template("a follow-up list"),
    "ask": template("an ask"),
    "ask_answer": template("an answer to an ask"),
    "action": template("what somebody did"),
    "start_request": template("a start that was asked for"),
    "approval": template("an approval"),
    "feed_request": template("a feed that was asked for"),
    "feed_approval": template("an approval of a feed"),
    "action_end": template("how it ended"),
}


class ProofData(PageData):
    """The checkpoint (null: nothing was signed yet), and what was proved, if anything was asked."""

    checkpoint: CheckpointAnswer | None
    age_s: float | None
    witness: bool
    row: RowProofAnswer | None
    growth: GrowthAnswer | None


@pages.get("/records/proof", Scope.PROOF_READ, Section.RECORDS, template("Proof"))
async def show(call: PageCall) -> Shown:
    """The checkpoint; with a kind and a row, or the size of an older checkpoint, that proof."""
    return await _proof(call)


async def _proof(call: PageCall, fault: str = "") -> Shown:
    inst, query = call.inst, call.query
    checkpoint = row = growth = None
    try:
        checkpoint = await proofs.checkpoint(ApiCall(inst, {}, NoQuery(), None))
        if query.get("row"):
            given = RowGiven.model_validate({"kind": query.get("kind"), "row": query["row"]})
            row = await proofs.row(ApiCall(inst, {}, NoQuery(), given))
        if query.get("since"):
            growth = await proofs.consistency(
                ApiCall(inst, {}, GrowthQuery.model_validate({"since": query["since"]}), None)
            )
    except ValidationError as error:
        fault = fault or faults_of(error)
    except InputError as error:
        fault = fault or str(error)
    at = None if checkpoint is None else dt.datetime.fromisoformat(checkpoint.at)
    data = ProofData(
        checkpoint=checkpoint,
        age_s=None if at is None else max(0.0, (inst.clock.real_now() - at).total_seconds()),
        witness=inst.settings.audit.witness is not None,
        row=row,
        growth=growth,
    )
    more = {"fault": fault, "kinds": row_proofs.KINDS, "words": KINDS, "at": at}
    return Shown("records/proof.html", data, "agi-app audit verify", 422 if fault and checkpoint else 200, more)


@pages.get("/records/proof/verifier", Scope.PROOF_READ)
async def verifier(call: PageCall) -> Download:
    """The program with which an outsider checks an export."""
    content = await row_proofs.verifier(call.inst)
    return Download(io.BytesIO(content), len(content), "text/x-python", "verify.py")


@pages.get("/records/proof/export", Scope.EXPORTS_WHOLE, proof=True)
async def show_export(call: PageCall) -> Shown:
    """What the export for an outsider has, before it is asked for."""
    return _export(call)


def _export(call: PageCall, fault: str = "") -> Shown:
    more = {"fault": fault, "typed": call.form}
    data = HandoutAsk()
    return Shown("records/export.html", data, "agi-app audit export --output FOLDER", 422 if fault else 200, more)


@pages.post("/records/proof/export", Scope.EXPORTS_WHOLE, proof=True)
async def export(call: PageCall) -> Shown | GoTo:
    """Ask for it; its file stays on the node."""
    if call.unproved is not None:
        return _export(call, call.unproved)
    given = {name: f"{call.form[name]}T00:00:00Z" for name in ("since", "until") if call.form.get(name)}
    try:
        body = HandoutAsk.model_validate(given | {"campaign": call.form.get("campaign", "").strip() or None})
        made = await jobs.handout(ApiCall(call.inst, {}, NoQuery(), body))
    except ValidationError as error:
        return _export(call, faults_of(error))
    except InputError as error:
        return _export(call, str(error))
    return GoTo(f"/reports/jobs/{made.job}")
