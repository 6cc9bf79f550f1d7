"""call-person: an agent's telephone rings first, then that of a contact."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agi_app.campaigns import control
from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    login_name,
    say,
    say_json,
    settings_of,
    with_installation,
)
from agi_app.dialer.requested_calls import agent_first_request
from agi_app.installation import Installation
from agi_app.model.phone import NotANumber, parse
from agi_app.store.requested_calls.requests import RequestStatus

OPTED_OUT = "opted_out"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("call-person")(call_person)


def call_person(
    campaign: Annotated[str, typer.Argument(help="The campaign, which must be running.")],
    contact: Annotated[str, typer.Argument(help="The contact's external id, or its number with + and country code.")],
    agent: Annotated[
        str, typer.Option(metavar="DESTINATION", help="Who is rung first: a destination of the settings.")
    ],
    project: ProjectOption = HERE,
    entered_by: Annotated[str, typer.Option(help="Who calls; default: the login name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Ring an agent, then a contact of a running campaign, and let both talk; a running `agi-app run` makes the calls.

    The contact is called by the campaign's consent, hours, caps and caller ID, or not at all: then it says why, and the
    agent is not even rung.
    """
    agent_first_request.known_agent(settings_of(project).destinations, agent)
    who = login_name(entered_by).strip()
    show = _not_shown if as_json else _say_now
    status = with_installation(project, lambda inst: _call(inst, campaign, contact, agent, who, show))
    stopped = status.note == OPTED_OUT
    if as_json:
        say_json({"call": status.lines, "outcome": status.result, "disposition": status.note, "opted_out": stopped})
    elif stopped:
        say("the person said stop: no campaign calls this number again")
    else:
        say("the call is over")


async def _call(
    inst: Installation, campaign: str, contact: str, agent: str, who: str, show: agent_first_request.Show
) -> RequestStatus:
    stored = await control.known(inst.store, campaign)
    asked, external_id = await agent_first_request.ask(inst.store, stored, contact, _as_number(contact), agent, who)
    show(f"contact {external_id} is to be called")
    longest = stored.campaign.ring_time + stored.campaign.max_call
    return await agent_first_request.follow(inst.store, inst.clock, asked, agent, longest, show)


def _as_number(text: str) -> str | None:
    try:
        return parse(text).e164
    except NotANumber:
        return None


def _say_now(line: str) -> None:
    say(line)
    sys.stdout.flush()  # also into a pipe: it happens now


def _not_shown(_: str) -> None:
    """With --json the lines come in the end."""
