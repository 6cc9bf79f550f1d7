"""audit verify, prove, export, checkpoint, restart, key: the proof of what was done (docs/how-to/audit.md)."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    counts,
    progress,
    read_number,
    say,
    say_json,
    settings_of,
    warn,
    with_installation,
    write,
)
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.operations.service import audit
from agi_app.operations.service.audit import AuditReport
from agi_app.printable import count_of

app = typer.Typer(help="The proof of what was done: check it, hand it out.", no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="What for; kept with the access note.")]


@app.command()
def verify(
    project: ProjectOption = HERE,
    witness: Annotated[
        Path | None, typer.Option(help="A witness copy of the checkpoints; default: that of the settings.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(help="Check the rows of this `pg_dump` in a separate server; the database is not read."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for changed, removed, inserted or reordered records up to the last checkpoint. Exit 1 when there are any."""
    with progress("entries") as report:
        if dump is None:
            found = with_installation(project, audit.verify, witness=witness, progress=report)
        else:
            found = asyncio.run(audit.verify_dump(settings_of(project), dump, witness=witness, progress=report))
    if as_json:
        say_json(found.as_json())
    else:
        _tell(found)
    raise typer.Exit(0 if found.ok else 1)


def _tell(found: AuditReport) -> None:
    for fault in found.faults:
        warn(f"{fault.kind}: {fault.text}")
    if found.more_faults:
        warn(t("and {more_faults} more", more_faults=found.more_faults))
    for note in found.notes:
        say(t("note: {note}", note=note))
    until = t("no checkpoint yet")
    if found.checkpoint:
        until = t("up to the checkpoint of {at:%Y-%m-%d %H:%M:%S} UTC", at=found.checkpoint.at)
    say(
        t(
            "{result}: {entries}, {until}, {checkpoints}, {erased} erased; {not_covered} not yet covered",
            result=t("ok") if found.ok else t("NOT OK"),
            entries=entries(found.entries),
            until=until,
            checkpoints=count_of(found.checkpoints, "checkpoint agrees", "checkpoints agree"),
            erased=entries(found.erased),
            not_covered=count_of(found.not_covered, "row"),
        )
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
    reason: Reason = "",
) -> None:
    """Write one person's records with the proof that they are what was recorded at the time."""
    made = with_installation(project, audit.prove, read_number(number), reason=reason)
    write(out, made.text.encode())
    if with_verifier is not None:
        audit.write_verifier(with_verifier)
    say(
        t(
            "{out}: {counts}; signed at {at:%Y-%m-%d %H:%M:%S} UTC",
            out=out,
            counts=counts(made.kinds),
            at=made.checkpoint.at,
        )
    )
    if made.not_covered:
        say(t("{not_covered} newer records are not in it; run it again in a few seconds", not_covered=made.not_covered))


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
    reason: Reason = "",
) -> None:
    """Write records, proof and verifier into a folder for a regulator."""
    since, until = _utc(since), _utc(until)
    if since and until and until <= since:
        raise InputError(
            t(
                "--until {until:%Y-%m-%d %H:%M} is not after --since {since:%Y-%m-%d %H:%M}: exchange them",
                until=until,
                since=since,
            )
        )
    with progress("entries") as report:
        made = with_installation(
            project,
            audit.export,
            out,
            since=since,
            until=until,
            campaign=campaign,
            whole_numbers=whole_numbers,
            reason=reason,
            progress=report,
        )
    say(
        t(
            "{out}: {counts}; {erased} erased",
            out=out,
            counts=counts({kind: n for kind, n in made.counts.items() if n}),
            erased=count_of(made.erased, "entry was", "entries were"),
        )
    )
    say(
        t(
            "{out}: the checkpoint covers {entries}; README.md says how to check it",
            out=out,
            entries=entries(made.checkpoint.size),
        )
    )


@app.command()
def checkpoint(
    project: ProjectOption = HERE,
    mail: Annotated[
        bool, typer.Option("--mail", help="Print the signed checkpoint as a message to somebody who will check later.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Seal and sign now what is new; a running worker does it automatically, each second."""
    made = with_installation(project, audit.checkpoint, mail=mail)
    last = made.newest
    if mail:
        for line in made.message.split("\n"):
            say(line)
    elif as_json:
        say_json({"sealed": made.sealed, "checkpoint": audit.shown(last)})
    else:
        say(
            t("{entries} sealed", entries=entries(made.sealed))
            if made.sealed is not None
            else t("a worker is sealing; it signs within a second")
        )
        if last is not None:
            say(
                t(
                    "{size} signed, {at:%Y-%m-%d %H:%M:%S} UTC; root {hex}",
                    size=count_of(last.size, "entry is", "entries are"),
                    at=last.at,
                    hex=last.root.hex(),
                )
            )


@app.command()
def restart(
    project: ProjectOption = HERE,
    accept_lost: Annotated[
        bool, typer.Option("--accept-lost", help="Sign that the entries missing from this database are lost.")
    ] = False,
) -> None:
    """Go on after an older backup was restored; the proof says so permanently. End the workers first."""
    if not accept_lost:
        raise InputError(
            t(
                "this gives up the entries that were signed after the restored backup, and the proof says so"
                " permanently; if there is a newer backup, restore that instead. To go on: `agi-app audit"
                " restart --accept-lost`"
            )
        )
    made = with_installation(project, audit.restart)
    say(
        t(
            "the tree goes on from {entries}; {lost} are given up",
            entries=entries(made.size),
            lost=(made.lost or made.size) - made.size,
        )
    )


@app.command()
def key(project: ProjectOption = HERE) -> None:
    """Show the public key, for the people who will check proofs: give it to them early, and by a separate channel."""
    say(with_installation(project, audit.public_key))


def entries(number: int) -> str:
    """``1 entry``, ``2 entries``."""
    return count_of(number, "entry", "entries")


def _utc(given: dt.datetime | None) -> dt.datetime | None:
    return given.replace(tzinfo=dt.UTC) if given and given.tzinfo is None else given
