"""One person's records with the proof that they are in the signed tree, for a file that shows nobody else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.entries import canonical
from agi_app.audit.standalone_verifier import PROOF_FORMAT
from agi_app.audit.tree import inclusion
from agi_app.errors import InputError
from agi_app.proof import stored_tree
from agi_app.proof.notary import Notary
from agi_app.store.database.pool import Store
from agi_app.store.database.statements import Connection
from agi_app.store.ledger import audit, audit_export
from agi_app.store.ledger.audit_export import EntryRow

# What belongs to one person. Access and erasure entries name other people, too.
OF_A_PERSON = (
    *("person", "wording", "consent", "revocation", "suppression"),
    *("line_call", "line_stop", "complaint", "complaint_note", "decision", "result"),
)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """``text`` is the file; ``kinds`` counts its entries; ``not_covered`` of the person's rows are too new for it."""

    text: str
    checkpoint: Checkpoint
    kinds: dict[str, int]
    person_ids: tuple[int, ...]
    numbers: int
    not_covered: int


async def prove(store: Store, notary: Notary, number: str) -> ProofFile:
    """The proof of all that is recorded about the person with this E.164 number, their other numbers included.

    Raises InputError when nothing is known of the number or nothing was signed yet.
    """
    note = await notary.newest_note(store)
    if note is None:
        raise InputError("nothing was signed yet; `agi-app audit checkpoint` does it now")
    found = notary.read(note)
    async with audit.snapshot(store) as connection:
        persons = await audit_export.persons_of(connection, number)
        if not persons:
            raise InputError("nothing is known of this number, or its person was erased")
        rows: list[EntryRow] = []
        not_covered = 0
        for kind in OF_A_PERSON:
            ids = await audit_export.rows_of_persons(connection, kind, persons)
            covered = await audit_export.entries(connection, kind, ids, found.size)
            not_covered += len(ids) - len(covered)
            rows += covered
        entries = [await _entry(connection, row, found.size) for row in rows]
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    if not any(row.kind == "person" and json.loads(row.payload)["number"] == number for row in rows):
        raise InputError("this number is too new for the last checkpoint; `agi-app audit checkpoint` makes one now")
    text = _file(notary, note, number, rows, entries)
    return ProofFile(text, found, kinds, tuple(persons), kinds["person"], not_covered)


def _file(notary: Notary, note: str, number: str, rows: list[EntryRow], entries: list[dict[str, object]]) -> str:
    """The proof's text; its statement is signed, so that no entry can be left out or put in unnoticed."""
    statement = {
        "statement": PROOF_FORMAT,
        "origin": notary.origin,
        "checkpoint": sha256(note.encode()).hexdigest(),
        "subject": number,
        "persons": [row.row_id for row in rows if row.kind == "person"],
        "leaves": [row.leaf for row in rows],
    }
    text = canonical(statement)
    content = {
        "format": PROOF_FORMAT,
        "public_key": notary.public_line,
        "checkpoint": note,
        "statement": text,
        "signature": notary.key.sign(text.encode()).hex(),
        "entries": entries,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


async def _entry(connection: Connection, row: EntryRow, size: int) -> dict[str, object]:
    path = await stored_tree.roots(connection, inclusion(row.leaf, size))
    return {
        "leaf": row.leaf,
        "nonce": bytes(row.nonce).hex(),
        "payload": row.payload,
        "path": [step.hex() for step in path],
    }
