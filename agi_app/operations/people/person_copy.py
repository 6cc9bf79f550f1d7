"""A copy of all that is stored about a called person, given out only after a call of ours to one of their numbers.

Anybody could ask for it, and could show any number: so we call the number back, and the person types the code there.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from agi_app.atomic_files import cannot_be_written, write_whole
from agi_app.consent.calls_after_refusal import refusals
from agi_app.consent.person_record_text import story
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.model.phone import mask
from agi_app.operations.acting import noted
from agi_app.printable import plain
from agi_app.store.people import person_copy as table
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.people.history import person_history

COMMAND = "person copy"


@dataclass(frozen=True, slots=True)
class PersonCopy:
    """What was written, and the masked number that the call proved."""

    file: Path
    proved: str
    rows: int


@noted(Scope.PEOPLE_REVEAL, COMMAND, number="number")
async def write_copy(inst: Installation, number: str, output: Path, *, reason: str = "") -> PersonCopy:
    """Write everything that is stored about the person of an E.164 number, as JSON with the story in both languages.

    InputError when nothing is stored, when no call of the last 30 days proved one of the person's numbers, or when the
    file cannot be written. The look is noted before the file is there. Raises StoreError.
    """
    persons = await table.persons_of(inst.store, number)
    history = await person_history(inst.store, number)
    if not persons or history is None:
        raise InputError(
            t("{number}: nothing is stored about this number, but perhaps that it is stopped", number=mask(number))
        )
    if (proof := await table.proof_of(inst.store, persons, inst.clock.now())) is None:
        raise InputError(
            t(
                "{number}: a copy is given out after a call to one of this person's numbers, in the last 30 days."
                " Tell the person to expect it, run `agi-app rehearse --prove NUMBER`, and give them the code: it must"
                " be typed in that call",
                number=mask(number),
            )
        )
    found = await table.stored(inst.store, persons)
    now = inst.clock.now()
    told = {
        "number": number,
        "made_at": now,
        "story": {language: story(history, language, now) for language in ("en", "zh")},
        "history": dataclasses.asdict(history),
        "refusals": [dataclasses.asdict(one) for one in refusals(history)],
        "stored": found,
    }
    text = json.dumps(told, ensure_ascii=False, indent=1, default=plain) + "\n"
    await log_access(inst.store, Access(COMMAND, len(persons), persons, inst.actor.account, reason.strip() or None))
    try:
        await asyncio.to_thread(write_whole, output, text.encode(), 0o600)
    except OSError as error:
        raise cannot_be_written(output, error, "the copy ") from error
    return PersonCopy(output, mask(proof.number), sum(map(len, found.values())))
