"""callerid prove, list: the numbers we may show, and why they are ours."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from agi_app.app import Installation
from agi_app.cli.common import HERE, JsonOption, ProjectOption, login_name, say, say_json, table, with_installation
from agi_app.consent.caller_id_proof import LABEL, prove_by_letter
from agi_app.store.caller_ids import Proof, proofs

app = typer.Typer(help="Numbers that are proved to be ours.", no_args_is_help=True)


@app.command()
def prove(
    number: Annotated[str, typer.Argument(help="The number, with + and country code.")],
    letter: Annotated[
        Path, typer.Option(help="The carrier's letter that assigns this number to us (PDF, scan, text).")
    ],
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
    expires: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; at most a year ahead (default).")
    ] = None,
) -> None:
    """Record the proof that a number is ours. Without one no campaign can show it."""

    async def work(inst: Installation) -> Proof:
        return await prove_by_letter(
            inst.store,
            inst.settings.data / "evidence",
            number,
            letter,
            entered_by=login_name(entered_by),
            expires_at=dt.datetime.combine(expires, dt.time.max, dt.UTC) if expires else None,
            now=inst.clock.now(),
        )

    proof = with_installation(project, work)
    say(f"{proof.e164}: {LABEL[proof.kind]}, entered by {proof.entered_by}, good until {proof.expires_at:%Y-%m-%d}")


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List all proofs with their kind and expiry."""

    async def work(inst: Installation) -> tuple[list[Proof], dt.datetime]:
        return await proofs(inst.store), inst.clock.now()

    found, now = with_installation(project, work)
    if as_json:
        import dataclasses

        say_json([dataclasses.asdict(p) for p in found])
        return
    table(
        "Caller IDs",
        ("number", "proof", "until", "entered by", "file", ""),
        (
            (p.e164, LABEL[p.kind], f"{p.expires_at:%Y-%m-%d}", p.entered_by, p.evidence_file,
             "expired" if p.expires_at <= now else "")
            for p in found
        ),
    )  # fmt: skip
