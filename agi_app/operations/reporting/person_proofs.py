"""What the service alone can hand out of a person: the story with masked numbers, and proofs that rows are sealed.

A proof is of a row's hash alone: what hides the leaves stays with the worker. `agi-app audit prove NUMBER` on the node
makes the one with which an outsider checks the words, too.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from agi_app.consent.person_record_text import story
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.operations.people import person_looks
from agi_app.operations.service import row_proofs
from agi_app.printable import plain
from agi_app.store.people.history import PersonHistory

FORMAT = "agi-app person record 1"
ON_THE_NODE = "agi-app audit prove NUMBER"


@noted(Scope.PEOPLE_REVEAL, "person proof", "person_id")
async def gather(inst: Installation, person_id: int, *, reason: str) -> bytes:
    """The record and its proofs as JSON; the look is noted first.

    Raises InputError when there is no such person, or nothing was signed yet, LimitReached after too many looks,
    StoreError.
    """
    signed = await row_proofs.signed_tree(inst)
    told = await person_looks.history(inst, person_id, reason=reason)
    found = told.history
    proofs, unsealed = [], []
    for kind, row in _rows(person_id, found) if found is not None else ():
        try:
            proved = dataclasses.asdict(await row_proofs.prove_row(inst, kind, row))
        except InputError:
            unsealed.append({"kind": kind, "row": row})
        else:
            proofs.append({name: value for name, value in proved.items() if name != "checkpoint"})
    made: dict[str, Any] = {
        "format": FORMAT,
        "person_id": person_id,
        "made_at": inst.clock.real_now(),
        "story": {name: story(found, name, inst.clock.now()) for name in ("en", "zh")} if found else {},
        "record": dataclasses.asdict(found) if found else None,
        "refusals": [dataclasses.asdict(one) for one in told.refusals],
        "checkpoint": dataclasses.asdict(signed),
        "proofs": proofs,
        "not_sealed_yet": unsealed,
        "words_are_proved_by": ON_THE_NODE,
    }
    return (json.dumps(made, ensure_ascii=False, indent=1, default=plain) + "\n").encode()


def _rows(person_id: int, found: PersonHistory) -> Iterator[tuple[str, int]]:
    """The rows in the tree whose numbers are known."""
    yield "person", person_id
    for other in found.others:
        yield "person", other.person_id
    for consent in found.consents:
        yield "wording", consent.wording_id
        yield "consent", consent.consent_id
    for case in found.complaints:
        yield "complaint", case.complaint_id
