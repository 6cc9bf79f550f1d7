"""consent add, add-wording, wordings: one consent at a time, and the texts that consents point to."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    login_name,
    name_first,
    read_number,
    say,
    say_json,
    table,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.model.campaign import Purpose
from agi_app.model.phone import mask
from agi_app.operations.people import consents
from agi_app.printable import count_of


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("add")(add)
    app.command("add-wording")(add_wording)
    app.command("wordings")(list_wordings)


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
        "wording": consents.wording_of(wording_file) if wording_file else "",
        "wording_id": wording,
        "method": method,
        "source": source,
        "language": language,
        "seller": seller,
        "evidence": evidence,
        "evidence_file": evidence_file.name if evidence_file else "",
        "time": time,
        "expires": expires,
        "person_id": person_id,
    }
    folder = evidence_file.parent if evidence_file else None
    counted = with_installation(project, consents.add, cells, entered_by=login_name(entered_by), evidence_folder=folder)
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
    language = consents.language_of(language)
    name_first(label, file, "agi-app consent add-wording NAME/VERSION FILE")
    text, who = consents.wording_of(file), login_name(entered_by)
    number = with_installation(project, consents.add_wording, label, text, language=language, entered_by=who)
    say(f"{label}: registered as wording {number}, {len(text)} characters")


def list_wordings(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List the registered wordings with how many consents point to each."""
    found = with_installation(project, consents.wordings)
    if as_json:
        say_json([{**dataclasses.asdict(w), "sha256": w.sha256.hex()} for w in found])
        return
    table(
        "Wordings",
        ("wording", "language", "consents", "entered by", "recorded", "text"),
        ((w.label, w.language, w.consents, w.entered_by, f"{w.recorded_at:%Y-%m-%d}", w.text) for w in found),
    )
