"""rehearse: hear a flow on a telephone of one's own staff, as a called person would."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from agi_app.campaigns import control
from agi_app.campaigns.make_ready import make_ready
from agi_app.campaigns.project.called_flows import parts_of
from agi_app.campaigns.project.read import Project, Source
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    find_flow,
    login_name,
    read_number,
    say,
    say_json,
    settings_of,
    table,
    with_installation,
)
from agi_app.cli.given import given_contact
from agi_app.consent import number_verification
from agi_app.dialer.requested_calls import rehearsal_request
from agi_app.errors import InputError
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.syntax.names_and_limits import MAX_CALL_SECONDS
from agi_app.installation import Installation
from agi_app.model.phone import PhoneNumber, parse
from agi_app.store.requested_calls import verifications
from agi_app.store.requested_calls.rehearsals import RehearsalScript, RehearsalStatus
from agi_app.store.requested_calls.verifications import StaffPhone

OPTED_OUT = "opted_out"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("rehearse")(rehearse)


def rehearse(
    flow: Annotated[str | None, typer.Argument(help="The flow's name.")] = None,
    number: Annotated[str | None, typer.Argument(help="A proved telephone, with + and country code.")] = None,
    project: ProjectOption = HERE,
    prove: Annotated[
        str, typer.Option(metavar="NUMBER", help="Prove a telephone by a call to it: whoever answers keys a code.")
    ] = "",
    phones: Annotated[bool, typer.Option("--phones", help="List the proved telephones.")] = False,
    language: Annotated[str | None, typer.Option(help="Language of the call; default: the flow's first.")] = None,
    contact: Annotated[str, typer.Option(help="The contact on this line of a contacts file, FILE:LINE.")] = "",
    field: Annotated[list[str] | None, typer.Option(help="A contact column, NAME=VALUE; may be repeated.")] = None,
    trunk: Annotated[str | None, typer.Option(help="Through which trunk; default: the only one.")] = None,
    show: Annotated[
        str | None, typer.Option(help="Show this proved number; default: the called number itself.")
    ] = None,
    entered_by: Annotated[str, typer.Option(help="Who rehearses; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Hear a flow on a telephone of your own staff, called by a running `agi-app run`; its keys count, also the stop.

    A telephone is proved first, by --prove; that makes no caller ID of it.
    """
    who = login_name(entered_by).strip()
    if phones or prove:
        if flow or number or contact or field or language:
            raise InputError("--prove and --phones stand alone: no flow, number, contact or language")
        _phones(project, as_json) if phones else _prove(project, prove, trunk, show, who)
        return
    if flow is None or number is None:
        raise InputError("name the flow and the telephone: agi-app rehearse FLOW NUMBER")
    rung = parse(read_number(number))
    found = make_ready(project, settings_of(project).trunks)
    script = _script(found, flow, language, *_columns(found, flow, contact, field or []))
    said = with_installation(
        project, lambda inst: _rehearse(inst, rung, _shown(show, rung), trunk, script, who, quiet=as_json)
    )
    _show_end(said, as_json)


def _columns(found: Project, flow: str, contact: str, fields: list[str]) -> tuple[Mapping[str, str], str | None]:
    languages = found.flows[flow].parsed.flow.languages if flow in found.flows else []
    return given_contact(contact, fields, languages)


def _script(
    found: Project, name: str, language: str | None, columns: Mapping[str, str], its_language: str | None
) -> RehearsalScript:
    """The flow as its file is now; AuthorError when it or a prompt of it has faults."""
    source = find_flow(found, name, language)
    control.no_faults(found, source)
    if source.parsed.flow.is_called:
        raise InputError(f"flow {name} is called by other flows: rehearse the one that calls it")
    parts = {part.file: part.text for part in parts_of(found, source)}
    return RehearsalScript(
        source.file, source.text, parts, language or its_language, dict(columns), _max_call(found, source)
    )


def _max_call(found: Project, source: Source[FlowDocument]) -> float:
    """As long as the longest campaign with this flow lets a call be."""
    campaigns = (c.parsed.campaign for c in found.campaigns.values())
    times = [c.max_call.total_seconds() for c in campaigns if c.flow == source.parsed.flow.flow]
    return max(times, default=MAX_CALL_SECONDS)


def _shown(show: str | None, rung: PhoneNumber) -> str | None:
    wanted = None if show is None else read_number(show)
    return None if wanted == rung.e164 else wanted


async def _rehearse(
    inst: Installation,
    rung: PhoneNumber,
    shown: str | None,
    trunk: str | None,
    script: RehearsalScript,
    who: str,
    *,
    quiet: bool,
) -> RehearsalStatus:
    chosen = number_verification.pick_trunk(inst.settings.trunks, trunk, reserved=rung.reserved)
    rehearsal_id = await rehearsal_request.ask(inst.store, rung, shown, chosen, script, who)
    if not quiet:
        say(f"{rung.e164} is called now and sees {shown or rung.e164}")
        say("the stop is a real one: after it this telephone is never called again, by no campaign and no rehearsal")
    return await rehearsal_request.follow(
        inst.store, inst.clock, rehearsal_id, script.max_call_s, (lambda _: None) if quiet else _say_now
    )


def _say_now(line: str) -> None:
    say(line)
    sys.stdout.flush()  # also into a pipe: it happens now


def _show_end(status: RehearsalStatus, as_json: bool) -> None:
    said = status.said
    disposition, answers = (said.disposition, said.answers) if said is not None else (None, {})
    if as_json:
        stopped = disposition == OPTED_OUT
        say_json({"call": status.lines, "disposition": disposition, "answers": answers, "opted_out": stopped})
        return
    say(f"disposition: {disposition or 'none'}")
    for name, value in answers.items():
        say(f"answer {name}: {value}")


def _prove(project: Path, number: str, trunk: str | None, show: str | None, who: str) -> None:
    async def work(inst: Installation) -> str:
        rung = parse(read_number(number))
        chosen = number_verification.pick_trunk(inst.settings.trunks, trunk, reserved=rung.reserved)
        request = await number_verification.ask_for_call(
            inst.store, rung, _shown(show, rung), chosen, who, verifications.STAFF_PHONE
        )
        _say_now(
            f"{request.number} is called now and sees {request.shown}. Whoever answers keys this code: {request.code}"
        )
        return await number_verification.outcome_of(inst.store, request, inst.clock)

    say(f"{with_installation(project, work)}; for rehearsals, not as a caller ID")


def _phones(project: Path, as_json: bool) -> None:
    async def work(inst: Installation) -> tuple[list[StaffPhone], dt.datetime]:
        return await verifications.staff_phones(inst.store), inst.clock.now()

    found, now = with_installation(project, work)
    if as_json:
        say_json(
            [{"e164": p.e164, "until": p.until, "entered_by": p.entered_by, "valid": p.until > now} for p in found]
        )
        return
    table(
        "Telephones for rehearsals",
        ("number", "until", "entered by", ""),
        ((p.e164, f"{p.until:%Y-%m-%d}", p.entered_by, "" if p.until > now else "expired") for p in found),
    )
