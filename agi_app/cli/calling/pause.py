"""pause, resume: everything at once, on all nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.campaigns.pause_all import pause_all, resume_all
from agi_app.cli.common import HERE, ProjectOption, login_name, say, with_installation
from agi_app.errors import InputError

Everything = Annotated[bool, typer.Option("--all", help="Everything: every campaign, rehearsal and proof call.")]
EnteredBy = Annotated[str, typer.Option(help="Who does it; default: the login name.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)


def pause(
    project: ProjectOption = HERE,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(help="Why; the status of every campaign shows it.")] = "",
    entered_by: EnteredBy = "",
) -> None:
    """Make no new call on any node, within a second. Calls that are on go on; it holds until `resume --all`."""
    _only_all(everything, "pause")
    who = login_name(entered_by)
    for line in with_installation(project, lambda inst: pause_all(inst.store, inst.clock, reason, who)):
        say(line)


def resume(
    project: ProjectOption = HERE,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    entered_by: EnteredBy = "",
) -> None:
    """End the pause of everything."""
    _only_all(everything, "resume")
    who = login_name(entered_by)
    for line in with_installation(project, lambda inst: resume_all(inst.store, inst.clock, reason, who)):
        say(line)


def _only_all(everything: bool, verb: str) -> None:
    if not everything:
        raise InputError(
            f"`agi-app {verb} --all` is about everything, `agi-app campaign {verb} NAME` about one campaign"
        )
