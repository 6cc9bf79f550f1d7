"""Who agreed to what, and in which words: consents, and the registered wordings that they point to.

The audit records each consent and each wording, and who entered it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from agi_app.authoring.suggestions import quote
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.columns import LANGUAGE
from agi_app.contacts.consent_file import one_consent
from agi_app.contacts.consent_proof import Proofs, no_wording
from agi_app.contacts.import_batches import ImportSummary, Progress
from agi_app.contacts.importer import import_consent_file
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.file_kinds import no_such_file, not_utf8
from agi_app.installation import Installation
from agi_app.messages import t, template
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.printable import fault_of, unfit
from agi_app.store.people import wordings as table
from agi_app.store.people.consents import ConsentImportCount, import_consents
from agi_app.store.requested_calls import asks

_THERE = template(
    "unchanged rows are recorded already; a row that was corrected in any column is a new consent, and the"
    " earlier one stays on record"
)


@noted(Scope.CONSENTS_ENTER, "consent import", "file")
async def import_file(
    inst: Installation,
    file: Path,
    *,
    evidence_folder: Path | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Record a file of consents; a row without purpose, wording, method, time or source is refused.

    Raises AuthorError or InputError when the file as a whole will not do (then nothing was written), StoreError.
    """
    proofs = await _proofs(inst, evidence_folder)
    now = inst.clock.now()
    done = await import_consent_file(
        inst.store,
        file,
        inst.actor.account,
        now,
        progress=progress,
        proofs=proofs,
        sheet=sheet,
        os_user=inst.actor.os_user,
    )
    return dataclasses.replace(done, notes=(*done.notes, t(_THERE))) if done.unchanged else done


@noted(Scope.CONSENTS_ENTER, "consent add")
async def add(
    inst: Installation, cells: Mapping[str, str], *, evidence_folder: Path | None = None
) -> ConsentImportCount:
    """Record one consent, by the same rules as a file: ``cells`` has its columns; without a time it was given now.

    Raises InputError for what is wrong with them, StoreError.
    """
    now = inst.clock.now()
    given = {**cells, "time": cells.get("time") or now.astimezone(dt.UTC).isoformat()}
    consent = await asyncio.to_thread(
        one_consent, given, None, inst.actor.account, now, await _proofs(inst, evidence_folder)
    )
    return await import_consents(inst.store, [consent], inst.actor.account, now)


@noted(Scope.CONSENTS_ENTER, "consent ask")
async def ask(inst: Installation, cells: Mapping[str, str]) -> int:
    """Ask a worker to `add` a consent, which stamps it and names who asked; returns the ask's id, for `asked`.

    Raises InputError for what is wrong with ``cells``, StoreError.
    """
    now = inst.clock.now()
    given = {**cells, "time": cells.get("time") or now.astimezone(dt.UTC).isoformat()}
    await asyncio.to_thread(one_consent, given, None, inst.actor.account, now, await _proofs(inst, None))
    new = asks.NewAsk("consent", "add", "", str(cells.get("source", "")), private=given)
    return await asks.add(inst.store, new, inst.actor)


@reads(Scope.CONSENTS_ENTER)
async def asked(inst: Installation, ask_id: int) -> asks.Ask:
    """An ask to add a consent, and its answer. Raises InputError when there is none, StoreError."""
    found = await asks.by_id(inst.store, ask_id)
    if found is None or found.kind != "consent":
        raise InputError(t("there is no ask {number}", number=ask_id))
    return found


async def _proofs(inst: Installation, folder: Path | None) -> Proofs:
    """The registered wordings, and where evidence files come from and go to."""
    files = EvidenceFiles(inst.settings.data)
    return Proofs(await _wordings(inst), folder, lambda file: files.keep(read_evidence(file)))


@reads(Scope.CONTACTS_IMPORT)  # for a feed, which has no evidence files
async def registered_wordings(inst: Installation) -> Proofs:
    """The registered wordings alone. Raises StoreError."""
    return Proofs(await _wordings(inst))


async def _wordings(inst: Installation) -> dict[str, dict[str | None, str]]:
    texts: dict[str, dict[str | None, str]] = {}
    for found in await table.registered(inst.store):
        texts.setdefault(found.label, {})[found.language] = found.text
    return texts


@noted(Scope.CONSENTS_ENTER, "consent wording", "label")
async def add_wording(inst: Installation, label: str, text: str, *, language: str = "") -> int:
    """Register the exact words of a form or a script under NAME/VERSION; returns its number. Never changed afterwards.

    Raises InputError, StoreError.
    """
    return await table.register(inst.store, label, language or None, text, inst.actor.account)


@reads(Scope.PEOPLE_READ)
async def wordings(inst: Installation) -> list[table.Wording]:
    """The registered wordings with how many consents point to each. Raises StoreError."""
    return await table.registered(inst.store)


def language_of(text: str) -> str:
    """The language tag that was written; InputError when it is not one."""
    if text and not LANGUAGE.fullmatch(text):
        raise InputError(t("--language {text}: is not a language tag such as zh-CN or en", text=text))
    return text


def wording_of(file: Path) -> str:
    """The words in a text file. Blocks. Raises InputError, AuthorError when they are not words that people agree to."""
    try:
        written = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(no_such_file(file)) from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: {not_utf8(file.read_bytes())}") from None
    except OSError as error:
        raise InputError(t("{file}: cannot be read: {strerror}", file=file, strerror=error.strerror)) from error
    if not written.strip():
        raise InputError(t("{file}: is empty; it must have the exact words that people are shown", file=file))
    for number, line in enumerate(written.split("\n"), 1):
        if found := unfit(line):
            raise AuthorError(Problem(str(file), number, found.start() + 1, "table/unprintable", fault_of(found)))
    if why := no_wording(written.strip()):
        raise AuthorError(Problem(str(file), 1, 1, "consent/wording", f"{quote(written.strip())} {why}"))
    return written.strip()
