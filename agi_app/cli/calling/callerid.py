"""callerid prove, list: the numbers we may show, and why they are ours."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import HERE, JsonOption, ProjectOption, login_name, say, say_json, table, with_installation
from agi_app.consent import number_verification
from agi_app.consent.caller_id_proof import LABEL, days_left, number_of, prove_by_letter, warning
from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.store.people.caller_ids import CallerIdProof, proofs

app = typer.Typer(help="Numbers that are proved to be ours.", no_args_is_help=True)


@app.command()
def prove(
    number: Annotated[str, typer.Argument(help="The number, with + and country code.")],
    letter: Annotated[
        Path | None,
        typer.Option(help="The carrier's letter that assigns this number to us (PDF, scan, text). Without: a call."),
    ] = None,
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who enters it; default: the login name.")] = "",
    expires: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="With --letter: last day; at most a year ahead (default)."),
    ] = None,
    trunk: Annotated[str | None, typer.Option(help="Of the call: through which trunk; default: the only one.")] = None,
    show: Annotated[
        str | None, typer.Option(help="Of the call: show this proved number; default: the called number itself.")
    ] = None,
) -> None:
    """Record the proof that a number is ours. Without one no campaign can show it.

    Without --letter a running worker rings the number, and whoever answers keys the code that is shown here.
    """
    who = login_name(entered_by).strip()
    if letter is None:
        if expires is not None:
            raise InputError("--expires goes with --letter; a proof by a call is good for a year")
        say(with_installation(project, lambda inst: _by_call(inst, number, trunk, show, who)))
        return
    if trunk is not None or show is not None:
        raise InputError("--trunk and --show are about a call; with --letter nobody is called")
    file, last = letter, dt.datetime.combine(expires, dt.time.max, dt.UTC) if expires else None

    async def work(inst: Installation) -> CallerIdProof:
        folder = inst.settings.data / "evidence"
        return await prove_by_letter(
            inst.store, folder, number, file, entered_by=who, expires_at=last, now=inst.clock.now()
        )

    proof = with_installation(project, work)
    say(f"{proof.e164}: {LABEL[proof.kind]}, entered by {proof.entered_by}, good until {proof.expires_at:%Y-%m-%d}")


async def _by_call(inst: Installation, number: str, trunk: str | None, show: str | None, who: str) -> str:
    ours = number_of(number)
    shown = None if show is None or number_of(show) == ours else number_of(show).e164
    chosen = number_verification.pick_trunk(inst.settings.trunks, trunk, reserved=ours.reserved)
    request = await number_verification.ask_for_call(inst.store, ours, shown, chosen, who)
    say(f"{request.number} is called now and sees {request.shown}. Whoever answers keys this code: {request.code}")
    sys.stdout.flush()  # also into a pipe: it is needed now
    return await number_verification.outcome_of(inst.store, request, inst.clock)


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List all proofs with their kind and expiry, and a warning 30 days before it."""

    async def work(inst: Installation) -> tuple[list[CallerIdProof], dt.datetime]:
        return await proofs(inst.store), inst.clock.now()

    found, now = with_installation(project, work)
    if as_json:
        say_json([_record(p, now) for p in found])
        return
    table(
        "Caller IDs",
        ("number", "proof", "until", "days left", "entered by", "file", ""),
        (
            (p.e164, LABEL[p.kind], f"{p.expires_at:%Y-%m-%d}", max(0, days_left(p, now)), p.entered_by,
             p.evidence_file, warning(p, now))
            for p in found
        ),
    )  # fmt: skip


def _record(proof: CallerIdProof, now: dt.datetime) -> dict[str, object]:
    more = {"label": LABEL[proof.kind], "days_left": max(0, days_left(proof, now)), "warning": warning(proof, now)}
    return {**dataclasses.asdict(proof), **more}
