"""audit verify, prove, export, checkpoint, restart, key: the proof of what was done (docs/how-to/audit.md)."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.audit.checkpoint import Checkpoint
from agi_app.audit.findings import AuditReport, shown
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    progress,
    read_number,
    say,
    say_json,
    warn,
    with_installation,
)
from agi_app.config.settings import load_settings
from agi_app.consent.project_identity import key_of
from agi_app.errors import InputError
from agi_app.files import write_whole
from agi_app.installation import Installation
from agi_app.proof import export as exporter
from agi_app.proof import prove as prover
from agi_app.proof import verify as verifier
from agi_app.proof.dump import verify_dump
from agi_app.proof.handout import message, write_verifier
from agi_app.proof.notary import Notary
from agi_app.proof.sequencer import Sealed, Sequencer
from agi_app.store.calling.campaigns import option_names_one
from agi_app.store.people.access_log import Access, log_access

app = typer.Typer(help="The proof of what was done: check it, hand it out.", no_args_is_help=True)
EnteredBy = Annotated[str, typer.Option(help="Who looks; kept with the access note beside the login name.")]
Reason = Annotated[str, typer.Option(help="What for; kept with the access note.")]


@app.command()
def verify(
    project: ProjectOption = HERE,
    witness: Annotated[
        Path | None, typer.Option(help="A witness copy of the checkpoints; default: that of the settings.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(help="Look at the rows of this `pg_dump` in a server of our own; the database is not asked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for changed, removed, inserted or reordered records up to the last checkpoint. Exit 1 when there are any."""

    async def of_dump(file: Path) -> AuditReport:
        settings = load_settings(project)
        with progress("entries") as report:
            hash_number = key_of(settings).hash_number
            return await verify_dump(settings, hash_number, file, witness=witness, progress=report)

    async def work(inst: Installation) -> AuditReport:
        notary = await Notary.open(inst.settings, inst.store)
        with progress("entries") as report:
            return await verifier.verify(inst.store, notary, witness=witness, progress=report)

    found = with_installation(project, work) if dump is None else asyncio.run(of_dump(dump))
    if as_json:
        say_json(found.as_json())
    else:
        _tell(found)
    raise typer.Exit(0 if found.ok else 1)


def _tell(found: AuditReport) -> None:
    for fault in found.faults:
        warn(f"{fault.kind}: {fault.text}")
    if found.more_faults:
        warn(f"and {found.more_faults} more")
    for note in found.notes:
        say(f"note: {note}")
    at = f"{found.checkpoint.at:%Y-%m-%d %H:%M:%S} UTC" if found.checkpoint else "never"
    say(
        f"{'ok' if found.ok else 'NOT OK'}: {found.entries} entries up to the checkpoint of {at}, {found.checkpoints}"
        f" checkpoints agree, {found.erased} entries erased; {found.not_covered} rows not yet covered"
    )


@app.command()
def prove(
    number: Annotated[str, typer.Argument(help="The number, with country code.")],
    out: Annotated[
        Path, typer.Option("--output", help="The file to write; it shows this person's records and nobody else's.")
    ],
    project: ProjectOption = HERE,
    with_verifier: Annotated[
        Path | None, typer.Option(help="Write the stand-alone verifier to this file, too.")
    ] = None,
    entered_by: EnteredBy = "",
    reason: Reason = "",
) -> None:
    """Write one person's records with the proof that they are what was recorded at the time."""
    e164 = read_number(number)

    async def work(inst: Installation) -> prover.ProofFile:
        notary = await Notary.open(inst.settings, inst.store)
        await Sequencer(inst.store, notary).once()  # when no worker does it
        made = await prover.prove(inst.store, notary, e164)
        access = Access(
            "audit prove", made.numbers, made.person_ids, entered_by=entered_by or None, reason=reason or None
        )
        await log_access(inst.store, access)
        return made

    made = with_installation(project, work)
    try:
        write_whole(out, made.text.encode(), 0o600)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from error
    if with_verifier is not None:
        write_verifier(with_verifier)
    say(f"{out}: {counts(made.kinds)}; signed at {made.checkpoint.at:%Y-%m-%d %H:%M:%S} UTC")
    if made.not_covered:
        say(f"{made.not_covered} newer records are not in it; run it again in a few seconds")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--output", help="A new folder.")],
    project: ProjectOption = HERE,
    since: Annotated[dt.datetime | None, typer.Option(help="Calls and decisions recorded from then on (UTC).")] = None,
    until: Annotated[dt.datetime | None, typer.Option(help="Records before then (UTC).")] = None,
    campaign: Annotated[str | None, typer.Option(help="Of this campaign and its people only.")] = None,
    whole_numbers: Annotated[
        bool, typer.Option("--whole-numbers", help="Do not mask telephone numbers; this is noted in the access log.")
    ] = False,
    entered_by: EnteredBy = "",
    reason: Reason = "",
) -> None:
    """Write records, proof and verifier into a folder for a regulator."""
    wanted = exporter.ExportRequest(_utc(since), _utc(until), campaign, whole_numbers)

    async def work(inst: Installation) -> exporter.Exported:
        await option_names_one(inst.store, campaign)
        notary = await Notary.open(inst.settings, inst.store)
        await Sequencer(inst.store, notary).once()
        if whole_numbers:
            numbers = await exporter.people(inst.store, notary, wanted)
            noted = Access("audit export", numbers, entered_by=entered_by or None, reason=reason or None)
            await log_access(inst.store, noted)
        with progress("entries") as report:
            return await exporter.export(inst.store, notary, out, wanted, report)

    made = with_installation(project, work)
    say(f"{out}: {counts({kind: n for kind, n in made.counts.items() if n})}; {made.erased} entries were erased")
    say(f"{out}: the checkpoint covers {made.checkpoint.size} entries; README.md says how to check it")


@app.command()
def checkpoint(
    project: ProjectOption = HERE,
    mail: Annotated[
        bool, typer.Option("--mail", help="Print the signed checkpoint as a message for somebody who will check later.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Seal and sign what is new now; a running worker does it by itself, each second."""

    async def work(inst: Installation) -> tuple[Sealed | None, Checkpoint | None, str]:
        notary = await Notary.open(inst.settings, inst.store)
        made = await Sequencer(inst.store, notary).once()
        return made, await notary.newest(inst.store), message(await notary.newest_note(inst.store)) if mail else ""

    made, last, letter = with_installation(project, work)
    if mail:
        for line in letter.split("\n"):
            say(line)
        return
    if as_json:
        say_json({"sealed": made.entries if made else None, "checkpoint": shown(last)})
    elif made is None:
        say("a worker is sealing; it signs within a second")
    else:
        say(f"{made.entries} entries sealed")
    if last is not None and not as_json:
        say(f"{last.size} entries are signed, {last.at:%Y-%m-%d %H:%M:%S} UTC; root {last.root.hex()}")


@app.command()
def restart(
    project: ProjectOption = HERE,
    accept_lost: Annotated[
        bool, typer.Option("--accept-lost", help="Sign that the entries missing from this database are lost.")
    ] = False,
) -> None:
    """Go on after an older backup was restored; the proof says so for ever. End the workers first."""
    if not accept_lost:
        raise InputError(
            "this gives up what was signed beyond the restored database, and says so in the proof for ever; if there is"
            " a newer backup, restore that instead. To go on: `agi-app audit restart --accept-lost`"
        )

    async def work(inst: Installation) -> Checkpoint:
        return await Sequencer(inst.store, await Notary.open(inst.settings, inst.store)).restart()

    made = with_installation(project, work)
    say(f"the tree goes on from {made.size} entries; {(made.lost or made.size) - made.size} are given up")


@app.command()
def key(project: ProjectOption = HERE) -> None:
    """Show the public key, for those who will check proofs: give it to them early, and by another way."""

    async def work(inst: Installation) -> str:
        return (await Notary.open(inst.settings, inst.store)).public_line

    say(with_installation(project, work))


def _utc(given: dt.datetime | None) -> dt.datetime | None:
    return given.replace(tzinfo=dt.UTC) if given and given.tzinfo is None else given
