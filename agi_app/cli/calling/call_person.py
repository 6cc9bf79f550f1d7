"""call-person: an agent's telephone rings first, then that of a contact."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import (
    HERE,
    JsonOption,
    ProjectOption,
    not_shown,
    say,
    say_json,
    say_now,
    settings_of,
    with_installation,
)
from agi_app.messages import t
from agi_app.operations.calling import agent_calls

OPTED_OUT = "opted_out"


def call_person(
    campaign: Annotated[str, typer.Argument(help="The campaign, which must be running.")],
    contact: Annotated[str, typer.Argument(help="The contact's external id, or its number with + and country code.")],
    agent: Annotated[
        str, typer.Option(metavar="DESTINATION", help="The agent who is called first: a destination of the settings.")
    ],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Ring an agent, then a contact of a running campaign, and let both talk; a running `agi-app run` makes the calls.

    The contact is called by the campaign's consent, hours, caps and caller ID, or not at all: then it says why, and the
    agent is not even rung.
    """
    agent_calls.known_agent(settings_of(project).destinations, agent)
    show = not_shown if as_json else say_now
    status = with_installation(project, agent_calls.call_person, campaign, contact, agent, show=show)
    stopped = status.note == OPTED_OUT
    if as_json:
        say_json({"call": status.progress, "outcome": status.result, "disposition": status.note, "opted_out": stopped})
    elif stopped:
        say(t("the person said stop: no campaign calls this number again"))
    else:
        say(t("the call is over"))
