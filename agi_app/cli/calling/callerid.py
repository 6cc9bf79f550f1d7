"""callerid prove, list: the numbers we may show, and why they are ours."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    say,
    say_json,
    say_now,
    table,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.messages import spoken, t
from agi_app.operations.calling import caller_ids

app = typer.Typer(help="Numbers that you have proved to be yours.", no_args_is_help=True)


@app.command()
def prove(
    number: Annotated[str, typer.Argument(help="The number, with + and country code.")],
    letter: Annotated[
        Path | None,
        typer.Option(help="The carrier's letter that assigns this number to you (PDF, scan, text). Without: a call."),
    ] = None,
    project: ProjectOption = HERE,
    expires: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="With --letter: last day; at most a year ahead (default)."),
    ] = None,
    trunk: Annotated[str | None, typer.Option(help="For the call: the trunk; default: the only one.")] = None,
    caller_id: Annotated[
        str | None, typer.Option(help="For the call: the proved number to show; default: the called number itself.")
    ] = None,
) -> None:
    """Record the proof that a number is yours. Without one no campaign can show it.

    Without --letter a running worker calls the number, and the person who answers keys the code that is shown here.
    """
    if letter is None:
        if expires is not None:
            raise InputError(t("--expires goes with --letter; a proof by a call is good for a year"))
        e164, note = with_installation(project, caller_ids.by_call, number, trunk=trunk, shown=caller_id, show=say_now)
        say(t("{e164}: verification call, {note}", e164=e164, note=note))
        return
    if trunk is not None or caller_id is not None:
        raise InputError(t("--trunk and --caller-id are for a call; with --letter nobody is called"))
    last = dt.datetime.combine(expires, dt.time.max, dt.UTC) if expires else None
    made = with_installation(project, caller_ids.by_letter, number, letter, expires_at=last)
    proof = made.proof
    say(
        t(
            "{e164}: {label}, entered by {by}, good until {until:%Y-%m-%d}",
            e164=proof.e164,
            label=spoken(made.label),
            by=proof.entered_by,
            until=proof.expires_at,
        )
    )


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List all proofs with their kind and expiry, and a warning 30 days before it."""
    found = with_installation(project, caller_ids.held)
    if as_json:
        say_json(
            [
                {
                    **dataclasses.asdict(one.proof),
                    "label": one.label,
                    "days_left": one.days_left,
                    "warning": one.warning,
                }
                for one in found
            ]
        )
    else:
        rows = (
            (
                p.e164,
                spoken(one.label),
                f"{p.expires_at:%Y-%m-%d}",
                one.days_left,
                p.entered_by,
                p.evidence_file,
                one.warning,
            )
            for one in found
            for p in [one.proof]
        )
        table(t("Caller IDs"), ("number", "proof", "until", "days left", "entered by", "file", ""), rows)
