"""consent add, add-wording, wordings: one consent at a time, and the texts that consents point to."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.authoring.suggestions import quote
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    login_name,
    read_number,
    say,
    say_json,
    table,
    with_installation,
)
from agi_app.cli.naming import name_first
from agi_app.consent.evidence import EvidenceFiles, read_evidence
from agi_app.contacts.columns import LANGUAGE
from agi_app.contacts.consent_file import one_consent
from agi_app.contacts.consent_proof import Proofs, no_wording
from agi_app.errors import AuthorError, InputError, Problem
from agi_app.file_kinds import no_such_file, not_utf8
from agi_app.installation import Installation
from agi_app.model.campaign import Purpose
from agi_app.model.phone import mask
from agi_app.printable import count_of, fault_of, unfit
from agi_app.store.people import wordings
from agi_app.store.people.consents import ConsentImportCount, import_consents


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("add")(add)
    app.command("add-wording")(add_wording)
    app.command("wordings")(list_wordings)


async def proofs_of(inst: Installation, folder: Path | None) -> Proofs:
    """The registered wordings, and where evidence files come from and go to."""
    texts: dict[str, dict[str | None, str]] = {}
    for found in await wordings.registered(inst.store):
        texts.setdefault(found.label, {})[found.language] = found.text
    files = EvidenceFiles(inst.settings.data)
    return Proofs(texts, folder, lambda file: files.keep(read_evidence(file)))


def add(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    purpose: Annotated[Purpose, typer.Option(help="What the person agreed to be called for.")],
    method: Annotated[str, typer.Option(help="How they agreed: web form, signed paper, recorded call …")],
    source: Annotated[str, typer.Option(help="The system or list that it comes from.")],
    project: ProjectOption = HERE,
    wording: Annotated[str, typer.Option(help="The registered text that they were shown, NAME/VERSION.")] = "",
    wording_file: Annotated[Path | None, typer.Option(help="Or a text file with the exact words.")] = None,
    language: Annotated[str, typer.Option(help="Language of the wording, such as zh-CN.")] = "",
    time: Annotated[str, typer.Option(help="When they agreed, ISO 8601 with an offset; default: now.")] = "",
    seller: Annotated[str, typer.Option(help="On whose behalf the calls are.")] = "",
    evidence: Annotated[str, typer.Option(help="Reference of the proof.")] = "",
    evidence_file: Annotated[Path | None, typer.Option(help="The proof itself; it is kept encrypted.")] = None,
    expires: Annotated[str, typer.Option(help="From when on it does not count any more, ISO 8601.")] = "",
    person_id: Annotated[str, typer.Option(help="Your own id of the person; one person's numbers share it.")] = "",
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Record one consent, by the same rules as `consent import`."""
    if bool(wording) == (wording_file is not None):
        raise InputError("give the words with --wording-file FILE, or a registered text with --wording NAME/VERSION")
    e164 = read_number(number)
    cells = {
        "number": e164,
        "purpose": purpose.value,
        "wording": _text(wording_file) if wording_file else "",
        "wording_id": wording,
        "method": method,
        "source": source,
        "language": language,
        "seller": seller,
        "evidence": evidence,
        "evidence_file": evidence_file.name if evidence_file else "",
        "expires": expires,
        "person_id": person_id,
    }
    who = login_name(entered_by)

    async def work(inst: Installation) -> ConsentImportCount:
        now = inst.clock.now()
        proofs = await proofs_of(inst, evidence_file.parent if evidence_file else None)
        given = {**cells, "time": time or now.astimezone(dt.UTC).isoformat()}
        consent = await asyncio.to_thread(one_consent, given, None, who, now, proofs)
        return await import_consents(inst.store, [consent], who, now)

    counted = with_installation(project, work)
    what = "recorded" if counted.added else "was recorded before, word for word"
    woken = f"; {count_of(counted.woken, 'contact is', 'contacts are')} decided again" if counted.woken else ""
    say(f"{mask(e164)}: the consent to {purpose} calls {what}{woken}")


def add_wording(
    label: Annotated[str, typer.Argument(help="NAME/VERSION, for example signup-form/2.")],
    file: Annotated[Path, typer.Argument(help="A text file (UTF-8) with the exact words that people are shown.")],
    project: ProjectOption = HERE,
    language: Annotated[str, typer.Option(help="Language of the text, such as zh-CN; one text a language.")] = "",
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
) -> None:
    """Register the exact words of a form or a script, so that consents can point to them. Never changed afterwards."""
    if language and not LANGUAGE.fullmatch(language):
        raise InputError(f"--language {language}: is no language tag such as zh-CN or en")
    name_first(label, file, "agi-app consent add-wording NAME/VERSION FILE")
    text, who = _text(file), login_name(entered_by)
    number = with_installation(project, lambda inst: wordings.register(inst.store, label, language or None, text, who))
    say(f"{label}: registered as wording {number}, {len(text)} characters")


def list_wordings(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List the registered wordings with how many consents point to each."""
    found = with_installation(project, lambda inst: wordings.registered(inst.store))
    if as_json:
        say_json([{**dataclasses.asdict(w), "sha256": w.sha256.hex()} for w in found])
        return
    table(
        "Wordings",
        ("wording", "language", "consents", "entered by", "recorded", "text"),
        ((w.label, w.language, w.consents, w.entered_by, f"{w.recorded_at:%Y-%m-%d}", w.text) for w in found),
    )


def _text(file: Path) -> str:
    try:
        written = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(no_such_file(file)) from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: {not_utf8(file.read_bytes())}") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    if not written.strip():
        raise InputError(f"{file}: is empty; it must have the exact words that people are shown")
    for number, line in enumerate(written.split("\n"), 1):
        if found := unfit(line):
            raise AuthorError(Problem(str(file), number, found.start() + 1, "table/unprintable", fault_of(found)))
    if why := no_wording(written.strip()):
        raise AuthorError(Problem(str(file), 1, 1, "consent/wording", f"{quote(written.strip())} {why}"))
    return written.strip()
