"""consent show and evidence: a person's whole story. Both show whole numbers, so both are logged first."""

from __future__ import annotations

import asyncio
import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, read_number, say, say_json, with_installation
from agi_app.consent import restored_backup
from agi_app.consent.evidence import EvidenceFiles
from agi_app.consent.story import refusals
from agi_app.consent.story_text import story
from agi_app.consent.story_words import SENTENCES
from agi_app.errors import InputError
from agi_app.files import kept_name, write_whole
from agi_app.installation import Installation
from agi_app.store.database.progress import progress
from agi_app.store.people.access_log import Access, log_access
from agi_app.store.people.history import PersonHistory, StoredConsent, StoredRevocation, person_history

EnteredBy = Annotated[str, typer.Option(help="Who looks; the login name is noted in any case.")]
Reason = Annotated[str, typer.Option(help="What for, for example the number of a complaint.")]


class StoryLanguage(StrEnum):
    """The languages that a story is told in."""

    EN = "en"
    ZH = "zh"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("show")(show)
    app.command("evidence")(evidence)


def show(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    project: ProjectOption = HERE,
    lang: Annotated[StoryLanguage, typer.Option(help="Language of the story.")] = StoryLanguage.EN,
    entered_by: EnteredBy = "",
    reason: Reason = "",
    as_json: JsonOption = False,
) -> None:
    """Tell a person's story: when and in which words they agreed, each call, when they refused, what came after."""
    e164 = read_number(number)
    lines: list[str] = []

    async def work(inst: Installation) -> PersonHistory | None:
        found = await _look(inst, e164, "consent show", entered_by, reason)
        if found is not None:
            lines.extend(story(found, lang.value, inst.clock.now()))
        return found

    found = with_installation(project, work)
    if as_json:
        told = None if found is None else dataclasses.asdict(found)
        say_json(told and told | {"refusals": [dataclasses.asdict(r) for r in refusals(found)] if found else []})
    elif found is None:
        say(SENTENCES[lang.value]["nothing"].format(number=e164))
    else:
        for line in lines:
            say(line)


def evidence(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    out: Annotated[Path, typer.Option("--output", help="The folder that the files are written into.")],
    project: ProjectOption = HERE,
    entered_by: EnteredBy = "",
    reason: Reason = "",
) -> None:
    """Write the kept evidence of a person's consents and refusals, decrypted and verified, into a folder."""
    e164 = read_number(number)

    async def work(inst: Installation) -> list[str]:
        found = await _look(inst, e164, "consent evidence", entered_by, reason)
        files = EvidenceFiles(inst.settings.data)
        return await asyncio.to_thread(_write_all, files, _named(found) if found else {}, out)

    written = with_installation(project, work)
    for line in written:
        say(line)
    if not written:
        say("no evidence file is kept for this number")


async def _look(inst: Installation, number: str, command: str, entered_by: str, reason: str) -> PersonHistory | None:
    """Read the story and note who did, before anything of it is shown.

    That nothing is known is not said of a wrong or an old database: SafetyError then.
    """
    found = await person_history(inst.store, number)
    if found is None:
        restored_backup.compare(
            await asyncio.to_thread(restored_backup.read, inst.settings.data), await progress(inst.store)
        )
    ids = found.person_ids if found else []
    await log_access(
        inst.store,
        Access(command, max(1, len(ids)), ids, entered_by=entered_by or None, reason=reason or None),
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
            lines.append(f"{name}: is not kept here (any more); its SHA-256 is {digest}")
            continue
        target = out / f"{digest[:12]}-{kept_name(name)}"
        try:
            out.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(target, content, 0o600)
        except OSError as error:
            raise InputError(f"{target}: cannot be written: {error.strerror}") from error
        lines.append(f"{target}: {len(content)} bytes, SHA-256 {digest} verified")
    return lines
