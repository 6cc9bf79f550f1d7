"""A person's full record, and the evidence in it. Both show whole numbers, so the audit has each look first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agi_app.atomic_files import cannot_be_written, kept_name, write_whole
from agi_app.consent import restored_backup
from agi_app.consent.calls_after_refusal import RefusalStory, refusals
from agi_app.consent.evidence import EvidenceFiles
from agi_app.consent.person_record_text import story
from agi_app.consent.person_record_words import SENTENCES
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.store.database.progress import progress
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.people.history import PersonHistory, StoredConsent, StoredRevocation, person_history


class StoryLanguage(StrEnum):
    """The languages of a story."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class PersonStory:
    """What is known of a person, what came after each refusal, and both as sentences; None: nothing is known."""

    history: PersonHistory | None
    refusals: Sequence[RefusalStory]
    lines: Sequence[str]


@noted(Scope.PEOPLE_REVEAL, "consent show", number="number")
async def show(
    inst: Installation, number: str, language: StoryLanguage = StoryLanguage.EN, *, reason: str
) -> PersonStory:
    """When and in which words a person agreed, each call, when they refused, what came after. Raises StoreError.

    That nothing is known is not said of a wrong or an old database: SafetyError then.
    """
    found = await _look(inst, number, "consent show", reason)
    if found is None:
        return PersonStory(None, (), [SENTENCES[language.value]["nothing"].format(number=number)])
    return PersonStory(found, refusals(found), story(found, language.value, inst.clock.now()))


@noted(Scope.PEOPLE_REVEAL, "consent evidence", number="number")
async def write_evidence(inst: Installation, number: str, folder: Path, *, reason: str) -> list[str]:
    """Write the kept evidence of a person's consents and refusals, decrypted and verified; returns a line a file.

    Raises InputError when a file cannot be written, StoreError, SafetyError as ``show``.
    """
    found = await _look(inst, number, "consent evidence", reason)
    files = EvidenceFiles(inst.settings.data)
    return await asyncio.to_thread(_write_all, files, _named(found) if found else {}, folder)


async def _look(inst: Installation, number: str, command: str, reason: str) -> PersonHistory | None:
    """Read the story and note who did, before anything of it is shown."""
    found = await person_history(inst.store, number)
    if found is None:
        restored_backup.compare(
            await asyncio.to_thread(restored_backup.read, inst.settings.data), await progress(inst.store)
        )
    ids = found.person_ids if found else []
    await log_access(
        inst.store,
        Access(command, max(1, len(ids)), ids, entered_by=inst.actor.account, reason=reason or None),
    )
    return found


def _named(found: PersonHistory) -> dict[str, str]:
    """SHA-256 in hex -> the name that the file was handed in with."""
    rows: list[StoredConsent | StoredRevocation] = [*found.consents, *found.revocations]
    return {row.evidence_sha256: row.evidence_file or "evidence" for row in rows if row.evidence_sha256}


def _write_all(files: EvidenceFiles, named: dict[str, str], out: Path) -> list[str]:
    lines = []
    for digest, name in named.items():
        content = files.read(bytes.fromhex(digest))
        if content is None:
            lines.append(f"{name}: is not kept here (or no longer); its SHA-256 is {digest}")
            continue
        target = out / f"{digest[:12]}-{kept_name(name)}"
        try:
            out.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(target, content, 0o600)
        except OSError as error:
            raise cannot_be_written(target, error) from error
        lines.append(f"{target}: {len(content)} bytes, SHA-256 {digest} verified")
    return lines
