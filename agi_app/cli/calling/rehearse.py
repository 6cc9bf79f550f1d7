"""rehearse: hear a flow on a telephone of one's own staff, as a called person would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    not_shown,
    read_number,
    say,
    say_json,
    say_now,
    table,
    with_installation,
)
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.model.phone import parse
from agi_app.operations.calling import rehearsals
from agi_app.operations.project import project_files

OPTED_OUT = "opted_out"


def rehearse(
    flow: Annotated[str | None, typer.Argument(help="The flow's name.")] = None,
    number: Annotated[str | None, typer.Argument(help="A proved telephone, with + and country code.")] = None,
    project: ProjectOption = HERE,
    prove: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="Prove a telephone by a call to it: the person who answers keys a code."),
    ] = "",
    phones: Annotated[bool, typer.Option("--phones", help="List the proved telephones.")] = False,
    language: Annotated[str | None, typer.Option(help="Language of the call; default: the flow's first.")] = None,
    contact: Annotated[str, typer.Option(help="The contact on this line of a contacts file, FILE:LINE.")] = "",
    field: Annotated[list[str] | None, typer.Option(help="A contact column, NAME=VALUE; may be repeated.")] = None,
    trunk: Annotated[str | None, typer.Option(help="The trunk to call through; default: the only one.")] = None,
    caller_id: Annotated[
        str | None, typer.Option(help="The proved number to show; default: the called number itself.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hear a flow on a telephone of your own staff; a running `agi-app run` calls it. Its keys count, also the stop.

    Prove the telephone first, with --prove; this does not make it a caller ID.
    """
    if phones or prove:
        if flow or number or contact or field or language:
            raise InputError(t("give --prove or --phones alone, without a flow, number, contact or language"))
        _phones(project, as_json) if phones else _prove(project, prove, trunk, caller_id)
        return
    if flow is None or number is None:
        raise InputError(t("name the flow and the telephone: agi-app rehearse FLOW NUMBER"))
    script = rehearsals.script(project_files.read_ready(project), flow, language, contact, field or [])
    rung, shown = parse(read_number(number)), None if caller_id is None else read_number(caller_id)
    show = not_shown if as_json else say_now
    heard = with_installation(project, rehearsals.rehearse, rung, script, shown=shown, trunk=trunk, show=show)
    _show_end(heard, as_json)


def _show_end(status: rehearsals.RehearsalStatus, as_json: bool) -> None:
    said = status.said
    disposition, answers = (said.disposition, said.answers) if said is not None else (None, {})
    if as_json:
        stopped = disposition == OPTED_OUT
        say_json({"call": status.progress, "disposition": disposition, "answers": answers, "opted_out": stopped})
    else:
        say(t("disposition: {disposition}", disposition=disposition or t("none")))
        for name, value in answers.items():
            say(t("answer {name}: {value}", name=name, value=value))


def _prove(project: Path, number: str, trunk: str | None, show: str | None) -> None:
    phone, shown = read_number(number), None if show is None else read_number(show)
    e164, note = with_installation(project, rehearsals.prove_phone, phone, trunk=trunk, shown=shown, show=say_now)
    say(t("{e164}: verification call, {note}; for rehearsals, not as a caller ID", e164=e164, note=note))


def _phones(project: Path, as_json: bool) -> None:
    found = [(one.phone, one.valid) for one in with_installation(project, rehearsals.phones)]
    if as_json:
        say_json([{"e164": p.e164, "until": p.until, "entered_by": p.entered_by, "valid": ok} for p, ok in found])
    else:
        rows = ((p.e164, f"{p.until:%Y-%m-%d}", p.entered_by, "" if ok else "expired") for p, ok in found)
        table(t("Telephones for rehearsals"), ("number", "until", "entered by", ""), rows)
