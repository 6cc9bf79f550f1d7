"""One case as a folder to hand out: what was said, what we did, what allowed it, what is recorded, and the proof of it.

``proof.json`` is a person's proof like that of ``audit prove``, with the case and its notes in it; ``verify.py`` checks
it without this program. An export of a case shows whole numbers and recordings: that is noted first.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from agi_app.atomic_files import cannot_be_written, kept_name, write_whole
from agi_app.clock import Clock
from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.evidence import KeptFiles
from agi_app.consent.person_record_text import story
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.printable import plain
from agi_app.proof.export import ProofFile, prove
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sequencer
from agi_app.proof.signed_manifest import sign_files, write_verifier
from agi_app.reports.csv_and_json import table
from agi_app.store.database.pool import Store
from agi_app.store.people import complaints
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.people.complaints import RECEIVED, CaseRow, NoteRow
from agi_app.store.people.history import PersonHistory, StoredConsent, StoredRevocation, person_history

CALLS_FILE, CASE_FILE = "calls.csv", "case.json"
# What complaint centres such as 12321 ask for, one row a call; the titles are for people who fill in their forms.
CENTRE = {
    "case": "编号 case",
    "called": "接到来电的号码 called number",
    "caller": "被举报号码 reported number",
    "time": "来电时间 time",
    "category": "类别 category",
    "name": "自称的公司或产品 name given",
    "text": "内容 content",
    "recording": "录音文件 recording",
    "sha256": "录音 SHA-256",
}
OURS = ("time", "number", "campaign", "purpose", "caller_id", "outcome", "disposition", "answered_at", "ended_at")


@dataclass
class Bundle:
    """What is in the folder; ``missing`` names recordings and evidence whose files are no longer here."""

    notary: Notary
    files: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    proof: ProofFile | None = None


async def gather(
    store: Store,
    notary: Notary,
    files: KeptFiles,
    clock: Clock,
    complaint_id: int,
    *,
    entered_by: str,
    reason: str,
    language: str = "en",
) -> Bundle:
    """Everything about one case. Raises InputError when there is none or it was erased, StoreError."""
    case, notes = await complaints.case_of(store, complaint_id)
    if case.erased_at is not None:
        raise InputError(
            t("complaint {complaint_id}: its person was erased, and what was said with them", complaint_id=complaint_id)
        )
    number = await complaints.number_of(store, case)
    case = replace(case, number=number)
    await Sequencer(store, notary).once()  # when no worker does it
    made = await prove(store, notary, number)
    await log_access(store, Access("complaint export", made.numbers, made.person_ids, entered_by, reason or None))
    found = await person_history(store, number)
    bundle = Bundle(notary, proof=made)
    recorded = await _sounds(store, files, number, bundle)
    evidence = await _evidence(files, case, found, bundle)
    bundle.files[CASE_FILE] = _json(_case(case, notes, found, recorded))
    bundle.files[CALLS_FILE] = _centre(case, evidence) if case.kind == RECEIVED else _our_calls(found)
    bundle.files["proof.json"] = made.text.encode()
    if found is not None:
        lines = story(found, "zh" if language == "zh" else "en", clock.now())
        bundle.files["story.txt"] = ("\n".join(lines) + "\n").encode()
    return bundle


def write(bundle: Bundle, out: Path) -> None:
    """Into the new folder ``out``, with the verifier, a guide and the sums of all. Blocks. Raises InputError."""
    guide = resources.files("agi_app.reports").joinpath("complaint_guide")
    files = {**bundle.files, **{g.name: g.read_bytes() for g in guide.iterdir() if g.name.endswith(".md")}}
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(out.iterdir()):
            raise InputError(t("{out}: is not empty; name a new folder", out=out))
        for name, content in files.items():
            (out / name).parent.mkdir(exist_ok=True, mode=0o700)
            write_whole(out / name, content, 0o600)
        write_verifier(out / "verify.py")
    except OSError as error:
        raise cannot_be_written(out, error) from error
    sign_files(bundle.notary, out)


async def _sounds(store: Store, files: KeptFiles, number: str, bundle: Bundle) -> list[dict[str, Any]]:
    told = []
    for row in await complaints.recordings_of(store, number):
        name = f"recordings/{row.recording_id}-{row.name}.wav"
        content = await asyncio.to_thread(files.recordings.read, row.sha256) if row.sha256 else None
        if content is not None:
            bundle.files[name] = content
        elif row.sha256 is not None:
            bundle.missing.append(name)
        told.append(
            {
                "file": name if content is not None else None,
                "attempt_id": row.attempt_id,
                "kind": row.kind,
                "seconds": row.seconds,
                "call_ended_at": row.ended_at,
                "erased": row.sha256 is None,
            }
        )
    return told


async def _evidence(files: KeptFiles, case: CaseRow, found: PersonHistory | None, bundle: Bundle) -> str | None:
    """The files behind the case, the consents and the refusals; returns the name of the case's own."""
    named = {} if case.evidence_sha256 is None else {case.evidence_sha256.hex(): case.evidence_file or "evidence"}
    rows: list[StoredConsent | StoredRevocation] = [*found.consents, *found.revocations] if found is not None else []
    for row in rows:
        if row.evidence_sha256:
            named.setdefault(row.evidence_sha256, row.evidence_file or "evidence")
    mine = None
    for digest, original in named.items():
        name = f"evidence/{digest[:12]}-{kept_name(original)}"
        content = await asyncio.to_thread(files.evidence.read, bytes.fromhex(digest))
        if content is None:
            bundle.missing.append(name)
            continue
        bundle.files[name] = content
        if case.evidence_sha256 is not None and digest == case.evidence_sha256.hex():
            mine = name
    return mine


def _case(
    case: CaseRow, notes: Sequence[NoteRow], found: PersonHistory | None, recorded: list[dict[str, Any]]
) -> dict[str, Any]:
    own = dataclasses.asdict(case)
    own["evidence_sha256"] = case.evidence_sha256.hex() if case.evidence_sha256 else None
    person = None
    if found is not None:
        person = dataclasses.asdict(found) | {"refusals": [dataclasses.asdict(r) for r in refusals(found)]}
    return {"case": own, "notes": [dataclasses.asdict(n) for n in notes], "person": person, "recordings": recorded}


def _our_calls(found: PersonHistory | None) -> bytes:
    rows = [dataclasses.asdict(call) | {"time": call.rules_at} for call in found.calls] if found is not None else []
    return table(OURS, OURS, rows, "\r\n").encode("utf-8-sig")


def _centre(case: CaseRow, evidence: str | None) -> bytes:
    said = case.details
    rows = [
        {
            "case": case.complaint_id,
            "called": case.number,
            "caller": said.get("caller", ""),
            "time": time,
            "category": said.get("category", ""),
            "name": said.get("name", ""),
            "text": case.text,
            "recording": evidence or "",
            "sha256": case.evidence_sha256.hex() if case.evidence_sha256 else "",
        }
        for time in said.get("times", [])
    ]
    return table([*CENTRE], [*CENTRE.values()], rows, "\r\n").encode("utf-8-sig")


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=plain) + "\n").encode()
